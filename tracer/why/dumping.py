"""A process that writes its core: it has begun to end, and SIGKILL cuts that short.

complete_signal(), kernel/signal.c: of all signals that one alone is still taken then, and becomes the status that wait(2) tells.
"""

from __future__ import annotations

from tracer.model.event import Signal, moment
from tracer.model.frozen import replace
from tracer.model.signals import CORES, NUMBERS, name_of
from tracer.model.times import span
from tracer.sinks.words import name
from tracer.why.near import SAME_CORE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.why.case import Case
    from tracer.why.finding import Finding
    from tracer.why.tellings import Death

KILL = NUMBERS["KILL"]


def dumped_before(case: Case, kill: Signal) -> Signal | None:
    """The signal of which a process was ending already when SIGKILL came, where a trace saw that nothing kept it from that."""
    if kill.number != KILL:
        return None
    for one in case.sent:
        if (
            one.number in CORES
            and one.source == "core"
            and one.outcome == "delivered"
            and one.tracer is None
            and 0 <= moment(kill) - moment(one) <= SAME_CORE
        ):
            return one
    return None


def cut_short(found: Finding, dumping: Signal, kill: Signal) -> Finding:
    """What ended it, and what hastened that."""
    after = span(moment(kill) - moment(dumping))
    by = "" if kill.sender is None else f" by {name(kill.sender)}"
    why = (
        f"it was ending when {name_of(kill.number)}{by} came {after} later: that cut its core short"
    )
    return replace(
        found,
        evidence=(*found.evidence, kill),
        why=(*found.why, why),
        number=dumping.number,
    )


def is_cut_short(death: Death, other: Death) -> bool:
    """Whether an end by SIGKILL is that of a process that wrote its core and was sent SIGKILL then."""
    return (
        death.number in CORES
        and other.number == KILL
        and any(isinstance(one, Signal) and one.number == KILL for one in death.words)
    )
