"""What was written in the minute before an end, near where that is told: a journal is asked through its index, a text
log is read again up to the line that tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from tracer.lines.dates import DateStyle
from tracer.lines.entry import entries_of
from tracer.lines.mend import numbered
from tracer.model.errors import Problem
from tracer.model.frozen import replace
from tracer.model.times import SECOND
from tracer.sources.logs.files import open_log, read_blocks

if TYPE_CHECKING:
    from tracer.lines.entry import Entry
    from tracer.model.verdict import Verdict
    from tracer.sources.found import Found

# What comes after the end may be of who was started in its place.
BEFORE = 60 * SECOND
_KEPT = 1 << 16  # bytes of lines
# Entries that are looked at, the newest first.
_ENTRIES_MAX = 64
_LINES_MAX = 400


def written_before(found: Found, verdict: Verdict) -> Iterator[Entry]:
    """Entries of the last minute before a death, the newest first: of a journal those of its process, else its unit; of
    text logs all. What cannot be read gives none."""
    if found.journals or found.root is not None:
        yield from _of_journals(found, verdict)
    lines: dict[str, int] = {}
    for one in verdict.evidence:
        if one.place is not None and one.place.file and one.place.line:
            lines[one.place.file] = one.place.line
    for path, line in lines.items():
        yield from _of_text(path, line, verdict)


def _of_journals(found: Found, verdict: Verdict) -> Iterator[Entry]:
    from tracer.sources.journal import open_journal
    from tracer.sources.journal.source import entry_of

    group, end = _terms(verdict), verdict.time
    if end is None or not group:
        return
    try:
        with open_journal(found.journals, root=found.root or None) as journal:
            for entry in journal.entries([group], end - BEFORE, end, True, _ENTRIES_MAX):
                yield entry_of(entry)
    except (Problem, OSError):
        return


def _terms(verdict: Verdict) -> dict[str, bytes]:
    """What its entries are found by: its pid, else its unit, and that one's run where it is known."""
    process = verdict.process
    if process is None:
        return {}
    if process.pid is not None:
        return {"_PID": b"%d" % process.pid}
    run = {"_SYSTEMD_INVOCATION_ID": process.invocation} if process.invocation else {}
    return {"_SYSTEMD_UNIT": process.unit, **run} if process.unit else {}


def _of_text(path: str, line: int, verdict: Verdict) -> Iterator[Entry]:
    if not os.path.isfile(path):
        return  # A pipe was read already; the kernel's ring, /dev/kmsg, has no end, and waits for more.
    try:
        with open_log(path) as stream:
            first, lines = _before(read_blocks(stream), line)
    except (Problem, OSError):
        return
    entries = list(entries_of(numbered(lines, first), DateStyle(), path))
    end = entries[-1].time if entries else None
    for one in reversed(entries[:-1]):
        if one.time is None or end is None or verdict.time is None:
            yield replace(one, time=None)
        elif end - BEFORE <= one.time <= end:
            # Its date was read without what tells the year: how long before the end it was is known.
            yield replace(one, time=verdict.time - (end - one.time))


def _before(blocks: Iterator[bytes], line: int) -> tuple[int, list[bytes]]:
    """Some lines up to this one, and the number of the first."""
    kept, ends = b"", 0
    with suppress(EOFError):  # What a cut file has before that is whole.
        while ends < line:
            block = next(blocks, b"")
            if not block:
                break
            kept = kept[-_KEPT:] + block
            ends += block.count(b"\n")
    lines = kept.split(b"\n")
    number = ends + 2 - len(lines)  # of the first, which may be a part
    lines = lines[: line + 1 - number]
    begin = max(1 if number > 1 else 0, len(lines) - _LINES_MAX)
    return number + begin, lines[begin:]
