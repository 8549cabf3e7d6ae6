"""The timer behind a sender: where its parents lead to a unit that a timer starts."""

from __future__ import annotations

from tracer.model.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.model.verdict import Verdict


def with_timer(verdict: Verdict, timer_of: Callable[[bytes], bytes | None]) -> Verdict:
    """The verdict; ``timer_of`` knows a host's units."""
    who = verdict.who
    process = None if who is None else who.asked or who.sender
    if who is None or who.via != "unit" or process is None or process.unit is None:
        return verdict
    if process.pid == 1:
        return verdict
    timer = timer_of(process.unit)
    return (
        verdict if timer is None else replace(verdict, who=replace(who, via="timer", timer=timer))
    )
