"""What a verdict on one of many deaths looks at: the events that may concern it, other deaths beside it, and the few
events that are told with it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from tracer.model.event import Exec, Failed, Mark, Signal, Statement, moment
from tracer.model.times import SECOND
from tracer.report.gather import ENDING
from tracer.why.case import BEFORE, is_one, speaks_of_unit
from tracer.why.deaths import key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from typing import Union

    from tracer.model.event import Exit
    from tracer.model.verdict import Verdict
    from tracer.why.deaths import Death

    # What verdicts are made of.
    Told = Union[Signal, Exit, Failed, Statement, Exec, Mark]

# What a manager says of starting a unit again, so long after the death.
AGAIN = ("restart scheduled", "start asked", "started")
RESTART_WITHIN = 120 * SECOND
# Requests to end before it that are told with a death.
ASKED_MAX = 4
STOPS = frozenset(("stop", "stop timeout"))


class Beside:
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
    """Events by whom they concern, so that a verdict looks at few. Of signals, those to these pids."""

    def __init__(self, events: Sequence[Told], pids: Container[int | None]) -> None:
        said = [one for one in events if isinstance(one, (Statement, Exec, Mark)) and one.time]
        self._said = sorted(said, key=moment)
        self._times = [moment(one) for one in self._said]
        self._sent: dict[int | None, list[Told]] = {}
        for event in events:
            if isinstance(event, (Signal, Failed)) and event.target is not None:
                key = key_of(event.target)
                if key in pids:
                    self._sent.setdefault(key, []).append(event)

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
