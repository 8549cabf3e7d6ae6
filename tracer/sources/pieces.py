"""A big file in pieces, in their order, sieved on two CPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Callable

from tracer.model.frozen import frozen
from tracer.sources.two import PIECES_MAX, Two

PIECE = 1 << 18
PARALLEL_MIN = 8 << 20


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
    """An open file from ``begin`` to ``size``; iterate ``each`` once. ``proceed`` is asked before each piece."""

    def __init__(
        self,
        fd: int,
        size: int,
        sieve: Sieve,
        proceed: Callable[[Any], bool] = lambda _: True,
        *,
        begin: int = 0,
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
        self._parallel = size - begin >= PARALLEL_MIN and len(os.sched_getaffinity(0)) > 1

    def tell(self) -> int:
        """How far the reading has come."""
        return self._at

    def each(self) -> Iterator[Any]:
        """What was found in the pieces in the order of the file."""
        _keep_freed_memory()
        sieve = self._sieve
        two = Two(len(self._spans), self._found, sieve.pack, sieve.unpack, parallel=self._parallel)
        try:
            for start, _ in self._spans:
                self._at = start
                if not self._proceed(self):
                    return
                yield two.next()
        finally:
            two.close()

    def _found(self, number: int) -> Any:
        return self._sieve.find(self._fd, *self._spans[number])


def _keep_freed_memory() -> None:
    """Have malloc keep what a block leaves for the next one. It would go back to the kernel, and each page
    of it come again by a fault; to free a mapped chunk raises both limits (mallopt(3),
    M_MMAP_THRESHOLD)."""
    bytes(1 << 20)
