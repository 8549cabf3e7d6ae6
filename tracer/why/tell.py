"""Verdicts on standard output: in words or as JSON, the deaths at a glance, and what is known where nobody has died."""

from __future__ import annotations

import json
import os
import time

from tracer.lines.dates import DateStyle
from tracer.lines.entry import entries_of
from tracer.lines.mend import lines_in, numbered
from tracer.lines.stamps import stamped
from tracer.model.frozen import frozen, replace
from tracer.model.names import telling_name
from tracer.model.spelling import to_object
from tracer.model.text import printable, shown, typed
from tracer.terminal.output import say, text_width, write_out
from tracer.why import absent, overview, survivors, words
from tracer.why.context import with_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import IO

    from tracer.model.coverage import Coverage
    from tracer.model.verdict import Living, Verdict
    from tracer.why.ask import Answer

# Exit statuses: an answer, or a living process; a death whose cause cannot be told; no such death.
ANSWERED, OPEN, NOBODY = 0, 1, 3
LIVING_MAX = 3
OTHERS_MAX = 8


@frozen
class Style:
    """How verdicts are told, in lines of at most ``width`` columns."""

    as_json: bool = False
    evidence: bool = False
    width: int = words.WIDTH


def style(as_json: bool, evidence: bool) -> Style:
    """As wide as standard output."""
    return Style(as_json, evidence, text_width() or words.WIDTH)


def answered(
    what: bytes,
    found: Answer,
    lives: Callable[[], Sequence[Living]],
    seen: Sequence[Coverage],
    style: Style,
    places: tuple[str, ...] = (),
    hints: Sequence[str] = (),
) -> int:
    """What is known of ``what``. A name that runs again is asked for its death, a pid for whom it belongs to now.
    ``places``: the files that were asked; none: this host. ``hints`` were told: of recordings that were not read."""
    alive = [one for one in lives() if not _is_told_of(one, found.verdicts)]
    if alive and (what.isdigit() or not found.verdicts):
        return living(alive, style, len(found.verdicts) + len(found.others))
    if found.verdicts:
        status = verdicts(found, style)
        if alive and not style.as_json:
            say(f"{shown(what)} runs now: {_pids(alive)}; a pid asks for one that lives")
        return status
    outside = tuple(one.time for one in found.outside)
    asked = absent.Asked(what, time.time_ns(), places, outside, bool(hints), found.all_ends)
    status = nobody(asked, found.names, seen)
    if found.survived is not None:
        say(survivors.last_told(found.survived))
    return status


def _is_told_of(one: Living, verdicts: Sequence[Verdict]) -> bool:
    """Whether it is a zombie, and of its end a verdict tells."""
    start = one.process.start
    ends = [verdict.time for verdict in verdicts if verdict.time is not None]
    return bool(one.ended) and start is not None and any(end > start for end in ends)


def verdicts(found: Answer, style: Style) -> int:
    """Tell them, newest first; the exit status is the worst of theirs."""
    for at, verdict in enumerate(found.verdicts):
        apart = "\n" if at and not style.as_json else ""
        write_out(apart + "".join(f"{line}\n" for line in _lines(verdict, style)))
    if found.others and not style.as_json:
        known = [one.process for one in found.others if one.process.pid]
        more = " …" if known[OTHERS_MAX:] else ""
        which = f": {words.each(known[:OTHERS_MAX])}{more}" if known else ""
        many = len(found.others)
        fit = "1 more death fits" if many == 1 else f"{many:,} more deaths fit"
        say(f"{fit}{which}; -n explains more of them")
    return max(map(_status, found.verdicts))


def at_a_glance(
    judged: tuple[Sequence[Verdict], int],
    when: tuple[int | None, int | None],
    seen: Sequence[Coverage],
    style: Style,
) -> int:
    """A line for each kind of death; what was looked at where there is none. ``judged``: and how many earlier ones were
    not."""
    found, left = judged
    newest_first = sorted(found, key=lambda one: one.time or 0, reverse=True)
    lines = (
        [line for one in newest_first for line in _lines(one, style)]
        if style.as_json
        else overview.lines_of(newest_first, time.time_ns(), style.width)
    )
    write_out("".join(f"{line}\n" for line in lines))
    if left:
        say(f"{left:,} earlier deaths were not judged; --until takes them")
    if not lines:
        ends = zip(("since", "until"), when)
        times = "".join(f" {word} {absent.clock_of(time)}" for word, time in ends if time)
        say(f"nothing has died unasked{times}; looked at {absent.looked_at(seen)}")
    return max(map(_status, found), default=NOBODY)


def living(alive: Sequence[Living], style: Style, dead: int = 0) -> int:
    """Who lives on, and what keeps it from ending. ``dead``: so many fit, too, and have died."""
    told = alive if style.as_json else alive[:LIVING_MAX]
    for one in told:
        if style.as_json:
            lines = [json.dumps(to_object(one))]
        else:
            lines = survivors.lines_of(one, time.time_ns(), width=style.width)
        write_out("".join(f"{line}\n" for line in lines))
    if len(told) < len(alive):
        more = alive[LIVING_MAX:]
        say(f"{len(more)} more live: {_pids(more)}; a pid asks for one of them")
    if dead:
        have = "has" if dead == 1 else "have"
        say(f"{dead:,} that had this number before {have} died; --at TIME tells of the nearest")
    return ANSWERED


def _pids(alive: Sequence[Living]) -> str:
    """pids 812, 813, 814 …"""
    pids = [str(one.process.pid) for one in alive]
    more = " …" if pids[LIVING_MAX:] else ""
    return f"pid{'s' if pids[1:] else ''} {', '.join(pids[:LIVING_MAX])}{more}"


def nobody(asked: absent.Asked, names: Iterable[bytes], seen: Sequence[Coverage]) -> int:
    """Nothing that fits has died: it may be called otherwise."""
    for sentence in absent.sentences(asked, names, seen):
        say(sentence)
    return NOBODY


def with_more(
    verdict: Verdict, context: Iterable[str], open_log: Callable[[str], IO[bytes]]
) -> Verdict:
    """The verdict with the lines of a person's own files, and the command that would show more next time."""
    process = verdict.process
    name = None if process is None else telling_name(process)
    ends = f"--to {typed(shown(name))}" if name else None
    if not name and verdict.unit is not None:
        ends = f"--unit {typed(verdict.unit)}"
    if verdict.confidence != "yes" and ends:
        next_time = f"sudo sigtrace {ends}      (left running, it shows who ends the next one)"
        verdict = replace(verdict, prove=next_time)
    for path in context:
        written = os.stat(path).st_mtime_ns if os.path.exists(path) else None
        with open_log(path) as stream:
            lines = numbered(_readable(stream, path))
            style = DateStyle(now=written)
            verdict = with_context(verdict, stamped(entries_of(lines, style, path), style))
    return verdict


def _readable(stream: IO[bytes], path: str) -> Iterator[bytes]:
    try:
        yield from lines_in(stream)
    except EOFError as error:
        say(f"{printable(path)} is damaged, and quoted as far as it can be read: {error}")


def strange(names: Iterable[str], places: Sequence[str]) -> Iterator[str]:
    """Of files that were named (``places``) and whose lines nobody here understands: how they are of use."""
    for name in names:
        if name in places and os.path.isfile(name) and os.path.getsize(name):
            yield f"no line of {printable(name)} is of a form that is known: --context {typed(name)} quotes those near a death"


def _lines(verdict: Verdict, style: Style) -> Iterator[str]:
    if style.as_json:
        yield json.dumps(to_object(verdict))
    else:
        now = time.time_ns()
        yield from words.lines_of(verdict, now, width=style.width, evidence=style.evidence)


def _status(verdict: Verdict) -> int:
    return ANSWERED if verdict.confidence in ("yes", "likely") else OPEN
