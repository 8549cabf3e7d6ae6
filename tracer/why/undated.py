"""Events of lines that bear no date: a kernel's ring as dmesg(1) prints it has the time since boot, other pastes nothing.

Deaths are found by time, so such events are given one here: that of the clock since boot, as if the host had booted at the
epoch; else the order of the lines, one a second. What is said of them in the end has no such time in it.
"""

from __future__ import annotations

from tracer.model.event import Exit, Signal, Statement
from tracer.model.frozen import replace
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from tracer.model.event import Place
    from tracer.model.verdict import Evidence, Verdict
    from tracer.why.ask import Witness

    W = TypeVar("W", bound=Witness)

_YEAR = 365 * 86_400 * SECOND
# Where moments begin that are put by the order of lines, and where those that a line bore itself do.
_BY_ORDER, _DATED = 10 * _YEAR, 20 * _YEAR
# What is asked for a moment by itself: in the order of lines there is none.
_OF_A_MOMENT = frozenset(("command asked", "command refused", "cron ran", "authorised", "logged in", "shutdown", "shutdown kill", "boot"))  # fmt: skip
BY_ORDER = "its lines bear no time: they are joined by their order"


def placed(event: W) -> W:
    """The same; of a line that bears no date with a time to find it by, where it has any."""
    if event.time is not None or not isinstance(event, (Signal, Exit, Statement)):
        return event
    if event.since_boot_ns is not None:
        return replace(event, time=event.since_boot_ns)
    if event.place is None or event.place.line is None:
        return event
    if isinstance(event, Statement) and event.what in _OF_A_MOMENT:
        return event
    return replace(event, time=_BY_ORDER + event.place.line * SECOND)


def is_dated(time: int) -> bool:
    """Whether a line bore this moment, with its date."""
    return time >= _DATED


def is_by_order(time: int) -> bool:
    """Whether a line bore no time at all: from one such moment to another nothing is known to have passed."""
    return _BY_ORDER <= time < _DATED


def as_told(verdict: Verdict) -> Verdict:
    """The verdict without times that no line bore; by the order of lines alone nothing of several of them is proved."""
    if verdict.time is None or is_dated(verdict.time):
        return verdict
    by_order = is_by_order(verdict.time)
    again = verdict.again and replace(verdict.again, first=None, times=(), every=None if by_order else verdict.again.every)  # fmt: skip
    told = replace(
        verdict,
        time=None,
        again=again,
        evidence=tuple(map(_undated, verdict.evidence)),
        near=tuple(map(_undated, verdict.near)),
        otherwise=tuple(replace(one, last=None) for one in verdict.otherwise),
        ruled_out=tuple(replace(one, coverage=None) for one in verdict.ruled_out),
        then=() if by_order else verdict.then,
    )
    if by_order and told.confidence == "yes" and len(set(map(_line, told.evidence))) > 1:
        return replace(told, confidence="likely", doubts=(*told.doubts, BY_ORDER))
    return told


def _line(one: Evidence) -> Place | str | None:
    return one.place or one.id


def _undated(one: Evidence) -> Evidence:
    return replace(one, time=None) if one.time is None or not is_dated(one.time) else one
