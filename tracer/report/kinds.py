"""Deaths that were judged → kinds of death: the same again and again is one, with its rhythm."""

from __future__ import annotations

from tracer.model.frozen import frozen, replace
from tracer.model.names import telling_name
from tracer.model.rhythm import rhythm
from tracer.model.text import plain
from tracer.model.times import SECOND
from tracer.model.verdict import Again
from tracer.why.overview import unordered
from tracer.why.repeats import alike, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from tracer.model.verdict import Verdict
    from tracer.report.witnesses import Told
    from tracer.why.deaths import Death


@frozen
class Judged:
    """A death, its verdict, and the events that led to it and came after it, in order."""

    death: Death
    verdict: Verdict
    events: tuple[Told, ...]


@frozen
class Kind:
    """Deaths that are alike, oldest first; ``newest`` stands for them. ``every`` (ns): their rhythm, if they have
    one; ``bursts``: that of several at once. ``not_judged``: so many more, by what ``alike`` looks at,
    which does not tell of which kind they are: the newest of these kinds has them."""

    newest: Judged
    all: tuple[Judged, ...]
    every: int | None
    bursts: int | None
    ordered: bool
    not_judged: int = 0

    @property
    def times(self) -> list[int]:
        return [one.death.time for one in self.all]


def kinds_of(found: Sequence[Judged], left: Mapping[Hashable, int]) -> list[Kind]:
    """By the time of the newest of each. ``left`` were not judged, by ``alike``."""
    same: dict[object, list[Judged]] = {}
    for one in sorted(found, key=lambda one: one.death.time):
        same.setdefault(_kind(one.verdict), []).append(one)
    rest = dict(left)
    by_time = sorted(same.values(), key=lambda some: some[-1].death.time)
    return [_folded(some, rest.pop(alike(some[-1].death), 0)) for some in by_time[::-1]][::-1]


def _kind(verdict: Verdict) -> object:
    """The same again, as ``why`` has it, of one program or unit, as sure, and asked for by one program."""
    process, asked = verdict.process, None if verdict.who is None else verdict.who.asked
    return (
        *kind_of(verdict),
        verdict.confidence,
        verdict.host,
        verdict.unit,
        None if process is None else telling_name(process),
        None if asked is None else telling_name(asked),
    )


def _folded(some: list[Judged], not_judged: int) -> Kind:
    times = [one.death.time for one in some]
    every = rhythm(times)
    again = Again(len(some), every, times[0], tuple(times[-4:-1])) if len(some) > 1 else None
    newest = replace(some[-1], verdict=replace(some[-1].verdict, again=again))
    bursts = None if every else rhythm(bursts_of(times))
    return Kind(newest, tuple(some), every, bursts, not unordered(newest.verdict), not_judged)


def bursts_of(times: Sequence[int]) -> list[int]:
    """The first moment of each burst: what comes within a second of the one before belongs to it."""
    return [
        time
        for before, time in zip([None, *times], times)
        if before is None or time - before > SECOND
    ]


def subject_of(verdict: Verdict) -> str:
    """What ended: the program, else the unit."""
    name = None if verdict.process is None else telling_name(verdict.process)
    return verdict.unit or "-" if name is None else plain(name)
