"""A person's own evidence: lines of an application's log near a death, with its pid, name or unit in them."""

from __future__ import annotations

import os
import re

from tracer.model.frozen import replace
from tracer.model.names import names_of
from tracer.model.text import plain
from tracer.model.times import SECOND, span
from tracer.model.verdict import Evidence
from tracer.why.last_words import LETTERS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.lines.entry import Entry
    from tracer.model.verdict import Verdict

BEFORE, AFTER = 10 * SECOND, 10 * SECOND
# So many lines are quoted, those nearest to the death.
LINES_MAX = 5
# A stamp of a log may have whole seconds only.
COARSE = SECOND
SOURCE = "context"
# kill(2) with signal 0, or any: the one that is asked for is no more (errno 3).
_WHICH = "most likely this one: that follows from the death"
_GONE = re.compile(rb"No such process|\bESRCH\b|\[Errno 3\]")


def with_context(verdict: Verdict, entries: Iterable[Entry]) -> Verdict:
    """The verdict with the lines that belong to it, quoted as evidence; what a child says that lost its parent is told."""
    if verdict.time is None:
        return verdict
    near = _near(verdict, entries)
    if not near:
        return verdict
    then = list(verdict.then)
    for entry in near:
        after = (entry.time or 0) - verdict.time
        if after >= -COARSE and _GONE.search(entry.text):
            when = f"{span(after)} later" if after >= COARSE else "at once"
            then.append(
                f"{when} {_speaker(entry)} found a process gone that it looked for (ESRCH), {_WHICH}"
            )
            break
    evidence = tuple(
        Evidence(None, entry.time, entry.place, SOURCE, plain(entry.text)[:400]) for entry in near
    )
    own = [
        one
        for one in near
        if _is_its_own(verdict, one) and (one.time or 0) <= verdict.time + COARSE
    ]
    verdict = replace(verdict, evidence=(*verdict.evidence, *evidence), then=tuple(then))
    said = plain(own[-1].text[: 4 * LETTERS_MAX])[:LETTERS_MAX] if own else ""
    return replace(verdict, said=said, said_by="its pid") if said else verdict


def _speaker(entry: Entry) -> str:
    """Who wrote a line, as far as it or the name of its file tells."""
    pid = entry.pid
    if pid is None:
        found = re.search(rb"\[(\d{2,7})\]", entry.text)
        pid = int(found[1]) if found else None
    file = None if entry.place is None else entry.place.file
    name = plain(entry.tag) if entry.tag else os.path.basename(file or "a process")
    return f"{name}[{pid}]" if pid is not None else name


def _near(verdict: Verdict, entries: Iterable[Entry]) -> list[Entry]:
    """The lines of its time that speak of it, in their order."""
    moment = verdict.time or 0
    pattern = _pattern(verdict)
    found = [
        entry
        for entry in entries
        if entry.time is not None
        and -BEFORE <= entry.time - moment <= AFTER
        and (_is_its_own(verdict, entry) or pattern.search(entry.text) or _GONE.search(entry.text))
    ]
    nearest = sorted(found, key=lambda entry: abs((entry.time or 0) - moment))[:LINES_MAX]
    return [entry for entry in found if entry in nearest]


def _pattern(verdict: Verdict) -> re.Pattern[bytes]:
    process = verdict.process
    words = [] if process is None else [name for name in names_of(process) if len(name) > 2]
    if process is not None and process.pid is not None:
        words.append(b"%d" % process.pid)
    if not words:
        return re.compile(rb"(?!)")
    return re.compile(rb"(?<![\w-])(?:" + b"|".join(map(re.escape, words)) + rb")(?![\w-])")


def _is_its_own(verdict: Verdict, entry: Entry) -> bool:
    """Whether the process itself wrote it."""
    pid = None if verdict.process is None else verdict.process.pid
    return pid is not None and entry.pid == pid
