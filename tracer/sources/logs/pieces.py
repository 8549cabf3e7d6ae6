"""A big log in pieces, in their order, sieved on two CPUs: each process takes the next one that nobody has taken. The
child may be a few pieces ahead; what it found waits in a pipe."""

from __future__ import annotations

import fcntl
import gc
import os
import select
import signal
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from tracer.model.frozen import frozen
from tracer.sources.logs.files import Proceed, always

PIECE = 2 << 20
PARALLEL_MIN = 32 << 20
_NUMBER = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
# Their numbers must fit a pipe of one page, the least that pipe(7) promises.
PIECES_MAX = 4096 // _NUMBER.size
_AHEAD = 1 << 20  # bytes; what anybody may have, /proc/sys/fs/pipe-max-size
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, in Python's fcntl from 3.10
Span = tuple[int, int]


@frozen
class Sieve:
    """What is done with a piece. ``cut``: the first place from one on where the file may be cut, of so many bytes; ``find``:
    what is in a file from one place to another (pread(2) alone: two processes have the descriptor). ``pack`` and
    ``unpack``: what was found as bytes and back; raises EOFError, ValueError or TypeError if they are not whole."""

    cut: Callable[[int, int, int], int]
    find: Callable[[int, int, int], Any]
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes | bytearray], Any]


class Pieces:
    """An open file from ``begin`` to ``size``; iterate ``each`` once."""

    def __init__(
        self, fd: int, size: int, sieve: Sieve, proceed: Proceed = always, *, begin: int = 0
    ) -> None:
        length = max(PIECE, -(-(size - begin) // PIECES_MAX))
        cuts = [begin]
        while cuts[-1] < size:
            cuts.append(sieve.cut(fd, cuts[-1] + length, size))
        self._fd = fd
        self._sieve = sieve
        self._spans = list(zip(cuts, cuts[1:]))
        self._proceed = proceed
        self._at = begin
        self._child: Child | None = None
        self._parallel = size - begin >= PARALLEL_MIN and len(os.sched_getaffinity(0)) > 1

    def tell(self) -> int:
        """How far the reading has come."""
        return self._at

    def each(self) -> Iterator[Any]:
        """What was found in the pieces in the order of the file."""
        _keep_freed_memory()
        if self._parallel:
            self._child = Child(self._fd, self._spans, self._sieve)
        own: dict[int, Any] = {}
        try:
            for number, (start, _) in enumerate(self._spans):
                self._at = start
                if not self._proceed(self):
                    return
                if self._child and number not in own and not self._child.has_sent():
                    own.update(self._one_more(self._child))
                yield own.pop(number) if number in own else self._by_child(number)
        finally:
            if self._child:
                self._child.close()

    def _one_more(self, child: Child) -> Iterator[tuple[int, Any]]:
        number = child.claim()
        if number is not None:
            yield number, self._sieve.find(self._fd, *self._spans[number])

    def _by_child(self, number: int) -> Any:
        """The piece that the child has taken; ours, if there is no child, or no longer."""
        found = self._child and self._child.next()
        if found is not None:
            return found
        if self._child:
            self._child.close()
        self._child = None
        return self._sieve.find(self._fd, *self._spans[number])


class Child:
    """A forked process that sieves pieces, and sends what it finds through a pipe."""

    def __init__(self, fd: int, spans: Sequence[Span], sieve: Sieve) -> None:
        self._sieve = sieve
        self._claims, numbers = os.pipe()
        os.write(numbers, b"".join(map(_NUMBER.pack, range(len(spans)))))
        os.close(numbers)
        self._pipe, writing = os.pipe()
        try:
            fcntl.fcntl(writing, _SET_PIPE_SIZE, _AHEAD)
        except OSError:  # its owner has too many pipes: the child waits sooner
            pass
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            _serve(fd, spans, sieve, self._claims, writing)
        os.close(writing)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def claim(self) -> int | None:
        """Take the next piece that nobody has taken; None: all are."""
        return _claim(self._claims)

    def has_sent(self) -> bool:
        """Whether the child's next piece is coming, or the child has ended."""
        return bool(self._poll.poll(0))

    def next(self) -> Any:
        """What is in the next of the pieces that the child has taken; None if it was killed."""
        try:
            return self._sieve.unpack(
                _read(self._pipe, _LENGTH.unpack(_read(self._pipe, _LENGTH.size))[0])
            )
        except (EOFError, ValueError, TypeError):
            return None

    def close(self) -> None:
        """End the child, and take leave of it."""
        os.close(self._pipe)
        os.close(self._claims)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _serve(fd: int, spans: Sequence[Span], sieve: Sieve, claims: int, writing: int) -> None:
    """The child's life: it never returns."""
    status = 1
    gc.disable()  # A piece leaves no cycles, and to look for some makes a copy of each page of our parent's.
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        with os.fdopen(writing, "wb") as pipe:
            while True:
                claimed = _claim(claims)
                if claimed is None:
                    break
                body = sieve.pack(sieve.find(fd, *spans[claimed]))
                pipe.write(_LENGTH.pack(len(body)))
                pipe.write(body)
                pipe.flush()
                del body
        status = 0
    finally:
        os._exit(status)


def _keep_freed_memory() -> None:
    """Have malloc keep what a block leaves for the next one. It would go back to the kernel, and each page
    of it come again by a fault; to free a mapped chunk raises both limits (mallopt(3),
    M_MMAP_THRESHOLD)."""
    bytes(1 << 20)


def _claim(claims: int) -> int | None:
    """Two processes read these numbers: pipe_read() (fs/pipe.c) gives each of them to one."""
    number = os.read(claims, _NUMBER.size)
    return _NUMBER.unpack(number)[0] if number else None


def _read(fd: int, size: int) -> bytearray:
    """So many bytes; raises EOFError if there are fewer."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        got = os.readv(fd, [view])
        if not got:
            raise EOFError
        view = view[got:]
    return data
