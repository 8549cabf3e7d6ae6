"""Why a process that still lives does not end: what /proc/PID/status says of it (proc(5))."""

from __future__ import annotations

from tracer.host import procfs
from tracer.host.from_proc import status_of
from tracer.model.signals import NUMBERS, name_of

# States that keep a signal from being seen (proc(5), /proc/PID/status, State).
_STATES = {
    b"T": "it is stopped: all but SIGKILL and SIGCONT wait until it goes on",
    b"t": "it is stopped by its tracer: signals wait for that",
    b"D": "it waits in the kernel and cannot be interrupted: even SIGKILL waits",
    b"Z": "it has ended, and its parent has not waited for it: nothing can end it but its parent",
}
_REQUESTS = tuple(NUMBERS[name] for name in ("TERM", "INT", "HUP", "QUIT"))


def reasons(pid: int) -> list[str] | None:
    """Sentences on what keeps signals from ending a process, [] if nothing does; None if there is no such process."""
    status = status_of(pid)
    if status is None:
        return None
    told = [_STATES[status.state]] if status.state in _STATES else []
    if status.state == b"D":
        where = procfs.read(pid, "wchan")
        told += (
            [f"it waits in {where.decode('ascii', 'replace')}()"]
            if where not in (None, b"0", b"")
            else []
        )
    for word, signals in (
        ("ignores", status.ignored),
        ("blocks", status.blocked),
        ("handles", status.caught),
    ):
        names = [name_of(number) for number in _REQUESTS if signals >> (number - 1) & 1]
        told += [f"it {word} {', '.join(names)}"] if names else []
    waiting = [name_of(number) for number in range(1, 65) if status.pending >> (number - 1) & 1]
    told += [f"waiting for it: {', '.join(waiting)}"] if waiting else []
    tracer = _field(pid, b"TracerPid")
    if tracer not in (None, b"0"):
        told.append(f"process {tracer.decode('ascii', 'replace')} traces it")
    if pid == 1:
        # SIGNAL_UNKILLABLE: sig_task_ignored() in kernel/signal.c.
        told.append("it is init: only signals that it handles reach it, and SIGKILL does not")
    elif status.ns_pid == 1:
        told.append(
            "it is the first of its pid namespace: from inside only signals that it handles reach it"
        )
    if _is_frozen(pid):
        told.append("its cgroup is frozen: signals wait until it is thawed")
    return told


def _field(pid: int, name: bytes) -> bytes | None:
    for line in (procfs.read(pid, "status") or b"").splitlines():
        key, _, value = line.partition(b":")
        if key == name:
            return value.strip()
    return None


def _is_frozen(pid: int) -> bool:
    """cgroups(7), freezer: v1's own hierarchy, v2's cgroup.events."""
    for line in (procfs.read(pid, "cgroup") or b"").decode("utf-8", "surrogateescape").splitlines():
        _, controllers, path = line.split(":", 2)
        if ".." in path.split("/"):
            continue
        if controllers == "freezer":
            found, wanted = f"/sys/fs/cgroup/freezer{path}/freezer.state", "FROZEN"
        elif controllers == "":
            found, wanted = f"/sys/fs/cgroup{path}/cgroup.events", "frozen 1"
        else:
            continue
        try:
            with open(found, encoding="ascii", errors="replace") as file:
                if wanted in file.read(4096):
                    return True
        except OSError:
            continue
    return False
