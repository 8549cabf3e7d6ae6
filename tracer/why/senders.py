"""What a sender is beside its name: a manager, a memory guard.

A comm, a command line and the name of a file are everybody's to choose (prctl(2), execve(2)); a user and a cgroup are not
(cgroups(7): one's processes are moved only within what one has been given).
"""

from __future__ import annotations

from tracer.model.frozen import replace
from tracer.model.names import last_part, script_of
from tracer.model.text import quoted
from tracer.why.finding import GUARDS, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from tracer.model.event import Process

# nohang's second one, for desktops, runs the same program.
_GUARDS_UNITS = frozenset(name + b".service" for name in (*GUARDS, b"nohang-desktop"))
_SCRIPTS = frozenset((b"nohang", b"nohang-desktop"))
# Where a user's manager runs (user@.service(5)); up to v225 in its unit's own cgroup. A process of it that its parent has
# left is the manager's child there, not PID 1's (PR_SET_CHILD_SUBREAPER, prctl(2)).
_USERS_MANAGER = (
    b"/user.slice/user-%(uid)d.slice/user@%(uid)d.service/init.scope",
    b"/user.slice/user-%(uid)d.slice/user@%(uid)d.service",
)


def is_manager(process: Process) -> bool | None:
    """PID 1, or a user's own systemd; None: by its names it is."""
    if process.pid == 1:
        return True
    is_called_so = process.comm == b"systemd" and process.ppid in (1, None)
    if not is_called_so or not _may_run(process, (b"systemd",)):
        return False
    if process.uid is None or process.cgroup is None or _is_around_it(process.cgroup):
        return None
    return process.cgroup in [path % {b"uid": process.uid} for path in _USERS_MANAGER]


def is_guard(process: Process) -> bool | None:
    """A memory guard: of its unit, or root's; None: by its names it is."""
    if process.comm not in GUARDS:
        return _is_a_script_of_roots(process)
    if process.unit in _GUARDS_UNITS:
        return True
    if not _may_run(process, GUARDS):
        return False
    if process.uid == 0:
        return True
    is_elsewhere = process.unit is not None and not _is_around_it(process.unit)
    return False if is_elsewhere or process.loginuid is not None else None


def _is_a_script_of_roots(process: Process) -> bool:
    """nohang by hand: "#!/usr/bin/env python3" leaves it the interpreter's name."""
    script = last_part(script_of(process.argv or ()) or b"")
    return process.uid == 0 and script in _SCRIPTS


def as_far_as_known(found: Finding, sender: Process, is_one: bool | None) -> Finding:
    """The same; where names alone tell what a sender is, likely at most."""
    if is_one is not None:
        return found
    doubt = f"{quoted(sender.comm or b'')} is known by its name alone"
    return replace(found, confidence="likely", why=(*found.why, doubt))


def _may_run(process: Process, names: Collection[bytes]) -> bool:
    """Whether it runs a file of one of these names, as far as that is known."""
    exe = process.exe
    return exe is None or last_part(exe.removesuffix(b" (deleted)")) in names


def _is_around_it(place: bytes) -> bool:
    """Whether a cgroup or a unit is not the process's own: where a controller is off for a unit, the kernel tells the slice
    around it, or the root."""
    return place == b"/" or place.endswith(b".slice")
