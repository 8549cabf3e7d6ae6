"""An end with a status, after a request to end that the process took: whether it is the answer."""

from __future__ import annotations

from tracer.model.event import Exit, moment
from tracer.model.frozen import replace
from tracer.model.signals import name_of
from tracer.model.times import span
from tracer.sinks.words import name
from tracer.why.behind import behind
from tracer.why.case import AT_ONCE, NOT_TAKEN
from tracer.why.deaths import OF_A_SIGNAL
from tracer.why.finding import REQUESTS, Finding, exits_of
from tracer.why.recorded import by_its_manager, is_itself
from tracer.why.senders import as_far_as_known, is_manager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Signal
    from tracer.why.case import Case
    from tracer.why.finding import Witness


def by_a_request_that_it_took(case: Case) -> Finding | None:
    """Somebody asked it to end, and it took the request before it exited."""
    signal = taken_by(case)
    if signal is None or signal.sender is None:
        return None
    sender = signal.sender
    if (manager := is_manager(sender)) is not False:
        found = replace(by_its_manager(case, signal, sender), signal=signal)
        return as_far_as_known(found, sender, manager)
    why = (_words(case, signal), *_of_others(case, signal))
    evidence: tuple[Witness, ...] = (signal, *exits_of(case))
    return Finding("killed", "likely", evidence, behind(sender), why, signal, (signal,))


def by_itself_long_after(case: Case) -> Finding | None:
    """The same, where it went on for long, and its status is none that such a request is answered with: for that, or of its
    own accord."""
    signal = taken_by(case)
    if signal is None or signal.sender is None or is_manager(signal.sender) is not False:
        return None
    status = case.death.status
    is_answer = status in (0, OF_A_SIGNAL + signal.number)
    if is_answer or case.death.time - moment(signal) <= AT_ONCE:
        return None
    after = span(case.death.time - moment(signal))
    why = f"it went on for {after} after {name_of(signal.number)} by {name(signal.sender)}, and {status} is no answer to that"
    return Finding("exit", "likely", exits_of(case), None, (why,))


def taken_by(case: Case) -> Signal | None:
    """The last request to end that a process took before it exited, of somebody else's."""
    death = case.death
    taken = {one.handled for one in death.tellings if isinstance(one, Exit) and one.handled}
    for signal in reversed(case.sent):
        if signal.id in taken and signal.number in REQUESTS and signal.sender is not None:
            return None if is_itself(signal.sender, death.process) else signal
    return None


def _words(case: Case, signal: Signal) -> str:
    after = span(max(0, case.death.time - moment(signal)))
    return f"it took {name_of(signal.number)} {after} before; that it exited {case.death.status} because of it is inferred"


def _of_others(case: Case, signal: Signal) -> tuple[str, ...]:
    """That others had asked for the same."""
    asked = {
        one.sender.pid
        for one in case.sent
        if one.number in REQUESTS
        and one.sender is not None
        and not is_itself(one.sender, case.death.process)
        and one.outcome not in NOT_TAKEN
        and moment(one) <= case.death.time
    }
    asked.discard(None if signal.sender is None else signal.sender.pid)
    return (f"{len(asked)} more had asked it to end, too",) if asked else ()
