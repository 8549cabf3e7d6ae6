"""Which run of a unit is meant where a log does not tell it: what is said to have ended, or begun, between that and the
end."""

from __future__ import annotations

from tracer.model.event import Exit, Statement, moment
from tracer.model.starts import is_whole
from tracer.model.times import SECOND
from tracer.model.witness import COARSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    from tracer.model.event import Event, Exec, Signal
    from tracer.why.deaths import Death

    Witness = Union[Signal, Exit, Statement, Exec]

# What is said when a unit begins again, and when a run of it is over.
BEGINS = ("restart scheduled", "start asked", "started")
_TURNS = ("unit failed", "unit succeeded", "stopped", "container ended", *BEGINS)


def is_of_another_run(said: Statement, death: Death, unit_says: Iterable[Statement]) -> bool:
    """Whether something is said of an earlier run of the unit or container, or of a later one. What names the process, or
    its run, is not; nor is a scope's, which is never started again."""
    about, process = said.about, death.process
    if about is None or (process.unit or b"").endswith(b".scope"):
        return False
    if None not in (about.pid, process.pid) or None not in (about.invocation, process.invocation):
        return False
    told = {id(one) for one in (said, *death.tellings)}
    turns = (one for one in unit_says if one.what in _TURNS and id(one) not in told)
    return any(_is_between(said, turn, death) for turn in turns)


def has_begun_since(
    event: Exec | Signal | Statement, death: Death, unit_says: Iterable[Statement]
) -> bool:
    """Whether a process was born, or a run of its unit began, between an event and its end: that event met the one before."""
    start, at = death.process.start, event.time
    if start is not None and at is not None and not is_whole(start) and at < start:
        return True
    begun = (one for one in unit_says if one.what in BEGINS and _is_before_the_end(one, death))
    return at is not None and any(_is_before(event, one) for one in begun)


def is_clock_set_between(event: Event, death: Death, near: Iterable[Event]) -> bool:
    """Whether the clock was set between two lines of one log: how long after the first the second was written is not known."""
    if not isinstance(event, Statement):
        return False
    return any(
        _is_apart(event, one, end)
        for one in near
        if isinstance(one, Statement) and one.what == "clock step"
        for end in _ends(death)
    )


def _is_apart(first: Statement, step: Statement, end: Exit | Statement) -> bool:
    before, after = _lines(first, step), _lines(step, end)
    return (
        before is not None and after is not None and before[0] < before[1] and after[0] < after[1]
    )


def _is_between(said: Statement, turn: Statement, death: Death) -> bool:
    if _is_before_the_end(turn, death):
        return _is_before(said, turn)
    return (
        turn.what in BEGINS
        and moment(said) > death.time
        and _is_behind_the_end(turn, death)
        and _is_before(turn, said)
    )


def _is_before(one: Exec | Signal | Statement, other: Statement) -> bool:
    """In the order of their lines where one log has both: its seconds may be whole ones."""
    lines = _lines(one, other)
    return moment(one) <= moment(other) if lines is None else lines[0] < lines[1]


def _is_before_the_end(one: Statement, death: Death) -> bool:
    for end in _ends(death):
        lines = _lines(one, end)
        if lines is not None:
            return lines[0] < lines[1]
    return moment(one) + (SECOND - 1 if _is_whole(one) else 0) < death.time


def _is_behind_the_end(one: Statement, death: Death) -> bool:
    for end in _ends(death):
        lines = _lines(one, end)
        if lines is not None:
            return lines[0] > lines[1]
    return moment(one) > death.time


def _ends(death: Death) -> list[Exit | Statement]:
    return [one for one in death.tellings if isinstance(one, (Exit, Statement))]


def _is_whole(one: Statement) -> bool:
    """Whether its time may have lost its fraction."""
    return one.source in COARSE and moment(one) % SECOND == 0


def _lines(one: Witness, other: Witness) -> tuple[int, int] | None:
    mine, theirs = one.place, other.place
    if mine is None or theirs is None or mine.file is None or mine.file != theirs.file:
        return None
    if mine.line is None or theirs.line is None:
        return None
    return mine.line, theirs.line
