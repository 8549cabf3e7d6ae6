"""What a report tells, as one plain object: the page, the ticket and the trace viewer's file only read it.

Times are nanoseconds since the epoch in it, and text is the traced world's own: who writes it down escapes it.
``to_json`` is the form for others.
"""

from __future__ import annotations

import json
import time

from tracer.model.event import Exec, Exit, Mark, Signal, Statement
from tracer.model.frozen import frozen, replace
from tracer.model.signals import name_of
from tracer.model.spelling import to_object
from tracer.model.times import SECOND, utc
from tracer.report.evidence import evidence_row
from tracer.report.gather import lane_of, program_of
from tracer.report.kinds import subject_of
from tracer.report.tables import tables_of
from tracer.report.veil import Veil, without_arguments
from tracer.report.witnesses import AGAIN
from tracer.why import words as verdicts
from tracer.why.finding import KILL, REQUESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from tracer.model.coverage import Coverage
    from tracer.model.event import Process
    from tracer.model.verdict import Verdict
    from tracer.report.gather import Gathered
    from tracer.report.judge import Judgement
    from tracer.report.kinds import Judged, Kind
    from tracer.report.witnesses import Told

    Data = dict[str, Any]

VERSION = 1
# Of a kind so many deaths are told one by one; of all the times, so many.
SINGLE_MAX, TIMES_MAX = 6, 200
# Kinds of death that are told; the rest is counted.
KINDS_MAX = 1_500
_TIMES = frozenset(("time", "times", "began", "ended", "first", "last"))


@frozen
class Hide:
    """What is left out."""

    arguments: bool = False
    users: bool = False


def data_of(
    gathered: Gathered,
    judgement: Judgement,
    coverages: Sequence[Coverage],
    read: Sequence[str],
    *,
    hide: Hide = Hide(),  # noqa: B008
) -> Data:
    """The report. ``read`` says what was read, in lines for people."""
    kinds = judgement.kinds[-KINDS_MAX:]
    rows = [_kind(number, kind, hide) for number, kind in enumerate(kinds, 1)]
    made: Data = {
        "v": VERSION,
        "hosts": sorted({*gathered.hosts, *(one.host for one in coverages if one.host)}),
        "began": gathered.first,
        "ended": gathered.last,
        "zone": _zone(gathered.first),
        "read": list(read),
        "sight": [_sight(one) for one in coverages],
        "counts": {
            "events": gathered.events,
            "signals": gathered.signals,
            "deaths": judgement.deaths,
            "unordered": sum(len(kind.all) for kind in judgement.kinds if not kind.ordered),
            "ended_well": judgement.plain,
            "not_judged": judgement.left,
            "forgotten": judgement.forgotten,
            "of_more_hosts": gathered.of_more_hosts,
            "lost": gathered.lost,
            "kinds_left_out": len(judgement.kinds) - len(kinds),
        },
        "kinds": rows,
        "tables": tables_of(gathered, rows, hide_arguments=hide.arguments),
    }
    if hide.users:
        made = Veil(_people(judgement, gathered)).over(made)
    return made


def to_json(data: Data) -> str:
    """One line of JSON, its times as everywhere (docs/json.md)."""
    return json.dumps(_timed(data)) + "\n"


def _timed(it: Any, key: str = "") -> Any:
    if isinstance(it, dict):
        return {key: _timed(value, key) for key, value in it.items() if value is not None}
    if isinstance(it, (list, tuple)):
        return [_timed(one, key) for one in it]
    return utc(it) if key in _TIMES and isinstance(it, int) else it


def _zone(moment: int | None) -> str:
    """UTC+01:00: the zone of the times that are shown."""
    zone = time.strftime("%z", time.localtime((moment or 0) // SECOND))
    return f"UTC{zone[:3]}:{zone[3:5]}"


def _sight(one: Coverage) -> Data:
    return {
        "source": one.source,
        "host": one.host,
        "kinds": list(one.kinds),
        "spans": [{"began": span.began, "ended": span.ended} for span in one.spans],
        "gaps": [
            {"began": gap.began, "ended": gap.ended, "count": gap.count, "why": gap.why}
            for gap in one.gaps
        ],
        "blind": [
            {"kinds": list(blind.kinds), "why": list(blind.why), "try": list(blind.try_)}
            for blind in one.blind
        ],
    }


def _kind(number: int, kind: Kind, hide: Hide) -> Data:
    newest = kind.newest
    verdict = newest.verdict
    if hide.arguments:
        verdict = without_arguments(verdict, newest.events)
    if hide.users:
        verdict = replace(verdict, said=None)  # Whom it names nobody can tell.
    who = None if verdict.who is None else verdict.who.asked or verdict.who.sender
    return {
        "id": f"d{number}",
        "host": verdict.host,
        "lane": lane_of(verdict.process, verdict.unit),
        "subject": subject_of(verdict),
        "unit": verdict.unit,
        "cause": verdict.cause,
        "confidence": verdict.confidence,
        "ordered": kind.ordered,
        "signal": None if verdict.number is None else name_of(verdict.number),
        "status": verdict.status,
        "by": None if who is None else program_of(who),
        "by_manager": who is not None and who.pid == 1,
        "asked": verdict.who is not None and verdict.who.asked is not None,
        "sender_unknown": "who sent it" in verdict.unknown or verdict.cause == "unknown",
        "headline": verdicts.headline(verdict),
        "labels": [
            [label, text.replace("\N{NO-BREAK SPACE}", " ")]
            for label, text in verdicts.labels(verdict, 0)
        ],
        "life_ns": _life(verdict),
        "oom": _oom(newest),
        "count": len(kind.all),
        "not_judged": kind.not_judged,
        "every_ns": kind.every,
        "bursts_ns": kind.bursts,
        "first": kind.times[0],
        "last": kind.times[-1],
        "times": kind.times[-TIMES_MAX:],
        "deaths": [_death(one) for one in kind.all[-SINGLE_MAX:]],
        "evidence": [evidence_row(one, hide.arguments) for one in newest.events],
        "verdict": to_object(verdict),
    }


def _life(verdict: Verdict) -> int | None:
    """How long it lived."""
    start = None if verdict.process is None else verdict.process.start
    known = start is not None and verdict.time is not None and start <= verdict.time
    return verdict.time - start if known else None  # type: ignore[operator]


def _oom(one: Judged) -> Data | None:
    """The numbers of the kernel's report, in kB."""
    for event in one.events:
        details = event.details if isinstance(event, Statement) else None
        if details and isinstance(event, Statement) and event.what == "oom report":
            return {"limit_kb": details.get("limit_kb"), "held_kb": details.get("anon_rss_kb")}
    return None


def _death(one: Judged) -> Data:
    return {"time": one.death.time, "steps": list(_steps(one))}


def _steps(one: Judged) -> Iterator[Data]:
    """What led to a death, and what came after it."""
    told = [_what(event) for event in one.events if isinstance(event, Signal)]
    for event in one.events:
        if event.time is None or isinstance(event, Exit):
            continue
        what = _what(event)
        if what == "oom" and isinstance(event, Statement) and what in told:
            continue  # The kernel's log tells what was seen.
        sender = _by(event)
        is_manager = sender is None or sender.pid == 1
        yield {
            "time": event.time,
            "what": what,
            "text": name_of(event.number) if isinstance(event, Signal) else _said(event),
            "from": None if sender is None or is_manager else program_of(sender),
        }


def _by(event: Told) -> Process | None:
    """From whose lane it comes: who sent a signal, or the command that asked for it."""
    if isinstance(event, Signal):
        return event.sender
    return event.process if isinstance(event, Exec) else None


def _what(event: Told) -> str:
    """How a step is drawn: a key of ``tracer.report.timeline.SHAPES``."""
    if isinstance(event, Signal):
        asks = "signal" if event.number in REQUESTS else "other"
        return "oom" if event.origin == "oom" else "kill" if event.number == KILL else asks
    if isinstance(event, Exec):
        return "command"
    what = event.what if isinstance(event, Statement) else ""
    if what in AGAIN:
        return "again"
    return "asked" if what == "stop asked" else "oom" if what == "oom report" else "said"


def _said(event: Told) -> str:
    if isinstance(event, Exec):
        return f"{program_of(event.process)} was run"
    return event.what if isinstance(event, (Statement, Mark)) else "-"


def _people(judgement: Judgement, gathered: Gathered) -> Iterator[str]:
    """The names of users that anything told has."""
    for kind in judgement.kinds:
        for one in kind.all:
            for event in one.events:
                yield from _users(event)
            yield from filter(None, (one.death.process.user,))
            who = one.verdict.who
            if who is not None and who.login is not None:
                yield from filter(None, (who.login.user, who.login.address))
    for rows in (gathered.whom, gathered.refused, gathered.escalated):
        for row in rows.rows.values():
            yield from _users(row.first)
            yield from _users(row.last)


def _users(event: Told) -> Iterator[str]:
    for name in ("sender", "target", "process", "by", "about"):
        process = getattr(event, name, None)
        if process is not None and process.user:
            yield process.user
