"""What this host shows now, beside what it has kept: the state that its manager shows, and what the kernel counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tracer.host import counters, manager
from tracer.host.clock import BootClock
from tracer.host.name import HOST
from tracer.model.coverage import Coverage, Span
from tracer.model.event import Series
from tracer.sources.manager import told
from tracer.why import ask, tell
from tracer.why.living import living

if TYPE_CHECKING:
    from tracer.flow.filter import Filter


def asked(heard: ask.Heard, what: bytes, window: Filter) -> list[Coverage]:
    """Add to what was heard what the manager shows of the units that may be meant, as far as it is of that time. Returns
    what counters could have shown."""
    name = manager.unit_of(what)
    names = [*([name] if name else []), *heard.units_of(what)]
    units = list(dict.fromkeys(one for one in names if manager.unit_of(one) == one))
    events = told(manager.states(units, booted=manager.BOOTED), _called(heard))
    since, until = window.since or 0, window.until or time.time_ns()
    heard.hear_between(one for one in events if since <= (one.time or 0) <= until)
    return counted(_called(heard))


def without_logs(what: bytes, window: Filter, style: tell.Style, at: int | None) -> int | None:
    """Answer where nothing that was kept can be read: of who lives /proc tells, of a unit its manager. Returns the exit
    status; None where neither knows of any."""
    heard = ask.Heard()
    seen = asked(heard, what, window)
    answer = ask.answer(heard, seen, what, at=at)
    alive = [] if answer.verdicts and not what.isdigit() else living(what)
    if not (answer.verdicts or alive):
        return None
    return tell.answered(what, answer, lambda: alive, seen, style)


def counted(host: str) -> list[Coverage]:
    """The sight of a counter that is 0: nobody was killed for want of memory since boot. More than that proves nothing."""
    if counters.of_host() != 0:
        return []
    boot = BootClock().offset
    source = f"{counters.VMSTAT} (oom_kill 0 since boot)"
    return [Coverage(source, ("oom count",), (Span(boot, time.time_ns()),), host=host)]


def _called(heard: ask.Heard) -> str:
    """This host, as its logs call it: with its domain or without."""
    own = HOST.partition(".")[0]
    said = (None if isinstance(one, Series) else one.host for one in heard.events)
    hosts = set(filter(None, said))
    return HOST if HOST in hosts else next((h for h in hosts if h.partition(".")[0] == own), HOST)
