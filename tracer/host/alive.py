"""Why a process that still lives does not end: what /proc/PID/status says of it (proc(5))."""

from __future__ import annotations

from tracer.host import procfs
from tracer.host.from_proc import status_of
from tracer.host.privileges import has_capability
from tracer.model.signals import NUMBERS, name_of
from tracer.model.text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.host.from_proc import Status

_STOPPED = {
    b"T": "it is stopped: all but SIGKILL and SIGCONT wait until it goes on",
    b"t": "it is stopped by its tracer: signals wait for that",
}
_REQUESTS = tuple(NUMBERS[name] for name in ("TERM", "INT", "HUP", "QUIT"))
_KILL = NUMBERS["KILL"]
# The freezer of version 1 holds even who is killed (__refrigerator(), kernel/freezer.c); that of version 2 does not
# (cgroup.freeze, Documentation/admin-guide/cgroup-v2.rst).
_FROZEN = {
    1: "its cgroup is frozen: signals wait until it is thawed, SIGKILL, too",
    2: "its cgroup is frozen: signals that do not end it wait until it is thawed",
}
_CGROUPS = "/sys/fs/cgroup"


def reasons(pid: int) -> list[str] | None:
    """Sentences on what keeps signals from ending a process, [] if nothing does; None if there is no such process."""
    status = status_of(pid)
    if status is None:
        return None
    if status.state == b"Z":
        return _of_a_zombie(pid, status)
    frozen = _frozen_by(pid)
    told = [] if frozen is None else [_FROZEN[frozen]]
    if status.state in _STOPPED:
        told.append(_STOPPED[status.state])
    if status.state == b"D" and frozen != 1:  # That shows as D, too.
        told += _of_a_wait(pid, status)
    for word, signals in (
        ("ignores", status.ignored),
        ("blocks", status.blocked),
        ("handles", status.caught),
    ):
        names = [name_of(number) for number in _REQUESTS if signals >> (number - 1) & 1]
        told += [f"it {word} {', '.join(names)}"] if names else []
    waiting = [name_of(number) for number in range(1, 65) if status.pending >> (number - 1) & 1]
    told += [f"waiting for it: {', '.join(waiting)}"] if waiting else []
    if status.tracer:
        told.append(f"{_named(status.tracer)} traces it")
    if pid == 1:
        # SIGNAL_UNKILLABLE: sig_task_ignored() in kernel/signal.c.
        told.append("it is init: only signals that it handles reach it, and SIGKILL does not")
    elif status.ns_pid == 1:
        told.append(
            "it is the first of its pid namespace: from inside only signals that it handles reach it"
        )
    return told


def _of_a_zombie(pid: int, status: Status) -> list[str]:
    birth = procfs.birth_of(pid)
    if birth is not None and birth.threads > 1:
        return [f"its first thread has ended, and it runs on in {birth.threads - 1} more"]
    code = procfs.exit_code_of(pid)
    is_told = code is not None and (code > 0 or has_capability("CAP_SYS_PTRACE"))
    how = "" if code is None or not is_told else f" {_how(code)}"
    parent = _named(status.ppid)
    return [
        f"it ended{how}, and its parent, {parent}, has not waited for it: no signal can do more"
    ]


def _how(code: int) -> str:
    """Of a status as waitpid(2) tells it."""
    number = code & 0x7F
    return f"of {name_of(number)}" if number else f"with status {code >> 8}"


def _of_a_wait(pid: int, status: Status) -> Iterator[str]:
    """TASK_KILLABLE shows as D, too, and ends with any signal that ends the process (include/linux/sched.h)."""
    is_killed = status.pending >> (_KILL - 1) & 1
    until = "even SIGKILL waits until that is over"
    yield (
        "it waits in the kernel (state D), where no signal is handled: "
        + (until if is_killed else "of some waits SIGKILL ends it, of others it waits, too")
    )
    where = procfs.read(pid, "wchan")
    if where not in (None, b"0", b""):
        yield f"it waits in {shown(where)}()"


def _named(pid: int) -> str:
    """comm[pid], as far as its name is told."""
    comm = procfs.comm_of(pid)
    return f"process {pid}" if comm is None else f"{shown(comm)}[{pid}]"


def _frozen_by(pid: int) -> int | None:
    """The version of the cgroups whose freezer holds it (cgroups(7)): v1's own hierarchy, v2's cgroup.events, which
    systemd mounts beside v1's in unified/."""
    for line in (procfs.read(pid, "cgroup") or b"").decode("utf-8", "surrogateescape").splitlines():
        _, controllers, path = line.split(":", 2)
        if ".." in path.split("/"):
            continue
        if controllers == "freezer" and "FROZEN" in _text(
            f"{_CGROUPS}/freezer{path}/freezer.state"
        ):
            return 1
        if controllers == "" and any(
            "frozen 1" in _text(f"{_CGROUPS}{mounted}{path}/cgroup.events")
            for mounted in ("", "/unified")
        ):
            return 2
    return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""
