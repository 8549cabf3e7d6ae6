"""The pieces of a recording, each read whole, on two CPUs, while what stood before them is told."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from typing import Generic, TypeVar

from tracer.sources.two import PIECES_MAX, Two

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Event
    from tracer.recording.names import Piece

    Whole = tuple[list[Event], "Tally"]

T = TypeVar("T")

# Bytes of lines: twice what a recorder packs (tracer.recording.store). What is larger is not held in memory.
WHOLE_MAX = 16 << 20
_PIECES_MIN = 3  # A child for fewer costs more than it brings.


class Tally:
    """How many lines were read, and how many of them passed over, and why; ``room`` is left of what may be read."""

    def __init__(self, room: float = float("inf")) -> None:
        self.lines = 0
        self.passed: Counter[str] = Counter()
        self.is_cut = False
        self.room = room

    def add(self, other: Tally) -> None:
        self.lines += other.lines
        self.passed += other.passed


class Ahead(Generic[T]):
    """``read`` gives what a piece comes to, or None of one that is too large. Close it."""

    def __init__(self, pieces: Sequence[Piece], read: Callable[[Piece], T | None]) -> None:
        is_worth_it = len(pieces) >= _PIECES_MIN and len(os.sched_getaffinity(0)) > 1
        self._pieces = pieces if is_worth_it else ()
        self._read = read
        self._at = 0
        self._two: Two[T | None] | None = None

    def next(self, piece: Piece) -> T | None:
        """What it comes to; None: it is to be read line by line. To be asked for each piece in their order."""
        if self._at == len(self._pieces):
            return None
        if self._two is None:
            self._two = self._begun(self._pieces[self._at : self._at + PIECES_MAX])
        if self._pieces[self._at] is not piece:
            return None
        whole = self._two.next()
        self._at += 1
        if self._at == len(self._pieces) or self._at % PIECES_MAX == 0:
            self.close()
        return whole

    def close(self) -> None:
        """Read no more."""
        if self._two is not None:
            self._two.close()
        self._two = None

    def _begun(self, pieces: Sequence[Piece]) -> Two[T | None]:
        return Two(
            len(pieces), lambda number: self._read(pieces[number]), _packed, pickle.loads, parallel=True
        )  # fmt: skip


def is_small(piece: Piece) -> bool:
    """Whether it is, as far as its name and size tell, a piece that a recorder has packed."""
    return piece.is_packed and piece.last is not None and piece.size <= WHOLE_MAX // 2


def _packed(whole: object) -> bytes:
    return pickle.dumps(whole, pickle.HIGHEST_PROTOCOL)
