"""What the kernel and auditd say of deaths by themselves: crashes, seccomp, and who stopped auditd.

ANOM_ABEND is written for a signal that dumps core (audit_core_dumps(), kernel/auditsc.c; not SIGQUIT),
SECCOMP for every filtered call that is logged (audit_seccomp()), DAEMON_* by auditd about who sent it
a signal (audit-userspace src/auditd.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Callable

from tracer.audit import record
from tracer.audit.calls import arch_of
from tracer.audit.fields import Fields, decimal, hexadecimal, identity, unnamed
from tracer.audit.known import Known, fields_of
from tracer.audit.record import Group, Record, host_of
from tracer.model.event import Exit, Process, Seccomp, Signal, exit_id
from tracer.model.signals import FIRST, LAST, number_of
from tracer.model.syscalls import call_name

if TYPE_CHECKING:
    from tracer.model.event import Event

SOURCE = "audit log"
# SECCOMP_RET_* (include/uapi/linux/seccomp.h). KILL_THREAD takes the process with it only if it was its
# last thread, which the record does not say.
_KILL_PROCESS, _KILL_THREAD, _TRAP = 0x80000000, 0, 0x30000
# What ausearch -i 3.0 calls "kill" is either: audit-userspace auparse/seccomptab.h.
_KILLED = -1
_SECCOMP_WHY = {
    _KILL_PROCESS: "a seccomp filter killed the process",
    _KILL_THREAD: "a seccomp filter killed the thread",
    _KILLED: "a seccomp filter killed the thread or the process",
    _TRAP: "a seccomp filter refused the call; the process may handle the signal",
}
_SECCOMP_ACTIONS = {
    _KILL_PROCESS: "kill process",
    _KILL_THREAD: "kill thread",
    _KILLED: "kill",
    _TRAP: "trap",
}
# The name of a system call, as ausearch -i and ENRICHED records have it.
_CALL = re.compile(rb"[a-z_][a-z0-9_]{0,40}")
_ACTIONS = {
    b"kill-process": _KILL_PROCESS,
    b"kill-thread": _KILL_THREAD,
    b"kill": _KILLED,
    b"trap": _TRAP,
}
# op= of auditd's records → the signal that auditd takes it from.
_DAEMON_SIGNALS = {
    (record.DAEMON_END, b"terminate"): 15,
    (record.DAEMON_CONFIG, b"reconfigure"): 1,
    (record.DAEMON_ROTATE, b"rotate-logs"): 10,
    (record.DAEMON_RESUME, b"resume-logging"): 12,
}
# What auditd wrote before it had op= (its releases until 2.6).
_DAEMON_TEXTS = (
    (record.DAEMON_END, b"normal halt", 15),
    (record.DAEMON_CONFIG, b"config change", 1),
    (record.DAEMON_ROTATE, b"rotat", 10),
    (record.DAEMON_RESUME, b"resum", 12),
)


def abend(group: Group, one: Record, known: Known) -> Iterator[Event]:
    """A process that crashed: ended by its ``sig``."""
    fields = fields_of(one)
    number = _signal(fields.get(b"sig"))
    if number is None:
        return
    process = known.completed(group, known.process(fields, one.interpreted))
    causes: tuple[tuple[str, int], ...] = ()
    if process.pid is not None:
        where = group.stamp.node, process.pid
        if known.is_told(*where, group.stamp.time):
            return
        causes = known.causes(*where, number, group.stamp.time)
        known.died(*where, group.stamp.time)
    time, host = group.stamp.time, host_of(group.stamp)
    own = exit_id(time, process.pid)
    cause, after = causes[0] if len(causes) == 1 else (None, None)
    yield Exit(
        time,
        own,
        SOURCE,
        process,
        number,
        cause=cause,
        after_ns=after,
        causes=tuple([id_ for id_, _ in causes]) if len(causes) > 1 else (),
        host=host,
        place=group.place(),
    )


def seccomp(group: Group, one: Record, known: Known) -> Iterator[Event]:
    """A call that seccomp refused with a signal; ``sig=0`` is a call that was only logged."""
    fields = fields_of(one)
    number = _signal(fields.get(b"sig"))
    if number is None:
        return
    process = known.completed(group, known.process(fields, one.interpreted))
    action = _seccomp_action(fields.get(b"code", b""))
    why = None if action is None else _SECCOMP_WHY.get(action)
    yield Signal(
        time=group.stamp.time,
        id=str(group.stamp),
        source=SOURCE,
        number=number,
        origin="seccomp",
        scope="thread",
        why=why,
        target=process,
        seccomp=_refused(fields, action),
        host=host_of(group.stamp),
        place=group.place(),
    )
    time, cause = group.stamp.time, str(group.stamp)
    if process.pid is not None:
        known.signalled(group.stamp.node, process.pid, number, cause, time)
    if action == _KILL_PROCESS:
        if process.pid is not None:
            known.told(group.stamp.node, process.pid, time)
        own, host = exit_id(time, process.pid), host_of(group.stamp)
        yield Exit(
            time,
            own,
            SOURCE,
            process,
            number,
            cause=cause,
            after_ns=0,
            host=host,
            place=group.place(),
        )


def _refused(fields: Fields, action: int | None) -> Seccomp:
    """The call and where it was made: audit_seccomp(), kernel/auditsc.c."""
    told = _SECCOMP_ACTIONS.get(action) if action is not None else None
    return Seccomp(told, _call(fields), hexadecimal(fields.get(b"ip")))


def _call(fields: Fields) -> str | None:
    """By the name that the log has, by its architecture's table, or else by number."""
    told = fields.get(b"syscall", b"")
    name = next((n for n in (told, fields.get(b"SYSCALL", b"")) if _CALL.fullmatch(n)), None)
    if name is not None:
        return name.decode("ascii")
    number = decimal(unnamed(told))
    if number is None or number < 0:
        return None
    arch = arch_of(fields.get(b"arch", b""))
    return str(number) if arch is None else call_name(arch, number)


def _seccomp_action(value: bytes) -> int | None:
    code = hexadecimal(value)
    return _ACTIONS.get(value) if code is None else code & 0xFFFF0000


def daemon(group: Group, one: Record, known: Known) -> Iterator[Event]:
    """A signal to auditd itself; it names the sender, as the kernel told it (AUDIT_SIGNAL_INFO)."""
    fields = fields_of(one)
    op = fields.get(b"op")
    number = _old_daemon_signal(one) if op is None else _DAEMON_SIGNALS.get((one.type, op))
    sender = known.process(fields, one.interpreted)
    if number is None or sender.pid is None:
        return
    yield Signal(
        time=group.stamp.time,
        id=str(group.stamp),
        source=SOURCE,
        number=number,
        origin="user",
        scope="process",
        sender=known.completed(group, sender),
        target=Process(pid=known.auditd.get(group.stamp.node), comm=b"auditd"),
        host=host_of(group.stamp),
        place=group.place(),
    )


def _old_daemon_signal(one: Record) -> int | None:
    text = one.body[:80]
    return next((n for kind, words, n in _DAEMON_TEXTS if kind == one.type and words in text), None)


def daemon_start(group: Group, one: Record, known: Known) -> Iterator[Event]:
    """Which process auditd is."""
    pid = identity(fields_of(one).get(b"pid"))
    if pid is not None:
        known.auditd[group.stamp.node] = pid
    return iter(())


def boot(group: Group, one: Record, known: Known) -> Iterator[Event]:
    """Nobody before it is alive after it."""
    if one.type == record.SYSTEM_BOOT or b"state=initialized" in one.body:
        known.booted(group.stamp.node, group.stamp.time)
    return iter(())


def _signal(value: bytes | None) -> int | None:
    """``sig=11``, or ``SIGSEGV`` in interpreted records."""
    number = decimal(value)
    if number is None and value is not None:
        number = number_of(value.decode("ascii", "replace"))
    return number if number is not None and FIRST <= number <= LAST else None


READERS: dict[int, Callable[[Group, Record, Known], Iterator[Event]]] = {
    record.ANOM_ABEND: abend,
    record.SECCOMP: seccomp,
    record.DAEMON_START: daemon_start,
    record.DAEMON_END: daemon,
    record.DAEMON_CONFIG: daemon,
    record.DAEMON_ROTATE: daemon,
    record.DAEMON_RESUME: daemon,
    record.KERNEL: boot,
    record.SYSTEM_BOOT: boot,
}
