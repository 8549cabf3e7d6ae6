"""What a verdict stands on, quoted: each witness's words, and the line itself where a text holds it."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice

from tracer.lines.mend import lines_in
from tracer.model.errors import Problem
from tracer.model.frozen import replace
from tracer.model.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import IO

    from tracer.model.verdict import Evidence, Verdict

# So much of a line is quoted, and so far a file is read for it.
_LETTERS_MAX, _LINES_MAX = 2000, 5_000_000


def with_lines(
    verdict: Verdict, open_log: Callable[[str], IO[bytes]], root: str | None = None
) -> Verdict:
    """The verdict, its evidence with the lines of texts that it was read from. ``root``: files below it alone are read."""
    wanted: dict[str, set[int]] = {}
    for one in verdict.evidence:
        place = one.place
        if place is not None and place.file and place.line and not place.recording:
            wanted.setdefault(place.file, set()).add(place.line)
    found = {
        (file, number): line
        for file, numbers in wanted.items()
        if _may_be_read(file, root)
        for number, line in _lines(open_log, file, numbers)
    }
    return replace(verdict, evidence=tuple([_with_line(one, found) for one in verdict.evidence]))


def _with_line(one: Evidence, found: dict[tuple[str, int], str]) -> Evidence:
    place = one.place
    line = None if place is None else found.get((place.file or "", place.line or 0))
    return one if line is None else replace(one, line=line)


def _may_be_read(file: str, root: str | None) -> bool:
    real = os.path.realpath(file)
    inside = not root or real.startswith(os.path.join(os.path.realpath(root), ""))
    return inside and os.path.isfile(real)


def _lines(
    open_log: Callable[[str], IO[bytes]], file: str, numbers: set[int]
) -> Iterable[tuple[int, str]]:
    # What is gone by now, or damaged, the reading itself has told of.
    with suppress(Problem, EOFError), open_log(file) as stream:
        for number, line in enumerate(islice(lines_in(stream), min(max(numbers), _LINES_MAX)), 1):
            if number in numbers:
                yield number, plain(line[:_LETTERS_MAX])


def quoted(evidence: Iterable[Evidence]) -> list[str]:
    """Lines for a terminal, in the order of time."""
    return [line for one in sorted(evidence, key=_order) for line in _quoted(one)]


def _order(one: Evidence) -> tuple[int, int]:
    return one.time or 0, (one.place.line if one.place is not None else None) or 0


def _quoted(one: Evidence) -> list[str]:
    place = one.place
    at = place and (place.file or place.recording or place.cursor)
    where = (
        f"{at}:{place.line}"
        if place is not None and place.line is not None
        else at or one.source or "-"
    )
    text = printable(one.text or "")
    line = "" if one.line is None else printable(one.line)
    # Of a statement the words are a part of the line.
    told = [each for each in (text, line) if each and not (each is text and text in line)]
    return [f"  {printable(where)}", *(f"    {each}" for each in told)]
