"""Deaths → verdicts → kinds of death: the same again and again is one, with its rhythm.

Each death is judged by itself, so that one kind's cause is not put to another's. Where there are too many, the
newest of each kind are, and how many were not is told.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from tracer.model.event import Exec, Failed, Loss, Mark, Probe, Series, Signal, Statement, moment
from tracer.model.frozen import frozen, replace
from tracer.model.names import telling_name
from tracer.model.text import plain
from tracer.model.times import SECOND
from tracer.model.verdict import Again
from tracer.report.gather import ENDING
from tracer.why.case import BEFORE, is_one, speaks_of_unit
from tracer.why.deaths import deaths_in, key_of
from tracer.why.overview import unordered
from tracer.why.verdict import verdict_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Union

    from tracer.model.coverage import Coverage
    from tracer.model.event import Event, Exit
    from tracer.model.verdict import Verdict
    from tracer.why.deaths import Death

    # What verdicts are made of.
    Told = Union[Signal, Exit, Failed, Statement, Exec, Mark]

JUDGED_MAX = 2_000
# So many events are looked at for all of them: a microsecond each.
LOOKS_MAX = 10_000_000
# What a manager says of starting a unit again, so long after the death.
AGAIN = ("restart scheduled", "start asked", "started")
RESTART_WITHIN = 120 * SECOND
# Requests to end before it that are told with a death.
ASKED_MAX = 4
STOPS = frozenset(("stop", "stop timeout"))


@frozen
class Judged:
    """A death, its verdict, and the events that led to it and came after it, in order."""

    death: Death
    verdict: Verdict
    events: tuple[Told, ...]


@frozen
class Kind:
    """Deaths that are alike, oldest first; ``newest`` stands for them. ``every`` (ns): their rhythm, if they have
    one; ``bursts``: that of several at once."""

    newest: Judged
    all: tuple[Judged, ...]
    every: int | None
    bursts: int | None
    ordered: bool

    @property
    def times(self) -> list[int]:
        return [one.death.time for one in self.all]


@frozen
class Judgement:
    """``kinds`` by the time of their newest, of so many ``deaths``; ``left`` were not judged; ``plain`` ended with status 0."""

    kinds: tuple[Kind, ...]
    deaths: int
    left: int
    plain: int


def judged(
    events: Sequence[Event],
    coverages: Sequence[Coverage],
    wanted: Callable[[Death, Verdict], bool],
) -> Judgement:
    """The verdicts on all deaths that are ``wanted``."""
    told = [one for one in events if not isinstance(one, (Series, Loss, Probe))]
    deaths = deaths_in(told)
    telling = [one for one in deaths if one.number is not None or one.status != 0]
    witnesses = Witnesses(told)
    beside = _Beside(deaths)
    found: list[Judged] = []
    looks = left = 0
    for death in _newest_of_each(telling):
        near = witnesses.of(death)
        looks += len(near)
        if len(found) >= JUDGED_MAX or looks > LOOKS_MAX:
            left += 1
            continue
        verdict = verdict_of(death, near, coverages, beside.of(death))
        if wanted(death, verdict):
            found.append(Judged(death, verdict, witnesses.story(death, verdict, near)))
    kinds = _kinds(found)
    return Judgement(tuple(kinds), len(found), left, len(deaths) - len(telling))


def _newest_of_each(deaths: Sequence[Death]) -> list[Death]:
    """The newest of each kind first, then the second newest of each, and so on."""
    nth: dict[object, int] = {}
    ranked = []
    for death in sorted(deaths, key=lambda one: one.time, reverse=True):
        kind = death.host, death.process.unit, telling_name(death.process), death.number, death.status  # fmt: skip
        nth[kind] = nth.get(kind, 0) + 1
        ranked.append((nth[kind], death))
    return [death for _, death in sorted(ranked, key=lambda pair: (pair[0], -pair[1].time))]


def _kinds(found: Sequence[Judged]) -> list[Kind]:
    alike: dict[object, list[Judged]] = {}
    for one in sorted(found, key=lambda one: one.death.time):
        alike.setdefault(_kind(one.verdict), []).append(one)
    made = [_folded(some) for some in alike.values()]
    return sorted(made, key=lambda kind: kind.times[-1])


def _kind(verdict: Verdict) -> object:
    process, who = verdict.process, verdict.who
    by = None if who is None else who.asked or who.sender
    return (
        verdict.host,
        verdict.unit,
        None if process is None else telling_name(process),
        verdict.cause,
        verdict.confidence,
        verdict.number,
        verdict.status,
        None if by is None else telling_name(by),
    )


def _folded(some: list[Judged]) -> Kind:
    times = [one.death.time for one in some]
    every = rhythm(times)
    again = Again(len(some), every, times[0], tuple(times[-4:-1])) if len(some) > 1 else None
    newest = replace(some[-1], verdict=replace(some[-1].verdict, again=again))
    bursts = None if every else rhythm(bursts_of(times))
    return Kind(newest, tuple(some), every, bursts, not unordered(newest.verdict))


def rhythm(times: Sequence[int]) -> int | None:
    """The usual pause, if no pause differs from it by more than a tenth."""
    pauses = sorted(later - earlier for earlier, later in zip(times, times[1:]))
    usual = pauses[len(pauses) // 2] if len(pauses) > 1 else 0
    steady = usual > 0 and all(abs(one - usual) <= usual // 10 for one in pauses)
    return usual if steady else None


def bursts_of(times: Sequence[int]) -> list[int]:
    """The first moment of each burst: what comes within a second of the one before belongs to it."""
    return [
        time
        for before, time in zip([None, *times], times)
        if before is None or time - before > SECOND
    ]


class _Beside:
    """Other deaths that a verdict asks for: of the same pid before, and of the same unit then."""

    def __init__(self, deaths: Sequence[Death]) -> None:
        self._deaths = deaths
        self._times = [one.time for one in deaths]
        self._of_pid: dict[int | None, list[Death]] = {}
        for one in deaths:
            self._of_pid.setdefault(key_of(one.process), []).append(one)

    def of(self, death: Death) -> list[Death]:
        first = bisect_left(self._times, death.time - 2 * SECOND)
        last = bisect_right(self._times, death.time + 2 * SECOND)
        unit = death.process.unit
        near = [one for one in self._deaths[first:last] if unit and one.process.unit == unit]
        key = key_of(death.process)
        return near if key is None else near + self._of_pid[key]


class Witnesses:
    """Events by whom they concern, so that a verdict looks at few."""

    def __init__(self, events: Sequence[Told]) -> None:
        said = [one for one in events if isinstance(one, (Statement, Exec, Mark)) and one.time]
        self._said = sorted(said, key=moment)
        self._times = [moment(one) for one in self._said]
        self._sent: dict[int | None, list[Told]] = {}
        for event in events:
            if isinstance(event, (Signal, Failed)) and event.target is not None:
                self._sent.setdefault(key_of(event.target), []).append(event)

    def of(self, death: Death) -> list[Told]:
        """What may have to do with it."""
        key = key_of(death.process)
        sent = [] if key is None else self._sent.get(key, [])
        return self._between(death.time - BEFORE, death.time + BEFORE) + sent

    def _between(self, first: int, last: int) -> list[Told]:
        return list(self._said[bisect_left(self._times, first) : bisect_right(self._times, last)])

    def story(self, death: Death, verdict: Verdict, near: Sequence[Told]) -> tuple[Told, ...]:
        """The events that a verdict stands on, and the unit's next start."""
        ids = {*verdict.story, *(one.id for one in verdict.evidence)}
        mine: list[Told] = [one for one in near if one.id in ids]
        known = {(one.id, type(one)) for one in mine}
        mine += [one for one in death.tellings if (one.id, type(one)) not in known]
        mine += [one for one in _asked_to_end(death, near) if one.id not in ids][-ASKED_MAX:]
        known.update((one.id, type(one)) for one in mine)
        mine += [
            one for one in _said_of(death, verdict.cause, near) if (one.id, type(one)) not in known
        ]
        unit = death.process.unit
        for said in self._between(death.time, death.time + RESTART_WITHIN) if unit else ():
            about = said.about if isinstance(said, Statement) else None
            is_again = isinstance(said, Statement) and said.what in AGAIN
            if is_again and about is not None and about.unit == unit and said.host == death.host:
                mine.append(said)
                break
        return tuple(sorted(mine, key=moment))


def _asked_to_end(death: Death, near: Sequence[Told]) -> list[Signal]:
    """What this very process was sent before, that asks for its end."""
    return [
        one
        for one in near
        if isinstance(one, Signal)
        and one.number in ENDING
        and is_one(one.target, death.process)
        and 0 <= death.time - moment(one) <= BEFORE
    ]


def _said_of(death: Death, cause: str, near: Sequence[Told]) -> list[Statement]:
    """The numbers of its OOM report, and when its unit's stop was asked for, where that is what it was."""
    said = [one for one in near if isinstance(one, Statement) and one.time is not None]
    before = [one for one in said if -10 * SECOND <= death.time - moment(one) <= BEFORE]
    reports = [one for one in before if one.what == "oom report" and is_one(one.about, death.process)]  # fmt: skip
    if cause not in STOPS:
        return reports[-1:]
    asked = [one for one in before if one.what == "stop asked" and speaks_of_unit(one, death.process)]  # fmt: skip
    return asked[-1:]


def subject_of(verdict: Verdict) -> str:
    """What ended: the program, else the unit."""
    name = None if verdict.process is None else telling_name(verdict.process)
    return verdict.unit or "-" if name is None else plain(name)
