"""How often the same came before, and what else the same program or unit has died of."""

from __future__ import annotations

from tracer.model.frozen import replace
from tracer.model.names import names_of, telling_name
from tracer.model.rhythm import rhythm
from tracer.model.times import SECOND
from tracer.model.verdict import Again, Otherwise
from tracer.why.deaths import calls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from typing import Optional, TypeVar

    from tracer.model.verdict import Verdict
    from tracer.why.deaths import Death

    T = TypeVar("T")
    # ``None``: it was not judged.
    Earlier = tuple[Death, Optional[Verdict]]

# So near to each other several are killed together.
_TOGETHER = 2 * SECOND


def kind_of(verdict: Verdict) -> tuple[Hashable, ...]:
    """What deaths have in common that are the same again: the cause, the signal or status, the program that sent it."""
    sender = None if verdict.who is None else verdict.who.sender
    by = None if sender is None else telling_name(sender)
    return verdict.cause, verdict.number, verdict.status, by


def alike(death: Death) -> Hashable:
    """What deaths have in common that may be of one kind, before they are judged."""
    process = death.process
    return death.host, process.unit, telling_name(process), death.number, death.status


def newest_of_each(some: Iterable[T], death_of: Callable[[T], Death]) -> list[T]:
    """The newest of each kind first, then the second newest of each, and so on."""
    nth: dict[Hashable, int] = {}
    ranked = []
    for one in sorted(some, key=lambda one: death_of(one).time, reverse=True):
        kind = alike(death_of(one))
        nth[kind] = nth.get(kind, 0) + 1
        ranked.append((nth[kind], one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def is_before(one: Death, death: Death, verdict: Verdict) -> bool:
    """Whether a death is an earlier one of the same program or unit, and no part of this one."""
    if one.time >= death.time or not _is_namesake(one, death):
        return False
    together = {process.pid for process in verdict.left if process.pid is not None}
    is_part = one.process.pid in together and death.time - one.time <= _TOGETHER
    return not is_part and calls_of(one).isdisjoint(calls_of(death))


def with_repeats(verdict: Verdict, death: Death, earlier: Iterable[Earlier]) -> Verdict:
    """The verdict, with what came before. Who was not judged is counted by the signal or status alone, and that is told."""
    like: list[Death] = []
    commands = {_command(verdict)}
    others: list[Verdict] = []
    blind = 0
    for one, judged in earlier:
        if judged is None:
            if (one.number, one.status) == (death.number, death.status):
                like.append(one)
                commands.add(None)
                blind += 1
        elif kind_of(judged) == kind_of(verdict):
            like.append(one)
            commands.add(_command(judged))
        else:
            others.append(judged)
    again = _again(sorted(one.time for one in like), death.time, blind)
    if again is not None and len(commands) == 1 and None not in commands:
        again = replace(again, same_command=True)
    return replace(verdict, again=again, otherwise=_otherwise(others))


def _command(verdict: Verdict) -> tuple[bytes, ...] | None:
    """The command line that was behind it."""
    who = verdict.who
    process = None if who is None else who.asked or who.sender
    return None if process is None else process.argv


def _again(times: Sequence[int], last: int, blind: int) -> Again | None:
    if not times:
        return None
    whole = [*times, last]
    return Again(len(whole), rhythm(whole), times[0], tuple(whole[-4:-1]), blind or None)


def _otherwise(others: Iterable[Verdict]) -> tuple[Otherwise, ...]:
    """Each kind with its number, the most frequent first."""
    kinds: dict[tuple[Hashable, ...], list[Verdict]] = {}
    for one in others:
        kinds.setdefault(kind_of(one), []).append(one)
    ranked = sorted(kinds.values(), key=lambda some: -len(some))
    return tuple(map(_told, ranked))


def _told(alike: Sequence[Verdict]) -> Otherwise:
    one = alike[0]
    sender = None if one.who is None else one.who.sender
    return Otherwise(
        len(alike),
        one.cause,
        one.number,
        one.status,
        None if sender is None else telling_name(sender),
        max((verdict.time for verdict in alike if verdict.time is not None), default=None),
    )


def _is_namesake(one: Death, other: Death) -> bool:
    """Whether two ends are of the same program or unit."""
    mine, theirs = one.process, other.process
    if one.host != other.host:
        return False
    if None not in (mine.unit, theirs.unit) and mine.unit != theirs.unit:
        return False
    if mine.unit is not None and mine.unit == theirs.unit and mine.comm == theirs.comm:
        return True
    return names_of(mine)[:1] == names_of(theirs)[:1] != ()
