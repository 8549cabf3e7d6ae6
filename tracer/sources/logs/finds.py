"""What the sieve finds in one piece of a big audit.log, and how that travels between processes."""

from __future__ import annotations

import marshal
from typing import Any, NamedTuple, Union

from tracer.audit.usual import Row


class Line(NamedTuple):
    """A line that matters, and where it begins in the file."""

    offset: int
    text: bytes


class Lines(NamedTuple):
    """Lines that follow each other, where the first begins, and the events in them (``rows_of``)."""

    offset: int
    text: bytes
    rows: list[Row] | None


class Sight(NamedTuple):
    """Lines of an earlier event of a process that a signal concerns."""

    lines: tuple[bytes, ...]


class Shown(NamedTuple):
    """The pids in a part of the file (blanks between them), and those that exec there; the offset of the
    newline that the part begins with."""

    offset: int
    pids: bytes
    execs: bytes


class Wanted(NamedTuple):
    """Processes that are asked for, by what begins at this offset: the parts before it may show them."""

    pids: list[bytes]
    offset: int


class Serials(NamedTuple):
    """Serials that follow each other in the file without a gap, and the first's and last's time in ns."""

    first: int
    last: int
    began: int
    ended: int


Found = Union[Line, Lines, Sight, Shown, Wanted, Serials]
_TYPES: tuple[Any, ...] = (Line, Lines, Sight, Shown, Wanted, Serials)
_NUMBERS = {kind: number for number, kind in enumerate(_TYPES)}


class Piece(NamedTuple):
    """A piece of the file: what matters in it, in its order, and how many records it has."""

    found: list[Found]
    records: int
    first_process: bool


def pack(piece: Piece) -> bytes:
    """A piece as bytes."""
    found = [(_NUMBERS[type(one)], tuple(one)) for one in piece.found]
    return marshal.dumps((found, *piece[1:]))


def unpack(data: bytes | bytearray) -> Piece:
    """The piece of ``pack``; raises EOFError, ValueError or TypeError if it is not whole."""
    found, *rest = marshal.loads(data)
    return Piece([_TYPES[number]._make(values) for number, values in found], *rest)
