"""A death in one line, for a log: "nginx[812] was killed with SIGKILL by pkill[991] ← deploy.sh ← sshd (alice)".

Names alone: no word of a command line but its first.
"""

from __future__ import annotations

from tracer.model.frozen import replace
from tracer.model.text import printable, shown
from tracer.why.chain import chain
from tracer.why.deaths import deaths_in
from tracer.why.verdict import verdict_of
from tracer.why.words import headline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.model.event import Event, Exit, Process
    from tracer.model.verdict import Verdict, Who

_STEPS = 4


def verdict_on(end: Exit, events: Sequence[Event]) -> Verdict | None:
    """The verdict on an end, from events near it that include it."""
    for death in deaths_in(events):
        if end in death.tellings:
            return verdict_of(death, events, ())
    return None


def sentence(verdict: Verdict) -> str:
    """The verdict in one line; the host is the log's own, and the unit the entry's."""
    is_named = verdict.process is not None and verdict.process.comm is not None
    told = headline(replace(verdict, host=None, unit=None if is_named else verdict.unit))
    return told if verdict.who is None else told + _behind(verdict.who)


def _behind(who: Who) -> str:
    """From the parents of who did it up to the first process of the host, and the person."""
    process = who.asked or who.sender
    steps = "".join(f" ← {name}" for name in _parents(process)) if process is not None else ""
    user = who.login.user if who.login is not None else None
    by = f"; asked by {shown(who.asked.comm or b'-')}" if who.asked is not None else ""
    return f"{by}{steps}" + (f" ({printable(user)})" if user else "")


def _parents(process: Process) -> list[str]:
    steps = [step for step in process.ancestors if step.pid != 1 and step.comm]
    return chain(steps, lambda step: shown(step.comm or b"-"), _STEPS)
