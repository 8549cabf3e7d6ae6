"""How records leave a program that bcc has loaded: its ring buffer, or a perf buffer before v5.8."""

from __future__ import annotations

import ctypes
import mmap
import os
import select
from struct import Struct
from typing import TYPE_CHECKING, Any

from tracer.libbpf.ring import ORDERED, Ring
from tracer.sources.wire import records as wire
from tracer.sources.wire.stream import MappedLosses

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = Struct("=I4x")
# Which counter of enum loss a record's type belongs to.
_KINDS = {kind: index for index, kind in enumerate((1, 2, 3, 4, 5))}


class Copied:
    """Records that bcc hands to a callback, put together as they lie in a ring buffer."""

    def __init__(self, size: int, fd: int) -> None:
        self.size = size
        self.consumed = 0
        self.descriptors = ((fd, select.POLLIN),)
        self._records: list[bytes] = []

    def copy(self, _cpu: int, data: int, size: int) -> None:
        # An exception in here would be swallowed by ctypes: nothing but copying is done.
        self._records.append(ctypes.string_at(data, size))

    @staticmethod
    def _trimmed(record: bytes) -> bytes:
        """Without the bytes that perf adds to end a sample at a multiple of 8 (perf_prepare_sample())."""
        (kind,) = wire.TYPE.unpack_from(record)
        return record[: wire.SIZES.get(kind)]

    def produced(self) -> int:
        """Just behind what was taken: bcc does not tell how much waits. Every ``take`` goes past it."""
        return self.consumed + 1

    def ahead(self) -> int:
        return 0

    def handed_over(self) -> bytes:
        taken = b"".join(
            _LENGTH.pack(len(one)) + one + bytes(-len(one) & 7)
            for one in map(self._trimmed, self._records)
        )
        self._records.clear()
        self.consumed += len(taken) + 1
        return taken


class BccRing(Copied):
    """bcc's own reader of a ring buffer: for machines on which Python has no ordered loads."""

    def __init__(self, module: Any, size: int) -> None:
        super().__init__(size, module["ring"].map_fd)
        self._module = module
        self._room = 0
        module["ring"].open_ring_buffer(self._copy_some)

    def _copy_some(self, cpu: int, data: int, size: int) -> int:
        self.copy(cpu, data, size)
        self._room -= size
        return 0 if self._room > 0 else -1  # As in LibbpfRing: else a storm is copied without end.

    def take(self, most: int) -> bytes:
        self._room = most
        self._module.ring_buffer_consume()
        return self.handed_over()

    def close(self) -> None:
        """The ring ends with its module."""


class PerfBuffer(Copied):
    """One buffer for each CPU, read together and put in the order of time; its own loss counter.

    The program counts what it sends; what has not come though all buffers are empty was lost.
    """

    def __init__(self, module: Any, size: int) -> None:
        from bcc.libbcc import lib

        self._epoll = select.epoll()
        super().__init__(size, self._epoll.fileno())
        pages = max(1, size // mmap.PAGESIZE // (os.cpu_count() or 1))
        pages = 1 << pages.bit_length() - 1
        module["ring"].open_perf_buffer(self.copy, page_cnt=pages, lost_cb=self._count)
        self._readers = [ctypes.c_void_p(reader) for reader in module.perf_buffers.values()]
        self._read = lib.perf_reader_event_read
        for reader in self._readers:
            self._epoll.register(lib.perf_reader_fd(reader), select.EPOLLIN)
        self._told = 0
        self._came = [0] * len(wire.LOSSES)
        self._lost: tuple[int, ...] = (0,) * len(wire.LOSSES)
        self._sent = _sent_of(module["losses"])
        self._before = self._sent() or self._lost

    def _count(self, lost: int) -> None:
        self._told += lost

    def take(self, _most: int) -> bytes:
        sent = self._sent()
        # Not poll: perf_poll() tells of records once, and who waits has been told (kernel/events/core.c).
        for reader in self._readers:
            self._read(reader)
        self._records.sort(key=_time_of)
        for one in self._records:
            self._came[_KINDS[wire.TYPE.unpack_from(one)[0]]] += 1
        if sent is None:
            self._lost = (self._told, *self._lost[1:])
        else:
            missing = (
                now - before - came for now, before, came in zip(sent, self._before, self._came)
            )
            self._lost = tuple(map(max, self._lost, missing))
        return self.handed_over()

    def counts(self) -> tuple[int, ...]:
        """Losses by kind; where the program's counter is out of reach, all in one, as far as the
        buffers themselves have told them: the last ones come only with the next record."""
        return self._lost

    def close(self) -> None:
        self._epoll.close()


def _sent_of(table: Any) -> Callable[[], tuple[int, ...] | None]:
    """How to read what was sent: mapped, or before v5.5 looked up, which may need rights given up."""
    try:
        return MappedLosses(table.map_fd).counts
    except OSError:
        pass

    def look_up() -> tuple[int, ...] | None:
        try:
            return tuple(table[table.Key(kind)].value for kind in range(len(wire.LOSSES)))
        except KeyError:
            return None

    return look_up


def _time_of(record: bytes) -> int:
    return int(wire.SIGNAL_RECORD.get(record, 0, "time"))


def open_ring(module: Any, size: int) -> Ring | BccRing:
    """The fastest reader that is right on this machine."""
    if os.uname().machine in ORDERED:
        return Ring(module["ring"].map_fd, size)
    return BccRing(module, size)
