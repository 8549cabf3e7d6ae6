"""Signals that a security module refused: AVC records of SELinux and AppArmor, Landlock's own, with or without a call.

SELinux: security/selinux/hooks.c, selinux_task_kill(); a permissive domain is only told of, and refuses nothing.
AppArmor: security/apparmor/ipc.c, aa_may_signal(); whichever profile refused, pid and comm are of who sent.
"""

from __future__ import annotations

import re

from tracer.audit import record
from tracer.audit.record import Group, Record, host_of
from tracer.model.event import Failed, Process
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS, RTMIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Event

SOURCE = "audit log"
_SELINUX = re.compile(rb"avc: +denied +\{ ([a-z ]+) \} for ")
_APPARMOR = re.compile(rb'apparmor="DENIED" operation="signal" ')
_SIGNAL = re.compile(rb" signal=(\w+)(?:\+(\d+))?")
_PID = re.compile(rb" pid=(\d{1,10})\b")
_COMM = re.compile(rb' comm=(?:"([^"]*)"|([0-9A-F]+)\b)')
_PERMISSIVE = re.compile(rb" permissive=1\b")
_SCOPED = re.compile(rb"blockers=\S*scope\.signal")
# The permissions of class process that are signals; the others of them are one, "signal".
_PERMISSIONS: dict[bytes, int | None] = {b"sigkill": 9, b"sigstop": 19, b"sigchld": 17, b"signull": 0, b"signal": None}  # fmt: skip


def with_policy(events: list[Event], group: Group) -> list[Event]:
    """Refused calls with what refused them."""
    policy = next(filter(None, map(_policy, group.records)), None)
    if policy is None:
        return events
    return [
        replace(event, policy=policy) if isinstance(event, Failed) and event.error in ("EACCES", "EPERM") else event
        for event in events
    ]  # fmt: skip


def refused(group: Group, one: Record) -> list[Event]:
    """What an AVC record tells by itself, where its call was not audited."""
    policy = _policy(one)
    if policy is None or any(other.type == record.SYSCALL for other in group.records):
        return []
    pid, comm = _PID.search(one.body), _COMM.search(one.body)
    sender = Process(
        pid=int(pid[1]) if pid else None,
        comm=None if comm is None else comm[1] if comm[2] is None else _unhex(comm[2]),
    )
    id_ = f"{group.stamp}-refused"
    return [
        Failed(
            group.stamp.time,
            id_,
            SOURCE,
            None,
            "EACCES",
            _number(one.body),
            sender,
            policy=policy,
            host=host_of(group.stamp),
            place=group.place(),
        )
    ]


def _policy(one: Record) -> str | None:
    """The module that says with this record that it refused a signal."""
    if one.type == record.LANDLOCK_ACCESS:
        return "landlock" if _SCOPED.search(one.body) else None
    if one.type != record.AVC:
        return None
    if _APPARMOR.search(one.body):
        return "apparmor"
    found = _SELINUX.search(one.body)
    if found is None or _PERMISSIVE.search(one.body) or b"tclass=process" not in one.body:
        return None
    return "selinux" if not _PERMISSIONS.keys().isdisjoint(found[1].split()) else None


def _number(body: bytes) -> int | None:
    denied = _SELINUX.search(body)
    if denied is not None:
        numbers = [_PERMISSIONS[word] for word in denied[1].split() if word in _PERMISSIONS]
        return numbers[0] if len(numbers) == 1 else None
    named = _SIGNAL.search(body)
    if named is None:
        return None
    if named[1] == b"rtmin" and named[2]:
        return RTMIN + int(named[2][:2])
    if named[1] == b"exists":
        return 0
    return NUMBERS.get(named[1].decode("ascii").upper())


def _unhex(digits: bytes) -> bytes:
    return bytes.fromhex(digits.decode("ascii")) if len(digits) % 2 == 0 else digits
