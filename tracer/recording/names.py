"""What the files of a recording are called: HOST-BOOT-FIRST-LAST.jsonl.gz, the open one HOST-BOOT-FIRST.jsonl.

FIRST and LAST are times, UTC, so a piece is found by time without being read. Docs: docs/recording.md.
"""

from __future__ import annotations

import calendar
import os
import re
import time

from tracer.model.frozen import frozen
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

OPEN, PACKED, PACKING = ".jsonl", ".jsonl.gz", ".jsonl.gz.new"
LOCK = "recorder.lock"
# Lines of one piece may be out of order by a rest of the recorder and what several CPUs do; in nanoseconds.
DISORDER = 5 * SECOND
_TIME = r"\d{8}T\d{6}\.\d{9}Z"
_NAME = re.compile(
    rf"([A-Za-z0-9._-]{{1,64}})-([0-9a-f]{{32}})-({_TIME})(?:-({_TIME}))?(\.jsonl(?:\.gz)?)"
)


@frozen
class Piece:
    """A file of a recording. ``last`` None: it is being written, or was when its recorder was killed."""

    path: str
    host: str
    boot: str
    first: int
    last: int | None
    size: int

    @property
    def is_packed(self) -> bool:
        return self.path.endswith(PACKED)

    def may_hold(self, since: int | None, until: int | None) -> bool:
        """Whether there may be lines of this time in it."""
        is_late = until is not None and self.first - DISORDER > until
        is_early = since is not None and self.last is not None and self.last + DISORDER < since
        return not (is_late or is_early)


def name_of(host: str, boot: str, first: int, last: int | None = None) -> str:
    """The name of a piece, without the folder."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", host)[:64] or "_"
    head = f"{safe}-{boot}-{_stamp(first)}"
    return head + OPEN if last is None else f"{head}-{_stamp(last)}{PACKED}"


def piece_of(path: str, size: int) -> Piece | None:
    """What a file's name says; None if it is no name of a piece."""
    found = _NAME.fullmatch(os.path.basename(path))
    if found is None or (found[4] is None) != (found[5] == OPEN):
        return None
    try:
        first = _moment(found[3])
        last = None if found[4] is None else _moment(found[4])
    except ValueError:
        return None
    return Piece(path, found[1], found[2], first, last, size)


def pieces_in(folder: str) -> tuple[list[Piece], list[str]]:
    """The pieces of a folder, oldest first, and the names of what else is there. Raises OSError.

    Where a recorder was killed after packing a piece and before it removed the plain one, the packed one counts.
    """
    pieces: list[Piece] = []
    foreign: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                is_file = entry.is_file(follow_symlinks=False)
                piece = piece_of(entry.path, entry.stat(follow_symlinks=False).st_size)
            except FileNotFoundError:
                continue
            if piece is not None and is_file:
                pieces.append(piece)
            elif entry.name != LOCK and not entry.name.endswith(PACKING):
                foreign.append(entry.name)
    return in_order(pieces), sorted(foreign)


def in_order(pieces: Iterable[Piece]) -> list[Piece]:
    """The oldest first, none twice."""
    known: dict[tuple[str, str, int], Piece] = {}
    for piece in pieces:
        own = (piece.host, piece.boot, piece.first)
        if own not in known or piece.is_packed:
            known[own] = piece
    return sorted(known.values(), key=lambda piece: (piece.first, piece.path))


def _stamp(moment: int) -> str:
    second, rest = divmod(moment, SECOND)
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(second)) + f".{rest:09d}Z"


def _moment(stamp: str) -> int:
    second = calendar.timegm(time.strptime(stamp[:15], "%Y%m%dT%H%M%S"))
    return second * SECOND + int(stamp[16:25])
