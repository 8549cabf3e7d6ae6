"""Of all that was heard, what may have to do with one death: found by its time, its pid, its names.

A verdict on each of thousands of deaths looks at this, and not each time at everything.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from tracer.model.event import moment
from tracer.model.names import names_of
from tracer.why.case import BEFORE
from tracer.why.deaths import calls_of, key_of
from tracer.why.login import Logins
from tracer.why.repeats import is_before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from tracer.model.event import Event
    from tracer.model.verdict import Verdict
    from tracer.why.deaths import Death


class Neighbours:
    """``events_of`` and ``deaths_of`` a death, and ``logins``, are all that ``verdict_of`` would pick for it out of everything."""

    def __init__(self, events: Iterable[Event], deaths: Sequence[Death]) -> None:
        self._events = sorted((one for one in events if one.time is not None), key=moment)
        self._times = [moment(one) for one in self._events]
        self.logins = Logins(self._events)
        self._deaths = deaths
        self._known: dict[Hashable, list[int]] = {}
        self._named: dict[Hashable, list[Death]] = {}
        for at, death in enumerate(deaths):
            for key in _keys(death):
                self._known.setdefault(key, []).append(at)
            for name in _names(death):
                self._named.setdefault(name, []).append(death)

    def events_of(self, death: Death) -> list[Event]:
        """Those of its time."""
        begin, end = self._span_of(death)
        return self._events[begin:end]

    def count_of(self, death: Death) -> int:
        """How many they are."""
        begin, end = self._span_of(death)
        return end - begin

    def _span_of(self, death: Death) -> tuple[int, int]:
        begin = bisect_left(self._times, death.time - BEFORE)
        return begin, bisect_right(self._times, death.time + BEFORE, begin)

    def deaths_of(self, death: Death) -> list[Death]:
        """Those of its pid, of its unit, and of its call."""
        found = {at for key in _keys(death) for at in self._known[key]}
        return [self._deaths[at] for at in sorted(found)]

    def earlier(self, death: Death, verdict: Verdict) -> list[Death]:
        """Those of the same program or unit that came before, newest first."""
        found = {id(one): one for name in _names(death) for one in self._named[name]}
        before = [one for one in found.values() if is_before(one, death, verdict)]
        return sorted(before, key=lambda one: one.time, reverse=True)


def _keys(death: Death) -> Iterator[Hashable]:
    """What two deaths share of which one may say something of the other (tracer.why.verdict)."""
    process = death.process
    pid = key_of(process)
    if pid is not None:
        yield "pid", pid
    if process.unit is not None:
        yield "unit", process.unit
    for call in calls_of(death):
        yield "call", call


def _names(death: Death) -> tuple[bytes, ...]:
    """By what deaths of the same program or unit are found."""
    unit = death.process.unit
    return tuple({*names_of(death.process)[:1], *(() if unit is None else (unit,))})
