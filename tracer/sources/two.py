"""Pieces of work in their order, done on two CPUs: each process takes the next one that nobody has taken. The child may
be a few pieces ahead; what it made waits in a pipe."""

from __future__ import annotations

import fcntl
import gc
import os
import select
import signal
import struct
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_NUMBER = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
# Their numbers must fit a pipe of one page, the least that pipe(7) promises.
PIECES_MAX = 4096 // _NUMBER.size
_AHEAD = 1 << 20  # bytes; what anybody may have, /proc/sys/fs/pipe-max-size
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, in Python's fcntl from 3.10


class Two(Generic[T]):
    """``count`` pieces, PIECES_MAX at most. ``do`` makes what a piece comes to; ``pack`` and ``unpack`` take it through
    a pipe. ``parallel``: there is a child."""

    def __init__(
        self,
        count: int,
        do: Callable[[int], T],
        pack: Callable[[T], bytes],
        unpack: Callable[[bytearray], T],
        *,
        parallel: bool,
    ) -> None:
        self._do = do
        self._unpack = unpack
        self._left = count
        self._own: dict[int, T] = {}
        self._number = -1
        self._child = Child(count, lambda number: pack(do(number))) if parallel else None

    def next(self) -> T:
        """What the next piece comes to."""
        self._number = number = self._number + 1
        if self._child and number not in self._own and not self._child.has_sent():
            self._own.update(self._one_more(self._child))
        made = self._own.pop(number) if number in self._own else self._by_child(number)
        self._left -= 1
        return made

    def close(self) -> None:
        """End the child: it goes by itself where nothing is left to do. A trace of this host shows each kill."""
        if self._child:
            self._child.close(kill=self._left > 0)
        self._child = None

    def _one_more(self, child: Child) -> Iterator[tuple[int, T]]:
        number = child.claim()
        if number is not None:
            yield number, self._do(number)

    def _by_child(self, number: int) -> T:
        """The piece that the child has taken; ours, if there is no child, or no longer."""
        packed = self._child and self._child.next()
        if packed:
            try:
                return self._unpack(packed)
            except (EOFError, ValueError, TypeError):
                pass  # Half of it: the child was killed.
        self.close()
        return self._do(number)


class Child:
    """A forked process that does pieces of work, and sends what they come to through a pipe."""

    def __init__(self, count: int, do: Callable[[int], bytes]) -> None:
        self._claims, numbers = os.pipe()
        os.write(numbers, b"".join(map(_NUMBER.pack, range(count))))
        os.close(numbers)
        self._pipe, writing = os.pipe()
        try:
            fcntl.fcntl(writing, _SET_PIPE_SIZE, _AHEAD)
        except OSError:  # its owner has too many pipes: the child waits sooner
            pass
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            _serve(do, self._claims, writing)
        os.close(writing)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def claim(self) -> int | None:
        """Take the next piece that nobody has taken; None: all are."""
        return _claim(self._claims)

    def has_sent(self) -> bool:
        """Whether the child's next piece is coming, or the child has ended."""
        return bool(self._poll.poll(0))

    def next(self) -> bytearray | None:
        """The next of the pieces that the child has taken; None if it was killed."""
        try:
            return _read(self._pipe, _LENGTH.unpack(_read(self._pipe, _LENGTH.size))[0])
        except EOFError:
            return None

    def close(self, *, kill: bool) -> None:
        """End the child, and take leave of it."""
        os.close(self._pipe)
        os.close(self._claims)
        if kill:
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _serve(do: Callable[[int], bytes], claims: int, writing: int) -> None:
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
                body = do(claimed)
                pipe.write(_LENGTH.pack(len(body)))
                pipe.write(body)
                pipe.flush()
                del body
        status = 0
    finally:
        os._exit(status)


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
