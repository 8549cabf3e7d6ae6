"""The same signal, or the same death, told by several witnesses: one event with the strongest one's fields and all places.

A syslog has whole seconds: its times stand for any in that second.
"""

from __future__ import annotations

import time
from collections import deque

from tracer.flow.telling_keys import account_of, asked_for, keys_of
from tracer.model.event import Exit, Failed, Probe, Process, Series, Signal, Statement, moment
from tracer.model.frozen import names_of_class, replace
from tracer.model.managers import may_be_one_managers
from tracer.model.memo import Bounded
from tracer.model.signals import CORES
from tracer.model.starts import starts_fit
from tracer.model.times import SECOND
from tracer.model.witness import ACCOUNTING, COARSE, STRENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Union

    from tracer.flow.source import Descriptors, Source
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event, Exec, Loss, Mark, Place

    Told = Union[Signal, Exit, Failed, Probe, Loss, Statement, Exec, Mark]

_RANK = {source: rank for rank, source in enumerate(STRENGTH)}
SAME_SIGNAL = 50_000_000  # ns between two tellings of one signal
# Between two tellings of one death: a core dump is told when it is written.
SAME_DEATH = 10 * SECOND
# By when systemd has told of the end of whom it killed itself.
SOON = 2 * SECOND
HELD_MAX = 4096  # events that wait for another witness
ALIASES_MAX = 4096
PATIENCE = 0.3  # seconds that a live event waits
# A record in journald's form has the time of its line (tracer.audit.lines).
_WHOLE_SECONDS = frozenset((*COARSE, "audit log"))
_PLACES = frozenset(("place", "places"))


class Held:
    """An event that may still become richer, and by what it is found."""

    __slots__ = ("event", "keys")

    def __init__(self, event: Event, keys: list[tuple[object, ...]]) -> None:
        self.event = event
        self.keys = keys


class Witnessed:
    """A source of which tellings of the same thing are one. Events keep their order. ``finish`` adds to each what no
    witness tells."""

    name = "several"

    def __init__(self, source: Source, finish: Callable[[Event], Event] | None = None) -> None:
        self._source = source
        self._finish = finish
        self._held: deque[Held] = deque()
        self._by_key: dict[tuple[object, ...], list[Held]] = {}
        self._aliases: Bounded[str, str] = Bounded(ALIASES_MAX)
        self._accounts: dict[str | None, None] = {}  # files of accounting
        self._now = 0
        self._newest = 0.0
        self.grace = source.grace

    def descriptors(self) -> Descriptors:
        return self._source.descriptors()

    def due(self) -> float | None:
        due = self._source.due()
        if not self._held or due == 0.0:
            return due
        left = max(0.0, self._newest + PATIENCE - time.monotonic())
        return left if due is None else min(due, left)

    def has_begun(self) -> bool:
        return self._source.has_begun()

    def is_over(self) -> bool:
        return self._source.is_over() and not self._held

    def read(self, last: bool = False) -> Iterator[Event]:
        """What nothing can be added to any more."""
        came = False
        for event in self._source.read(last) if not self._source.is_over() or last else ():
            came = True
            for one in event.signals() if isinstance(event, Series) else (event,):
                self._take(one)
                while self._is_next():
                    yield self._released()
        if came:
            self._newest = time.monotonic()
        is_quiet = not came and time.monotonic() - self._newest >= PATIENCE
        if last or self._source.is_over() or (is_quiet and self._source.due() != 0.0):
            while self._held:
                yield self._released()

    def coverage(self) -> list[Coverage]:
        return self._source.coverage()

    def close(self) -> None:
        self._source.close()

    def _take(self, event: Event) -> None:
        if event.time is not None and event.time > self._now:
            self._now = event.time
        if isinstance(event, Exit):
            event = self._with_cause(event)
        keys = keys_of(event)
        if isinstance(event, Exit) and event.source == ACCOUNTING:
            self._accounts[account_of(event)] = None
        if not self._is_told(event, keys):
            held = Held(event, keys)
            self._held.append(held)
            for key in keys:
                known = self._by_key.get(key)
                if known is None:
                    self._by_key[key] = [held]
                else:
                    known.append(held)
        if isinstance(event, Signal) and event.target is not None:
            self._ends_of(event.target)

    def _is_next(self) -> bool:
        """Whether the oldest has waited long enough."""
        if not self._held:
            return False
        time = self._held[0].event.time
        return len(self._held) > HELD_MAX or (time is not None and time < self._now - SAME_DEATH)

    def _released(self) -> Event:
        held = self._held.popleft()
        for key in held.keys:
            left = self._by_key.get(key, [])
            if held in left:
                left.remove(held)
            if not left:
                self._by_key.pop(key, None)
        return held.event if self._finish is None else self._finish(held.event)

    def _is_told(self, event: Event, keys: list[tuple[object, ...]]) -> bool:
        """Whether another witness has told of it already; that telling is made richer then."""
        for key in keys if not isinstance(event, Exit) else asked_for(event, self._accounts):
            for held in self._by_key.get(key, ()):
                if is_same(held.event, event):
                    self._join(held, event)
                    return True
        return False

    def _join(self, held: Held, event: Event) -> None:
        before = held.event
        assert not isinstance(before, Series)
        assert not isinstance(event, Series)
        now = joined(before, event)
        self._change(held, now)
        gone = event.id if now.id == before.id else before.id
        self._aliases[gone] = now.id

    def _ends_of(self, process: Process) -> None:
        """Ends that were told before the signal: of one second, logs may have either first."""
        pid = process.tid if process.pid is None else process.pid
        ends = (self._by_key.get((kind, pid), ()) for kind in ("exit", "accounted"))
        for held in [one for some in ends for one in some] if pid is not None else ():
            if isinstance(held.event, Exit) and held.event.cause is held.event.handled is None:
                self._change(held, self._with_cause(held.event))

    def _change(self, held: Held, event: Event) -> None:
        known, held.event, held.keys = held.keys, event, keys_of(event)
        for key in set(held.keys) - set(known):
            self._by_key.setdefault(key, []).append(held)
        for key in set(known) - set(held.keys):
            if held in self._by_key.get(key, ()):
                self._by_key[key].remove(held)

    def _with_cause(self, event: Exit) -> Exit:
        """The one signal that this process, or this unit by its manager, was just told to be sent, and died of; whoever
        tells of that may know more of the process."""
        if event.cause is not None or event.handled is not None:
            if not self._aliases:
                return event
            return replace(
                event,
                cause=self._aliases.get(event.cause or "", event.cause),
                handled=self._aliases.get(event.handled or "", event.handled),
            )
        found = list(self._that_may_have(event))
        if len(found) != 1:
            return event
        (signal,) = found
        exact = moment(signal) % SECOND != 0 != moment(event) % SECOND
        after = max(0, moment(event) - moment(signal)) if exact else None
        process = _filled(event.process, signal.target)
        return replace(
            event, process=process, number=signal.number, cause=signal.id, after_ns=after
        )

    def _that_may_have(self, event: Exit) -> Iterator[Signal]:
        """The signals that this end may be of: of its number; where only a core is told, those that dump one."""
        if event.number is not None:
            numbers: tuple[int, ...] = (event.number,)
        else:
            numbers = CORES if event.core else ()
        process = event.process
        kind, end = (
            ("signal", process.pid) if process.pid is not None else ("unit signal", process.unit)
        )
        for number in numbers if end is not None else ():
            for held in self._by_key.get((kind, number, end), ()):
                signal = held.event
                if not isinstance(signal, Signal) or not may_be_one_managers(signal, event):
                    continue
                if _came_before(signal, event):
                    yield signal


def is_same(one: Event, other: Event) -> bool:
    """Whether two events tell of one signal, of one attempt, of one death; or are the same words in two files."""
    if isinstance(one, Series) or isinstance(other, Series):
        return False
    if type(one) is not type(other) or _host_differs(one, other):
        return False
    if one.id == other.id and not set(_places(one)).isdisjoint(_places(other)):
        return True  # A recording has what the log says itself.
    if isinstance(one, Exit) and isinstance(other, Exit):
        return one.place != other.place and _is_same_death(one, other)
    # One log tells of a thing once.
    if one.source == other.source and (one.place is None or other.place is None):
        return False
    if other.place is not None and _file(other.place) in map(_file, _places(one)):
        return False
    if isinstance(one, Statement) and isinstance(other, Statement):
        return one.text == other.text and _near(one, other, SECOND)
    if isinstance(one, Signal) and isinstance(other, Signal):
        return _near(one, other, SAME_SIGNAL) and _senders_fit(one, other)
    if isinstance(one, (Failed, Probe)) and isinstance(other, (Failed, Probe)):
        return _near(one, other, SAME_SIGNAL) and one.asked == other.asked and one.call == other.call  # fmt: skip
    return False


def _file(place: Place) -> str | None:
    """The log that a place is in; a journal's entries have cursors."""
    return place.file or place.recording or ("" if place.cursor is not None else None)


def _is_same_death(one: Exit, other: Exit) -> bool:
    if not _near(one, other, SAME_DEATH):
        return False
    end = min(moment(one), moment(other)) if _near(one, other, SOON) else None
    if not starts_fit(one.process.start, other.process.start, end):
        return False
    if one.source == other.source == ACCOUNTING:
        # Each record is an end of its own, but for that of a copy of the file.
        is_copy = one.id == other.id and one.process == other.process
        return is_copy and account_of(one) != account_of(other)
    if one.number is not None and other.number is not None and one.number != other.number:
        return False
    if one.status is not None and other.status is not None and one.status != other.status:
        return False
    if (one.number is None) and (other.number is None) and one.status is None and other.status is None:  # fmt: skip
        return one.process.pid == other.process.pid is not None
    if one.process.pid is not None and other.process.pid is not None:
        return one.process.pid == other.process.pid
    # A manager's exit line has no pid: of the same run, or of the same unit at that moment. Of two such lines each
    # is an end of its own.
    if one.process.pid is None and other.process.pid is None:
        return one.source != other.source and one.process.unit == other.process.unit and _near(one, other, SOON)  # fmt: skip
    if not (_may_be_managers_child(one.process) and _may_be_managers_child(other.process)):
        return False
    runs = one.process.invocation, other.process.invocation
    if None not in runs:
        return runs[0] == runs[1] and one.number is not None and one.number == other.number
    return (
        one.process.unit == other.process.unit
        and one.number is not None
        and one.number == other.number
        and _near(one, other, SOON)
    )


def _may_be_managers_child(process: Process) -> bool:
    """Who starts a unit's main and control processes is init, or a user's systemd; a parent that is not known may be it."""
    if process.ppid in (None, 1):
        return True
    parent = process.ancestors[0].comm if process.ancestors else None
    return parent in (None, b"systemd")


def _host_differs(one: Told, other: Told) -> bool:
    return one.host is not None and other.host is not None and one.host != other.host


def _span(event: Told) -> tuple[int, int] | None:
    """Between which times it was."""
    if event.time is None:
        return None
    whole = event.source in _WHOLE_SECONDS and event.time % SECOND == 0
    return event.time, event.time + (SECOND - 1 if whole else 0)


def _near(one: Told, other: Told, within: int) -> bool:
    first, second = _span(one), _span(other)
    if first is None or second is None:
        return first is second is None and one.source != other.source
    return first[0] <= second[1] + within and second[0] <= first[1] + within


def _came_before(signal: Signal, event: Exit) -> bool:
    if _host_differs(signal, event):
        return False
    first, second = _span(signal), _span(event)
    if first is None or second is None:
        return False
    return first[0] <= second[1] and second[0] <= first[1] + SOON


def _senders_fit(one: Signal, other: Signal) -> bool:
    """Two senders that are known are the same one; of one witness's own two tellings both are meant."""
    if _KERNELS.isdisjoint((one.origin, other.origin)) is False and one.origin != other.origin:
        return False
    first, second = one.sender, other.sender
    if first is None or second is None:
        return True
    if first.pid is not None and second.pid is not None:
        return first.pid == second.pid
    return first.comm is None or second.comm is None or first.comm == second.comm


_KERNELS = frozenset(("oom", "fault", "rlimit", "timer", "tty", "pipe", "seccomp"))


def joined(one: Told, other: Told) -> Told:
    """The stronger witness's event; what it does not know, the other tells."""
    strong, weak = sorted((one, other), key=_rank)
    places = tuple(dict.fromkeys([*_places(strong), *_places(weak)]))
    filled = {
        name: _filled(getattr(strong, name), getattr(weak, name))
        for name in names_of_class(type(strong))
        if name not in _PLACES
    }
    place = places[0] if places else None
    return replace(strong, **filled, place=place, places=places if places[1:] else ())  # fmt: skip


def _rank(event: Told) -> tuple[int, bool]:
    """By witness; of two of a kind, the one with the finer clock."""
    return _RANK.get(event.source, len(_RANK)), event.time is None or event.time % SECOND == 0


def _places(event: Told) -> tuple[Place, ...]:
    return event.places or ((event.place,) if event.place is not None else ())


def _filled(mine: object, others: object) -> object:
    if isinstance(mine, Process) and isinstance(others, Process):
        if mine.pid is not None and others.pid not in (None, mine.pid):
            return mine
        gaps = {
            name: getattr(others, name)
            for name in names_of_class(Process)
            if getattr(mine, name) is None and getattr(others, name) is not None
        }
        return replace(mine, **gaps)
    return others if mine is None else mine
