"""What was written in the minute before an end, near where that is told: a journal is asked through its index, a text
log is read again up to the line that tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.lines.dates import DateStyle
from tracer.lines.entry import entries_of
from tracer.lines.mend import numbered
from tracer.model.errors import Problem
from tracer.model.times import SECOND
from tracer.sources.logs.files import STDIN, open_log

if TYPE_CHECKING:
    from typing import IO

    from tracer.lines.entry import Entry
    from tracer.model.verdict import Verdict
    from tracer.sources.found import Found

# A stamp of a log may have whole seconds only.
BEFORE, AFTER = 60 * SECOND, SECOND
_BLOCK, _KEPT = 1 << 20, 1 << 16
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
        if one.place is not None and one.place.file and one.place.line and one.place.file != STDIN:
            lines[one.place.file] = one.place.line
    for path, line in lines.items():
        yield from _of_text(path, line)


def _of_journals(found: Found, verdict: Verdict) -> Iterator[Entry]:
    from tracer.sources.journal import open_journal
    from tracer.sources.journal.source import entry_of

    process, end = verdict.process, verdict.time
    pid, unit = (None, None) if process is None else (process.pid, process.unit)
    group = {"_PID": b"%d" % pid} if pid is not None else {"_SYSTEMD_UNIT": unit or b""}
    if end is None or not (pid or unit):
        return
    try:
        with open_journal(found.journals, root=found.root or None) as journal:
            for entry in journal.entries([group], end - BEFORE, end + AFTER, True, _ENTRIES_MAX):
                yield entry_of(entry)
    except (Problem, OSError):
        return


def _of_text(path: str, line: int) -> Iterator[Entry]:
    try:
        with open_log(path) as stream:
            first, lines = _before(stream, line)
    except (Problem, OSError):
        return
    entries = list(entries_of(numbered(lines, first), DateStyle(), path))
    end = entries[-1].time if entries else None
    for one in reversed(entries[:-1]):
        if one.time is None or end is None or end - BEFORE <= one.time:
            yield one


def _before(stream: IO[bytes], line: int) -> tuple[int, list[bytes]]:
    """Some lines up to this one, and the number of the first."""
    kept, ends = b"", 0
    while ends < line and (block := stream.read(_BLOCK)):
        kept = kept[-_KEPT:] + block
        ends += block.count(b"\n")
    lines = kept.split(b"\n")
    number = ends + 2 - len(lines)  # of the first, which may be a part
    lines = lines[: line + 1 - number]
    begin = max(1 if number > 1 else 0, len(lines) - _LINES_MAX)
    return number + begin, lines[begin:]
