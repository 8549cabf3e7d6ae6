"""Read a BPF ring buffer in batches.

The protocol (kernel/bpf/ringbuf.c): a page with the consumer position, a page with the producer
position, then the data, mapped twice in a row so that no record wraps. Each record has an 8-byte
header whose first word is its length, with two flag bits.

Sleeping and waking: the kernel wakes a sleeper only for a record that finds all earlier ones consumed.
The reader waits in poll(2) (tracer/flow/pipeline.py), which looks at the positions after it has queued itself; the kernel commits a
record (a full barrier) before it looks at the consumer position. So either the kernel sees the new
position and wakes, or poll sees the record: no signal is left behind however long the reader rests
between two reads.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import select
from struct import Struct

from tracer.libbpf.library import SAMPLE, open_library
from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = 1 << 31
DISCARDED = 1 << 30
HEADER = 8

# The machines on which a load is never moved before an earlier load: Python has no acquire load.
ORDERED = frozenset(("x86_64", "i686", "s390x"))

# How many records at most a stretch holds: as many heads are looked at again when one differs.
LOOK_AHEAD = 512

_LENGTH = Struct("=I")


class Ring:
    """The consumer's side of one ring; positions are bytes since the ring was made."""

    def __init__(self, fd: int, size: int) -> None:
        page = mmap.PAGESIZE
        self.size = size
        self._mask = size - 1
        self._consumer = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self._pages = mmap.mmap(fd, page + 2 * size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        self._data = memoryview(self._pages)[page:]
        self._words = self._data.cast("I")
        self.descriptors = ((fd, select.POLLIN),)
        # Through memoryviews each position is one load or store. Struct.pack_into() writes zeros first
        # (s_pack_internal(), Modules/_struct.c), and a kernel that sees them takes the ring for full.
        self._consumed = memoryview(self._consumer).cast("Q")
        self._produced = memoryview(self._pages)[:8].cast("Q")
        self.consumed: int = self._consumed[0]

    def produced(self) -> int:
        return self._produced[0]

    def ahead(self) -> int:
        """Bytes that are out of the ring already and not handed out: no sleep may begin on them."""
        return 0

    def take(self, most: int) -> bytes:
        """Remove finished records and return them, headers included.

        No record begins beyond ``most`` bytes, a multiple of 8; the last one may end there.
        """
        start, end = self.consumed, self._finished(most)
        if start == end:
            return b""
        at = start & self._mask
        taken = bytes(self._data[at : at + end - start])
        self.consumed = end
        self._consumed[0] = end
        return taken

    def _finished(self, most: int) -> int:
        """The position up to which every record is committed."""
        start: int = self.consumed & self._mask
        end = start + min(self.produced() - self.consumed, most)
        done = start
        for stretch in stretches(self._words, start, end):
            if stretch.word & BUSY:
                break
            done = stretch.end
        return self.consumed + done - start

    def close(self) -> None:
        for view in (self._consumed, self._produced, self._words, self._data):
            view.release()
        self._pages.close()
        self._consumer.close()


class Positions:
    """Both positions of a ring that somebody else consumes. One that is read late is less than the true one."""

    def __init__(self, fd: int) -> None:
        page = mmap.PAGESIZE
        self._pages = [
            mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ, offset=at) for at in (0, page)
        ]
        self._consumed, self._produced = (memoryview(it)[:8].cast("Q") for it in self._pages)

    def consumed(self) -> int:
        return self._consumed[0]

    def produced(self) -> int:
        return self._produced[0]

    def close(self) -> None:
        for view in (self._consumed, self._produced):
            view.release()
        for page in self._pages:
            page.close()


class ReadAhead:
    """A ring that is emptied into memory when it fills faster than its records are used: the kernel has room again.
    ``most`` bytes wait here; ``consumed`` is what was handed out.
    """

    def __init__(self, ring: Ring, most: int) -> None:
        self._ring = ring
        self._most = most
        self._waiting: list[bytes] = []  # few, and large
        self.size = ring.size
        self.descriptors = ring.descriptors
        self.consumed = ring.consumed

    def produced(self) -> int:
        return self._ring.produced()

    def ahead(self) -> int:
        return self._ring.consumed - self.consumed

    def take(self, most: int) -> bytes:
        """As ``Ring.take``."""
        taken = self._waiting.pop(0) if self._waiting else self._ring.take(most)
        self.consumed += len(taken)
        ring = self._ring
        while (
            ring.consumed - self.consumed < self._most
            and ring.produced() - ring.consumed > self.size // 4
        ):
            more = ring.take(most)
            if not more:  # The oldest record is still being written.
                break
            self._waiting.append(more)
        return taken

    def close(self) -> None:
        self._ring.close()


class LibbpfRing:
    """The same, through libbpf's own reader: right on every machine, at half the speed."""

    def __init__(self, fd: int, size: int) -> None:
        self.size = size
        self._positions = Positions(fd)
        self._taken: list[bytes] = []
        self._room = 0
        self.descriptors = ((fd, select.POLLIN),)
        self._library = open_library()
        self._callback = SAMPLE(self._copy)
        self._handle = self._library.ring_buffer__new(fd, self._callback, None, None)

    @property
    def consumed(self) -> int:
        return self._positions.consumed()

    def _copy(self, _context: int, data: int, size: int) -> int:
        # An exception in here would be swallowed by ctypes: nothing but copying is done.
        self._taken.append(_LENGTH.pack(size) + bytes(4) + ctypes.string_at(data, size))
        self._taken.append(bytes(-size & 7))
        self._room -= HEADER + size
        # Less than 0 ends it behind this record: ringbuf_process_ring(), libbpf's ringbuf.c. Else it goes on
        # for as long as records come.
        return 0 if self._room > 0 else -1

    def produced(self) -> int:
        return self._positions.produced()

    def ahead(self) -> int:
        return 0

    def take(self, most: int) -> bytes:
        self._room = most
        self._library.ring_buffer__consume(self._handle)
        taken = b"".join(self._taken)
        self._taken.clear()
        return taken

    def close(self) -> None:
        self._library.ring_buffer__free(self._handle)
        self._positions.close()


def open_ring(fd: int, size: int, ahead: int) -> ReadAhead | LibbpfRing:
    """The fastest reader that is right on this machine; ``ahead`` bytes may wait in memory besides."""
    if os.uname().machine in ORDERED:
        return ReadAhead(Ring(fd, size), ahead)
    return LibbpfRing(fd, size)


@frozen
class Stretch:
    """Records of one length, one behind the other: ``word`` heads each, ``at`` is the first one's body, ``size`` the
    bytes of a body, ``step`` those from one record to the next."""

    word: int
    at: int
    records: int
    size: int
    step: int

    @property
    def end(self) -> int:
        return self.at - HEADER + self.records * self.step


def stretches(words: memoryview[int], at: int, end: int) -> Iterator[Stretch]:
    """The records between two offsets in bytes, multiples of 8. A storm is one stretch: no step in Python for each."""
    while at < end:
        word = words[at >> 2]
        size = word & ~(BUSY | DISCARDED)
        step = size + HEADER + 7 & ~7
        if at + step >= end or words[at + step >> 2] != word:
            yield Stretch(word, at + HEADER, 1, size, step)
            at += step
            continue
        heads = words[at >> 2 : min(end, at + LOOK_AHEAD * step) >> 2 : step >> 2].tolist()
        alike = len(heads)
        if heads.count(word) != alike:
            alike = next(index for index, head in enumerate(heads) if head != word)
        stretch = Stretch(word, at + HEADER, alike, size, step)
        yield stretch
        at = stretch.end


def kept(taken: bytes) -> Iterator[Stretch]:
    """What ``Ring.take`` returned, without the records that the kernel side gave back."""
    words = memoryview(taken).cast("I")
    return (it for it in stretches(words, 0, len(taken)) if not it.word & DISCARDED)


def records(taken: bytes) -> Iterator[tuple[int, int]]:
    """The (offset, length) of each of them."""
    for stretch in kept(taken):
        yield from ((at, stretch.size) for at in range(stretch.at, stretch.end, stretch.step))
