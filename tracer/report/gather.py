"""Events as they come → counts, in bounded memory: who signals whom, what was refused, what escalated."""

from __future__ import annotations

from tracer.model.event import Exit, Failed, Loss, Series, Signal
from tracer.model.memo import Bounded
from tracer.model.names import telling_name
from tracer.model.signals import name_of
from tracer.model.text import plain
from tracer.sinks import words
from tracer.why.ask import witness_of
from tracer.why.case import ENDS_NOTHING, NOT_TAKEN
from tracer.why.deaths import key_of
from tracer.why.finding import KILL, REQUESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.flow.filter import Filter
    from tracer.model.event import Event, Process

ENDING = frozenset((KILL, *REQUESTS))
# So many different rows are counted apart; what comes then is counted as one.
ROWS_MAX = 5_000
HOSTS_MAX = 10_000
# Different outcomes of a row.
_OUTCOMES_MAX = 50
_IDS_MAX = 4096
# Processes of which is kept what they took last.
_TAKEN_MAX = 20_000


class Row:
    """What is counted as one: how often, from when to when, the first and the last event."""

    __slots__ = ("count", "first", "last", "outcomes")

    def __init__(self, first: Signal | Failed) -> None:
        self.count = 0
        self.first = self.last = first
        self.outcomes: dict[str, int] = {}

    def add(self, event: Signal | Failed, count: int) -> None:
        self.count += count
        self.last = event
        what = event.error if isinstance(event, Failed) else event.outcome and words.outcome(event)
        if what not in self.outcomes and len(self.outcomes) >= _OUTCOMES_MAX:
            what = "another"
        self.outcomes[what or "-"] = self.outcomes.get(what or "-", 0) + count


class Rows:
    """Rows by what makes them one."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str | None, ...], Row] = {}
        self.others = 0

    def add(self, key: tuple[str | None, ...], event: Signal | Failed, count: int) -> None:
        row = self.rows.get(key)
        if row is None:
            if len(self.rows) >= ROWS_MAX:
                self.others += count
                return
            row = self.rows[key] = Row(event)
        row.add(event, count)


class Gathered:
    """All that passes, counted. ``filter_`` says what of it is meant."""

    def __init__(self, filter_: Filter) -> None:
        self._filter = filter_
        self._names: Bounded[int, tuple[Process, str]] = Bounded(_IDS_MAX)
        self._taken: Bounded[tuple[str | None, int | None], Signal] = Bounded(_TAKEN_MAX)
        self.whom, self.refused, self.escalated = Rows(), Rows(), Rows()
        self.hosts: dict[str, None] = {}
        self.of_more_hosts = 0
        self.units: dict[tuple[str | None, str], int] = {}
        self.of_more_units = 0
        self.first: int | None = None
        self.last: int | None = None
        self.signals = 0
        self.events = 0
        self.lost: int | None = 0

    def passing(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events, noted, as far as they can have to do with a death; what is not of the time that is asked for
        is left out."""
        since, until = self._filter.since, self._filter.until
        for event in events:
            time = event.time
            if time is not None and (
                (since is not None and time < since) or (until is not None and time > until)
            ):
                continue
            self._note(event)
            if isinstance(event, Signal) and _ends_nobody(event):
                self._take(event)
                continue
            if isinstance(event, Exit):
                yield from self._taken_by(event)
            yield event

    def _take(self, signal: Signal) -> None:
        """Of what a process took, and lived on, the last is kept for its end, which it may have led to; else what it did not
        take, for that was sent."""
        if signal.target is None or witness_of(signal) is None:
            return
        key = signal.host, key_of(signal.target)
        if signal.outcome not in NOT_TAKEN or key not in self._taken:
            self._taken.renew(key, signal)

    def _taken_by(self, end: Exit) -> Iterator[Signal]:
        taken = self._taken.pop((end.host, key_of(end.process)), None)
        if taken is not None:
            yield taken

    def _note(self, event: Event) -> None:
        self.events += len(event) if isinstance(event, Series) else 1
        if event.time is not None and not isinstance(event, Loss):
            if self.first is None or event.time < self.first:
                self.first = event.time
            if self.last is None or event.time > self.last:
                self.last = event.time
        if isinstance(event, Loss):
            known = self.lost is not None and event.count is not None
            self.lost = (self.lost or 0) + (event.count or 0) if known else None
            return
        if isinstance(event, Series):
            self._signal(event.first, len(event))
            return
        if event.host is not None and event.host not in self.hosts:
            self._new_host(event.host)
        if isinstance(event, Signal):
            self._signal(event, event.count or 1)
        elif isinstance(event, Failed) and self._filter.matches(event):
            key = (event.host, self._sender(event), event.error, self._name(event.target))
            self.refused.add((*key, words.signal_name(event)), event, 1)

    def _signal(self, signal: Signal, count: int) -> None:
        if not self._filter.matches(signal):
            return
        self.signals += count
        target = self._name(signal.target)
        key = (signal.host, self._sender(signal), name_of(signal.number), target)
        self.whom.add(key, signal, count)
        if signal.escalates is not None:
            self.escalated.add((*key, name_of(signal.escalates.number)), signal, count)
        unit = None if signal.target is None else signal.target.unit
        if unit is not None:
            place = signal.host, plain(unit)
            if place in self.units or len(self.units) < ROWS_MAX:
                self.units[place] = self.units.get(place, 0) + count
            else:
                self.of_more_units += count

    def _new_host(self, host: str) -> None:
        if len(self.hosts) < HOSTS_MAX:
            self.hosts[host] = None
        else:
            self.of_more_hosts += 1

    def _sender(self, event: Signal | Failed) -> str:
        return self._name(event.sender) if event.sender is not None else words.sender(event)

    def _name(self, process: Process | None) -> str:
        if process is None:
            return "-"
        known = self._names.get(id(process))
        if known is None:
            known = self._names[id(process)] = process, program_of(process)
        return known[1]


def _ends_nobody(signal: Signal) -> bool:
    """Whether it asks for no end, and has ended nobody."""
    return signal.outcome in ENDS_NOTHING and signal.number not in ENDING


def program_of(process: Process) -> str:
    """What a process is called by: its program, else where it belongs."""
    name = telling_name(process) or process.unit or process.container or process.cgroup
    if name is not None:
        return plain(name)
    return "-" if process.pid is None else f"pid {process.pid}"


def lane_of(process: Process | None, unit: str | None = None) -> str:
    """Where it is drawn: the unit, else the container, else the program."""
    if unit is not None:
        return unit
    if process is None:
        return "-"
    place = process.container_name or process.unit or process.container
    return program_of(process) if place is None else plain(place)
