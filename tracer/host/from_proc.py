"""Processes as /proc shows them now: for sources whose records hold little more than a pid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.host import procfs
from tracer.host.processes import Processes
from tracer.model.event import Ancestor
from tracer.model.frozen import frozen, replace

if TYPE_CHECKING:
    from tracer.model.event import Process

STEPS = 8
UNSET = 0xFFFFFFFF


@frozen
class Status:
    """What is needed of /proc/PID/status: proc(5). Signal sets have bit n-1 for signal n."""

    uid: int
    euid: int
    ppid: int
    ns_pid: int
    state: bytes
    pending: int
    blocked: int
    ignored: int
    caught: int
    tracer: int


def status_of(pid: int) -> Status | None:
    """The status of a process or thread, None if it is gone."""
    lines = (procfs.read(pid, "status") or b"").splitlines()
    fields = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if b"Uid" not in fields:
        return None
    uids = fields[b"Uid"].split()
    return Status(
        uid=int(uids[0]),
        euid=int(uids[1]),
        ppid=int(fields[b"PPid"]),
        ns_pid=int(fields.get(b"NSpid", b"%d" % pid).split()[-1]),
        state=fields[b"State"][:1],
        pending=_set(fields, b"SigPnd") | _set(fields, b"ShdPnd"),
        blocked=_set(fields, b"SigBlk"),
        ignored=_set(fields, b"SigIgn"),
        caught=_set(fields, b"SigCgt"),
        tracer=int(fields.get(b"TracerPid", b"0")),
    )


def _set(fields: dict[bytes, bytes], name: bytes) -> int:
    return int(fields.get(name, b"0"), 16)


class LivingProcesses(Processes):
    """Completes a process by what /proc says, if the same process is still there."""

    def complete(self, process: Process, start: int) -> Process:
        pid = process.pid
        if self._details and pid is not None and start and _is_alive(pid, start):
            offset = None if process.start is None else process.start - procfs.in_ticks(start)
            found = described(process, offset)
            if _is_alive(pid, start):
                process = found
        return super().complete(process, start)


def _is_alive(pid: int, start: int) -> bool:
    born = procfs.start_of(pid)
    return born is not None and procfs.same_start(born, start)


def described(process: Process, offset: int | None) -> Process:
    """``process`` with what /proc knows and it does not; ``offset`` is wall time less boot time."""
    pid = process.pid or 0
    status = status_of(pid)
    if status is None:
        return process
    ppid = process.ppid or status.ppid or None
    return replace(
        process,
        comm=process.comm or procfs.read(pid, "comm", b"\n"),
        uid=status.uid if process.uid is None else process.uid,
        euid=status.euid if process.euid is None else process.euid,
        ppid=ppid,
        ns_pid=status.ns_pid,
        exe=process.exe or procfs.exe_of(pid),
        loginuid=_number(pid, "loginuid") if process.loginuid is None else process.loginuid,
        session=_number(pid, "sessionid") if process.session is None else process.session,
        tty=process.tty or procfs.tty_of(pid),
        cgroup=procfs.cgroup_of(pid),
        ancestors=tuple([_named(one, offset) for one in process.ancestors])
        or ancestors_of(ppid, offset),
    )


def _number(pid: int, name: str) -> int | None:
    text = procfs.read(pid, name)
    return int(text) if text and text.isdigit() and int(text) != UNSET else None


def _named(one: Ancestor, offset: int | None) -> Ancestor:
    """An ancestor with its command line, program and user, if it is still there."""
    born = procfs.start_of(one.pid)
    if born is None or (
        one.start is not None
        and offset is not None
        and not procfs.same_start(one.start - offset, born)
    ):
        return one
    status, argv = status_of(one.pid), procfs.argv_of(one.pid)
    return replace(
        one,
        argv=argv and procfs.first_words(argv, procfs.ANCESTOR_ARGV),
        exe=procfs.exe_of(one.pid),
        uid=status and status.uid,
    )


def ancestors_of(
    pid: int | None, offset: int | None, at: int | None = None
) -> tuple[Ancestor, ...]:
    """A living process and its parents; ``at`` leaves out what was born after that wall time."""
    chain: list[Ancestor] = []
    while pid and len(chain) < STEPS:
        status, start = status_of(pid), procfs.start_of(pid)
        if status is None or start is None:
            break
        if at is not None and offset is not None and start + offset > at + procfs.TICK:
            break
        comm = procfs.read(pid, "comm", b"\n")
        one = Ancestor(pid, comm, None if offset is None else start + offset)
        chain.append(_named(one, offset))
        pid = status.ppid
    return tuple(chain)
