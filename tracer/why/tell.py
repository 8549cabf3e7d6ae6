"""Verdicts on standard output: in words or as JSON, the deaths at a glance, and what is known where nobody has died."""

from __future__ import annotations

import json
import os
import shlex
import time

from tracer.host import containers
from tracer.host.alive import reasons
from tracer.host.name import HOST
from tracer.host.running import running
from tracer.lines.dates import DateStyle
from tracer.lines.entry import entries_of
from tracer.lines.mend import numbered
from tracer.model.frozen import frozen, replace
from tracer.model.names import telling_name
from tracer.model.spelling import to_object
from tracer.model.text import printable, shown
from tracer.terminal.output import say, write_out
from tracer.why import overview, query, words
from tracer.why.context import with_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import IO

    from tracer.model.coverage import Coverage
    from tracer.model.verdict import Verdict
    from tracer.why.ask import Answer

# Exit statuses: an answer, or a living process; a death whose cause cannot be told; no such death.
ANSWERED, OPEN, NOBODY = 0, 1, 3


@frozen
class Style:
    """How verdicts are told."""

    as_json: bool = False
    evidence: bool = False


def verdicts(found: Answer, style: Style) -> int:
    """Tell them, newest first; the exit status is the worst of theirs."""
    for verdict in found.verdicts:
        write_out("".join(f"{line}\n" for line in _lines(verdict, style)))
    if found.others and not style.as_json:
        pids = sorted({str(one.process.pid) for one in found.others if one.process.pid})[:8]
        which = f": pids {', '.join(pids)}" if pids else ""
        say(f"{len(found.others)} more deaths fit{which}; -n explains more of them")
    return max(map(_status, found.verdicts))


def at_a_glance(
    found: Sequence[Verdict], since: int, seen: Sequence[Coverage], style: Style
) -> int:
    """A line for each kind of death; what was looked at where there is none."""
    newest_first = sorted(found, key=lambda one: one.time or 0, reverse=True)
    lines = (
        [line for one in newest_first for line in _lines(one, style)]
        if style.as_json
        else overview.lines_of(newest_first)
    )
    write_out("".join(f"{line}\n" for line in lines))
    if not lines:
        when = f" since {words.clock_of(since)}" if since else ""
        say(f"nothing has died unasked{when}; looked at {_seen(seen)}")
    return ANSWERED


def living(what: bytes) -> bool:
    """Whether something that fits runs now; then that is told, and what keeps it from ending."""
    alive = [one for one in running(named=containers.here()) if query.fits(one, what)]
    for one in alive[:3]:
        write_out(f"{words.subject(one, None)} on {printable(HOST)} still lives\n")
        for sentence in reasons(one.pid or 0) or ["nothing that /proc shows keeps it from ending"]:
            write_out(f"  {sentence}\n")
    return bool(alive)


def nobody(what: bytes, names: Iterable[bytes], seen: Sequence[Coverage]) -> int:
    """Nothing that fits has died: it may be called otherwise."""
    say(f"nothing called {shown(what)} has died in what could be seen: {_seen(seen)}")
    near = query.nearest(names, what)
    if near:
        say(f"what has died is called: {', '.join(map(shown, near))}")
    say("sudo sigtrace record keeps a record from now on")
    return NOBODY


def with_more(
    verdict: Verdict, context: Iterable[str], open_log: Callable[[str], IO[bytes]]
) -> Verdict:
    """The verdict with the lines of a person's own files, and the command that would show more next time."""
    process = verdict.process
    name = None if process is None else telling_name(process)
    if verdict.confidence != "yes" and name:
        next_time = f"sudo sigtrace --to {shlex.quote(shown(name))}      (shows the next one)"
        verdict = replace(verdict, prove=next_time)
    for path in context:
        written = os.stat(path).st_mtime_ns if os.path.exists(path) else None
        with open_log(path) as stream:
            lines = numbered(line.rstrip(b"\n") for line in stream)
            verdict = with_context(verdict, entries_of(lines, DateStyle(now=written), path))
    return verdict


def _lines(verdict: Verdict, style: Style) -> Iterator[str]:
    if style.as_json:
        yield json.dumps(to_object(verdict))
    else:
        yield from words.lines_of(verdict, time.time_ns(), evidence=style.evidence)


def _status(verdict: Verdict) -> int:
    return ANSWERED if verdict.confidence in ("yes", "likely") else OPEN


def _seen(seen: Sequence[Coverage]) -> str:
    """What was looked at, and from when."""
    told = [
        f"{one.source} from {words.clock_of(min(span.began for span in one.spans))}"
        for one in seen
        if one.spans
    ]
    return ", ".join(dict.fromkeys(told)) or "nothing could be read"
