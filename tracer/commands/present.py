"""What this host shows now, beside what it has kept: the state that its manager shows, and what the kernel counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tracer.host import manager
from tracer.host.name import HOST
from tracer.model.event import Series
from tracer.sources import counted
from tracer.sources.manager import told
from tracer.why import ask, tell
from tracer.why.living import living

if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.model.coverage import Coverage
    from tracer.model.errors import Problem


def asked(heard: ask.Heard, what: bytes, window: Filter) -> list[Coverage]:
    """Add to what was heard what the manager shows of the units that may be meant, as far as it is of that time. Returns
    what counters could have shown."""
    name = manager.unit_of(what)
    names = [*([name] if name else []), *heard.units_of(what)]
    units = list(dict.fromkeys(one for one in names if manager.unit_of(one) == one))
    events = told(manager.states(units, booted=manager.BOOTED), _called(heard))
    since, until = window.since or 0, window.until or time.time_ns()
    heard.hear_between(one for one in events if since <= (one.time or 0) <= until)
    return counted.of_host(_called(heard))


def without_logs(
    what: bytes | None, window: Filter, style: tell.Style, at: int | None, problem: Problem
) -> int:
    """Answer where nothing that was kept can be read: of who lives /proc tells, of a unit its manager. Returns the exit
    status; raises the problem where neither knows of any."""
    if not what:
        raise problem
    heard = ask.Heard()
    seen = asked(heard, what, window)
    answer = ask.answer(heard, seen, what, at=at)
    alive = [] if answer.verdicts and not what.isdigit() else living(what)
    if not (answer.verdicts or alive):
        raise problem
    return tell.answered(what, answer, lambda: alive, seen, style)


def _called(heard: ask.Heard) -> str:
    """This host, as its logs call it: with its domain or without."""
    own = HOST.partition(".")[0]
    said = (None if isinstance(one, Series) else one.host for one in heard.events)
    hosts = set(filter(None, said))
    return HOST if HOST in hosts else next((h for h in hosts if h.partition(".")[0] == own), HOST)
