"""An audit event → what it says about signals: who sent which to whom, and whether it was refused.

OBJ_PID lists the targets that were *attempted* (audit_signal_info() runs before the permission check,
kernel/signal.c check_kill_permission()); ptrace writes it too. ``success=yes`` of a wide kill means that
at least one target accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tracer.audit import deaths, lost, record
from tracer.audit.calls import BY_NAME, CALLS, Call, arch_of, call_of, is_foreign
from tracer.audit.evidence import Evidence
from tracer.audit.fields import Fields, as_pid, errno_name, hexadecimal, pid_argument
from tracer.audit.known import Known, fields_of, find
from tracer.audit.policy import refused, with_policy
from tracer.audit.record import Group, Record, Stamp, host_of
from tracer.audit.usual import Sent, Usual, sent_of
from tracer.audit.watching import INTERRUPTING
from tracer.model.event import Failed, Loss, Place, Probe, Process, Signal
from tracer.model.event import lost as lost_event
from tracer.model.frozen import replace
from tracer.model.outcome import ATTEMPTED
from tracer.model.signals import FIRST, LAST, NUMBERS, number_of

if TYPE_CHECKING:
    from tracer.model.event import Event

SOURCE = "audit log"
_READERS = {**deaths.READERS, record.LOST: lost.loss}
KILL = NUMBERS["KILL"]
# ausearch spells signal 30 IGPWR (auparse/signaltab.h), and has no names for real-time signals.
_MISSPELT = {b"IGPWR": 30, b"SIG0": 0}


class NotUnderstood(Exception):
    """An event that is about a signal, but whose text cannot be read."""

    def __init__(self, why: str, one: Record) -> None:
        super().__init__(why)
        self.why = why
        self.record = one


class Attempt(NamedTuple):
    """One call that sends signals, as its SYSCALL record tells it."""

    call: Call
    number: int | None
    error: str | None
    sender: Process
    asked: int | None
    tid: int | None


def events_of(group: Group, known: Known, evidence: Evidence) -> list[Event]:
    """The events in one audit event; raises NotUnderstood. What it says of processes goes to ``known``."""
    sent = sent_of(group)
    if sent is not None:
        return _of_sent(group, sent, known, evidence)
    if isinstance(group, Usual):  # another call
        evidence.first_process = evidence.first_process or group.pid == 1
        known.see(group)
        return []
    events: list[Event] = []
    call = _call_record(group)
    if call is not None:
        events = with_policy(_of_call(group, call, known, evidence), group)
    for one in group.records:
        if one.type in _READERS:
            events += _READERS[one.type](group, one, known)
        elif one.type == record.AVC:
            events += refused(group, one)
        elif one.type == record.CONFIG_CHANGE:
            evidence.rule(group)
        elif one.type == record.OBJ_PID and call is None:
            events.append(_without_call(group, one))
        if one.type in INTERRUPTING:
            evidence.watching.note(group, one)
    return events


def _call_record(group: Group) -> Record | None:
    """Where a damaged log has several of one event, the one that can be read as a call that sends signals."""
    calls = _records(group, record.SYSCALL)
    if len(calls) < 2:
        return calls[0] if calls else None
    return next((one for one in calls if _sends(fields_of(one))), calls[0])


def _sends(fields: Fields) -> bool:
    call = call_of(fields.get(b"arch"), fields.get(b"syscall", b""))
    if call is None:
        return False
    return signal_number(fields.get(b"a%d" % call.signal)) is not None or bool(_error(fields))


def _of_sent(group: Group, sent: Sent, known: Known, evidence: Evidence) -> list[Event]:
    which, number, error, arguments, who, whom = sent
    call, caller = CALLS[which], known.described(who)
    sender = known.with_whole_argv(group, caller) if caller.argv_cut else caller
    tid = None if call.tid is None else as_pid(arguments[call.tid])
    targets = [known.completed(group, known.described(one)) for one in whom]
    attempt = Attempt(call, number, error, sender, as_pid(arguments[0]), tid)
    events = _told(attempt, targets, group, known, evidence)
    known.see_sender(group.stamp, caller)
    return events


def _of_call(group: Group, one: Record, known: Known, evidence: Evidence) -> list[Event]:
    fields = fields_of(one)
    arch, syscall = fields.get(b"arch"), fields.get(b"syscall", b"")
    call = call_of(arch, syscall)
    if call is None:
        _check_arch(group, one, arch, syscall)
        evidence.first_process = evidence.first_process or b" pid=1 " in one.body
        known.see(group)
        return []
    attempt = _attempt(call, group, one, fields, known)
    named = _records(group, record.OBJ_PID) or _records(group, record.LANDLOCK_ACCESS)
    targets = [known.victim(group, one) for one in named]
    events = _told(attempt, targets, group, known, evidence)
    if attempt.sender.pid is not None:
        known.see(group)
    return events


def _told(
    attempt: Attempt, targets: list[Process], group: Group, known: Known, evidence: Evidence
) -> list[Event]:
    evidence.calls.add(attempt.call.name)
    evidence.watching.shown(group)
    evidence.first_process = evidence.first_process or attempt.sender.pid == 1
    return _sent(attempt, targets, group, known)


def _check_arch(group: Group, one: Record, arch: bytes | None, syscall: bytes) -> None:
    if not syscall:
        raise NotUnderstood("which call it was cannot be read", one)
    if arch is not None and is_foreign(arch) and syscall in BY_NAME:
        raise NotUnderstood("a call named from the table of another architecture", one)
    if arch is not None and arch_of(arch) is None and find(group, record.OBJ_PID) is not None:
        raise NotUnderstood("a call of an architecture that is not known", one)


def _attempt(call: Call, group: Group, one: Record, fields: Fields, known: Known) -> Attempt:
    number, error = signal_number(fields.get(b"a%d" % call.signal)), _error(fields)
    if number is None and error is None:
        raise NotUnderstood("the signal's number cannot be read", one)
    return Attempt(
        call,
        number,
        error,
        known.with_whole_argv(group, known.sender(group, one)),
        pid_argument(fields.get(b"a0")),
        None if call.tid is None else pid_argument(fields.get(b"a%d" % call.tid)),
    )


def signal_number(value: bytes | None) -> int | None:
    """The signal in a register (hex, an int for the kernel) or in ausearch's words; 0 is a probe."""
    if value is None:
        return None
    if value in _MISSPELT:
        return _MISSPELT[value]
    if value.startswith(b"unknown-signal("):
        value = value[15:].rstrip(b")")
    number = hexadecimal(value)
    if number is not None:
        return number & 0xFFFFFFFF
    return number_of(value.decode("ascii", "replace")) if value[:3] == b"SIG" else None


def _error(fields: Fields) -> str | None:
    """The errno's name if the call was refused, None if it was not."""
    if fields.get(b"success") != b"no":
        return None
    return errno_name(fields.get(b"exit", b""))


def _sent(attempt: Attempt, victims: list[Process], group: Group, known: Known) -> list[Event]:
    if len(victims) > 1:
        victims = list({victim.pid: victim for victim in reversed(victims)}.values())[::-1]
    targets = [victim for victim in victims if victim.pid is not None]
    stamp, id_ = group.stamp, group.id()
    where = stamp.time, id_, host_of(stamp), group.place()
    if not targets:
        return [_event(attempt, *where, _asked_target(attempt), by_caller=True)]
    why = ATTEMPTED if len(targets) > 1 else None
    if attempt.error is None and attempt.number is not None:
        for target in targets:
            if target.pid is not None:
                remember(attempt.number, stamp, id_, target.pid, known)
    return [_event(attempt, *where, _with_thread(attempt, target), why=why) for target in targets]


def remember(number: int, stamp: Stamp, id_: str, pid: int, known: Known) -> None:
    """That a process was sent a signal, for what comes later."""
    if number == KILL:
        known.died(stamp.node, pid, stamp.time)
    if FIRST <= number <= LAST:
        known.signalled(stamp.node, pid, number, id_, stamp.time)


def _records(group: Group, kind: int) -> Sequence[Record]:
    return [one for one in group.records if one.type == kind]


def _with_thread(attempt: Attempt, target: Process) -> Process:
    """The thread too, where the caller numbers processes as the log does (the same pid namespace)."""
    if attempt.tid is None or attempt.call.pid is None or attempt.asked != target.pid:
        return target
    return replace(target, tid=attempt.tid)


def _asked_target(attempt: Attempt) -> Process | None:
    """The victim as the caller numbered it; None for a wide kill, and for a pidfd, which is no number."""
    if attempt.call.pid is None:
        return Process(pid=None, tid=attempt.tid) if attempt.tid and attempt.tid > 0 else None
    if attempt.asked is None or attempt.asked <= 0:
        return None
    return Process(pid=attempt.asked, tid=attempt.tid)


def _event(
    attempt: Attempt,
    time: int,
    id_: str,
    host: str | None,
    place: Place | None,
    target: Process | None,
    *,
    by_caller: bool = False,
    why: str | None = None,
) -> Event:
    call, number = attempt.call, attempt.number
    by_caller = by_caller and target is not None
    asked = attempt.asked if attempt.asked is not None else attempt.tid
    common = (attempt.sender, target, asked, by_caller)
    if attempt.error is not None or number is None or number > LAST:
        error = attempt.error or "EINVAL"
        return Failed(time, id_, SOURCE, call.name, error, number, *common, host=host, place=place)
    if number < FIRST:
        return Probe(time, id_, SOURCE, call.name, *common, host=host, place=place)
    return Signal(
        time=time,
        id=id_,
        source=SOURCE,
        number=number,
        code=call.code,
        origin=call.origin,
        scope=call.scope,
        why=why,
        sender=attempt.sender,
        target=target,
        call=call.name,
        asked=asked,
        target_is_asked=by_caller,
        host=host,
        place=place,
    )


def _without_call(group: Group, one: Record) -> Loss:
    """A victim without its SYSCALL record: that something was sent is all the log still says."""
    pid = fields_of(one).get(b"opid", b"?").decode("ascii", "replace")[:20]
    where = f"no SYSCALL record for target {pid} ({group.stamp})"
    loss = lost_event(group.stamp.time, SOURCE, None, where, host_of(group.stamp))
    return replace(loss, place=group.place())
