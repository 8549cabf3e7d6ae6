"""What a record of the signal itself proves: the kernel's origin of it, or the process that sent it."""

from __future__ import annotations

from tracer.model.event import Exit, moment
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.model.times import SECOND, span
from tracer.model.verdict import Who
from tracer.model.witness import SAID
from tracer.why.behind import behind, who_asked
from tracer.why.case import AT_ONCE, JOINED, NOT_TAKEN
from tracer.why.commands import signal_asked
from tracer.why.deaths import is_coarse
from tracer.why.dumping import cut_short, dumped_before
from tracer.why.finding import (
    ABRT,
    CONT,
    KILL,
    REQUESTS,
    SHUTTERS,
    UNASKED,
    Finding,
    asker,
    managers_words,
    of_session,
)
from tracer.why.kernels import doubt_of_an_oom
from tracer.why.senders import as_far_as_known, is_guard, is_manager
from tracer.why.tellings import is_own_word, line_of, own_words
from tracer.why.unasked import reason_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Exec, Process, Signal, Statement
    from tracer.why.case import Case
    from tracer.why.finding import Witness

# What the kernel's own record of a signal says of the cause, by its origin (tracer.model.origin.ORIGINS).
_ORIGIN_CAUSE = {
    "oom": "oom",
    "timer": "timer",
    "rlimit": "limit",
    "pipe": "pipe",
    "tty": "terminal",
    "parent death": "parent death",
    "pid namespace": "pid namespace",
    "seccomp": "seccomp",
    "ptrace": "ptrace",
    "kernel": "kernel",
    "async io": "kernel",
    "exec": "exec failed",
}
_UNSEEN = "whether its handler raised again what the kernel sent it cannot be seen there"
# So long a handler may take until it raises the signal again: what a request to end still has to finish is long. Of a
# fault it is at once: runtimes go on after such faults, and mean them (a JVM's null checks).
_PATIENCE = 60 * SECOND
_TIME_OF_HANDLERS = {"fault": SECOND}
# Behind a fault nothing but its handler can have run so soon.
_NOTHING_ELSE = SECOND // 200
_WENT_ON = "whether its handler raised the signal again, or it went on after the fault and sent it later, cannot be seen"
CODES_OF_HARDWARE = frozenset((4, 5))  # BUS_MCEERR_AR, BUS_MCEERR_AO


def by_the_signals_record(case: Case) -> Finding | None:
    """The kernel, or the log of its calls, has recorded the signal that this process died of."""
    signal = case.fatal()
    if signal is None:
        return _one_of_several(case)
    dumping = dumped_before(case, signal)
    found = found_by(case, dumping or signal)
    if found is not None and dumping is not None:
        return cut_short(found, dumping, signal)
    doubt = _doubt_of(case, signal)
    if found is None or doubt is None:
        return found
    return replace(found, confidence="likely", why=(*found.why, doubt))


def _doubt_of(case: Case, signal: Signal) -> str | None:
    """What a record leaves open of whether the signal ended this very process."""
    if signal.why == "attempted":
        return "of several targets of that call the log does not say which accepted"
    if signal.target_is_asked:
        return "the pid is the sender's own number for it"
    if signal.origin == "oom":
        return next(iter(doubt_of_an_oom(case, signal)), None)
    refused = signal.seccomp
    if refused is not None and refused.action != "kill process" and signal in case.death.tellings:
        # __secure_computing(), kernel/seccomp.c: with others it goes on.
        return "the filter ends one thread: whether the process had others is not told"
    if _is_hearsay(case, signal):
        return "a program's own log alone tells who sent it"
    return _of_its_age(case, signal)


def _of_its_age(case: Case, signal: Signal) -> str | None:
    """What is open where calls alone are told, and not what became of them: the default action ends a process at once, so what
    was sent long before was held back, or handled; but SIGKILL is neither."""
    age = case.death.time - moment(signal) - SECOND * is_coarse(case.death)
    if signal.outcome is not None or signal.source in JOINED or signal.number == KILL or age <= SECOND:  # fmt: skip
        return None
    return f"it was sent {span(case.death.time - moment(signal))} before the end, and what kept it from ending it at once is not told"


def _is_hearsay(case: Case, signal: Signal) -> bool:
    """Whether any program may have written the line that tells of a sender: those of managers and of guards are told from
    others by who may write them (tracer.statements)."""
    sender = signal.sender
    if signal.source not in SAID or sender is None:
        return False
    if line_of(signal) in own_words(case.near):
        return True
    if is_manager(sender) or is_guard(sender) is not False:
        return False
    return sender.comm not in (*SHUTTERS, b"systemd")


def _one_of_several(case: Case) -> Finding | None:
    """Of several signals nobody can tell which it was: where one sender sent them all, it is that one."""
    suspects = case.suspects()
    senders = {one.sender.pid for one in suspects if one.sender is not None}
    if not suspects or len(senders) > 1 or any(one.sender is None for one in suspects):
        doubt = f"it was one of {len(suspects)} signals, and which one cannot be told"
        return Finding("killed", "likely", tuple(suspects), None, (doubt,)) if suspects else None
    return found_by(case, suspects[0])


def by_the_ends_own_origin(case: Case) -> Finding | None:
    """What saw the end says that it was a fault of the process's own, or seccomp."""
    for one in case.death.tellings:
        if isinstance(one, Exit) and one.origin is not None:
            cause = "crash" if one.origin == "fault" else _ORIGIN_CAUSE.get(one.origin)
            if cause is not None:
                return Finding(cause, "yes", (one,), story=(one,))
    return None


def found_by(case: Case, signal: Signal) -> Finding | None:
    """The cause that a signal is, if the process died of it."""
    if signal.origin == "fault":
        hardware = signal.number == NUMBERS["BUS"] and signal.code in CODES_OF_HARDWARE
        return _found("hardware" if hardware else "crash", signal)
    cause = _ORIGIN_CAUSE.get(signal.origin or "")
    if cause is not None:
        return _found(cause, signal, who=_traced_by(signal) if cause == "ptrace" else None)
    return _sent(case, signal)


def _found(cause: str, signal: Signal, who: Who | None = None) -> Finding:
    return Finding(cause, "yes", (signal,), who, signal=signal, story=(signal,))


def _traced_by(signal: Signal) -> Who | None:
    return behind(signal.sender or signal.tracer)


def _sent(case: Case, signal: Signal) -> Finding | None:
    """By a process: itself, a manager, a memory guard, or anybody."""
    sender = signal.sender
    if sender is None:
        return Finding("killed", "yes", (signal,), signal=signal, story=(signal,))
    if is_itself(sender, case.death.process):
        return _by_itself(case, signal)
    if (guard := is_guard(sender)) is not False:
        found = _found("user oom killer", signal, behind(sender))
        return as_far_as_known(found, sender, guard)
    if sender.comm in SHUTTERS and sender.pid == 1:
        return _found("shutdown", signal, behind(sender))
    if (manager := is_manager(sender)) is not False:
        return as_far_as_known(by_its_manager(case, signal, sender), sender, manager)
    milder = _milder(case, signal)
    return Finding(
        "killed", "yes", (signal, *milder), behind(sender), signal=signal, story=(*milder, signal)
    )


def is_itself(sender: Process, target: Process) -> bool:
    return sender.pid is not None and sender.pid == target.pid


def _milder(case: Case, signal: Signal) -> tuple[Signal, ...]:
    """The milder signal that this one escalates."""
    if signal.escalates is None:
        return ()
    return tuple(one for one in case.sent if one.id == signal.escalates.id)[:1]


def _by_itself(case: Case, signal: Signal) -> Finding | None:
    """abort(3), or a handler that raises again what it took."""
    taken = _taken_before(case, signal)
    own = [one for one in taken if _is_own(case, one) and signal.number == ABRT]
    aborted = [one for one in own if moment(signal) - moment(one) <= AT_ONCE]
    others = [one for one in taken if not _is_own(case, one)]
    earlier = next(iter((*aborted, *reversed(others))), None)
    if earlier is None:
        if signal.number == ABRT:
            return _found("abort", signal)
        # Of calls alone is told elsewhere (audit), and no handler runs for SIGKILL.
        is_sure = signal.source in JOINED or signal.number == KILL
        sure, why = ("yes", ()) if is_sure else ("likely", (_UNSEEN,))
        return Finding("killed", sure, (signal,), Who(signal.sender), why, signal, (signal,))
    found = _found("abort", earlier) if _is_own(case, earlier) else found_by(case, earlier)
    if found is None:
        return None
    took = "it waited for the signal" if earlier.outcome == "awaited" else "its handler ran"
    senders = {one.sender and one.sender.pid for one in others}
    is_one = earlier in aborted or len(senders) == 1
    doubt = () if is_one else (f"to which of {len(senders)} senders it answers cannot be told",)
    if earlier.origin == "fault" and not _is_in_handler(signal, earlier):
        doubt = (_WENT_ON,)
    return replace(
        found,
        confidence="likely" if doubt else found.confidence,
        evidence=(*found.evidence, signal),
        why=(
            *found.why,
            *((f"{took}, and raised the signal again",) if doubt != (_WENT_ON,) else ()),
            *doubt,
        ),
        signal=earlier,
        story=(*found.story, signal),
    )


def _taken_before(case: Case, signal: Signal) -> list[Signal]:
    """What its handler took before it raised the same: of others, of the kernel, and of abort(3), which raises SIGABRT
    again behind a handler that returns."""
    return [
        one
        for one in case.sent
        if one.number == signal.number
        and one is not signal
        and one.outcome not in NOT_TAKEN
        and 0 <= moment(signal) - moment(one) <= _time_of_handler(signal, one)
    ]


def _time_of_handler(signal: Signal, taken: Signal) -> int:
    """A signal is blocked while its handler runs (SA_NODEFER, sigaction(2))."""
    if taken.origin == "fault" and signal.outcome == "blocked":
        return AT_ONCE
    return _TIME_OF_HANDLERS.get(taken.origin or "", _PATIENCE)


def _is_in_handler(signal: Signal, fault: Signal) -> bool:
    return signal.outcome == "blocked" or moment(signal) - moment(fault) <= _NOTHING_ELSE


def _is_own(case: Case, signal: Signal) -> bool:
    """Whether a process sent it to itself; a fault that its handler sends on is a fault."""
    if signal.sender is None or signal.origin in ("fault", *_ORIGIN_CAUSE):
        return False
    return is_itself(signal.sender, case.death.process)


def _words(process: Process | None) -> tuple[bytes, ...]:
    return () if process is None or process.argv is None else process.argv


def _comes_late(signal: Signal, said: Statement) -> bool:
    """Whether a request to end is no consequence of what its manager said: it sends that at once, and SIGKILL when the unit has
    had its time to stop."""
    return signal.number in REQUESTS and moment(signal) - moment(said) > AT_ONCE


def _who_asked_for(case: Case, signal: Signal, at: int) -> Exec | Statement | None:
    """Who asked a manager for what it began at that moment with a signal; who had it send another did not. Commands that the
    signal's own source tells are told by one clock with it."""
    asked = who_asked(case, at, signal.source if signal.source in JOINED else None)
    words = _words(asker(asked))
    return None if b"kill" in words and signal_asked(words) != signal.number else asked


def _stopping(case: Case) -> Statement | None:
    """Its manager's word that it stops its unit."""
    return next((one for one in case.all_said("stop asked") if not is_own_word(one)), None)


def _first_request(case: Case, manager: Process) -> Signal | None:
    """The first of its manager's requests to end, of this stop job where one is told."""
    stopping = _stopping(case)
    since = 0 if stopping is None else moment(stopping) - SECOND
    for one in case.sent:
        is_its = one.sender is not None and one.sender.pid == manager.pid
        if is_its and one.number in REQUESTS and moment(one) >= since:
            return one
    return None


def _goes_on(case: Case, request: Signal) -> bool:
    """Whether its manager sent SIGCONT behind a request to end, as systemd does when it stops a unit, and not when a
    client has it send a signal (unit_kill_context(), unit_kill_common(), src/core/unit.c)."""
    return any(
        one.number == CONT
        and one.sender is not None
        and request.sender is not None
        and one.sender.pid == request.sender.pid
        and 0 <= moment(one) - moment(request) <= SECOND
        for one in case.sent
    )


def by_its_manager(case: Case, signal: Signal, manager: Process) -> Finding:
    """A manager's signal: why it sent it is what it says, or what it was asked, or what it had sent before."""
    said = managers_words(case, signal.number, of_programs=False)
    if said is not None and _comes_late(signal, said[1]):
        said = None
    stopping = _stopping(case)
    asked = _who_asked_for(case, signal, moment(signal))
    # It did as a client asked, then and there; else what it had sent before may be how it began.
    is_kill = stopping is None and b"kill" in _words(asker(asked))
    first = signal if is_kill else _first_request(case, manager) or signal
    if not is_kill:
        # A text has of the manager's signals the last alone: the job began before it.
        job = moment(first) if stopping is None or stopping.time is None else stopping.time
        asked = _who_asked_for(case, first, min(moment(first), job))
    if said is not None and said[0] in UNASKED:
        asked = None
    reason = None if said or stopping or is_kill else reason_of(case, first, manager)
    if reason is not None and asked is not None and reason.time <= moment(asked):
        reason, asked = (reason, None) if reason.promptly else (None, asked)
    person = asker(asked)
    who = behind(manager, person)
    before = (asked, stopping, first if first is not signal else None)
    story = tuple(one for one in before if one is not None)
    if said is not None:
        cause, statement = said
        asked_it = (first,) if cause == "stop timeout" and first is not signal else ()
        evidence: tuple[Witness, ...] = (*asked_it, signal, statement)
        return Finding(cause, "yes", evidence, who, (), signal, (*story, statement, signal))
    why = ("that its unit was being stopped is inferred from the signals alone",)
    if signal.number == KILL and moment(signal) - moment(first) >= SECOND:
        is_sure = stopping is not None or person is not None or _goes_on(case, first)
        sure, doubt = ("yes", ()) if is_sure else ("likely", why)
        doubt = doubt if reason is None else (reason.words,)
        is_unasked = reason is not None and asked is None
        return Finding("stop timeout", sure, (first, signal), who, doubt, signal, (*story, signal), is_unasked)  # fmt: skip
    if case.going_down() is not None:
        return Finding("shutdown", "yes", (signal,), who, (), signal, (*story, signal))
    if reason is not None:
        cause = "killed" if asked is None else of_session(case, "stop")
        sure = "yes" if asked is None and reason.promptly else "likely"
        return Finding(cause, sure, (signal,), who, (reason.words,), signal, (*story, signal))
    if stopping is not None or person is not None:
        evidence = (signal, stopping) if stopping is not None else (signal,)
        cause = "killed" if is_kill else of_session(case, "stop")
        return Finding(cause, "yes", evidence, who, (), signal, (*story, signal))
    if signal.number in REQUESTS:
        # So it ends a start that takes too long, too, and what ran long enough.
        return Finding("stop", "likely", (signal,), who, why, signal, (*story, signal))
    return Finding("killed", "yes", (signal,), who, why, signal, (*story, signal))
