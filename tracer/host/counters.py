"""What the kernel counts of the OOM killer's kills, without times: /proc/vmstat (proc(5)), and a cgroup's own events."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Path = Union[str, bytes]

VMSTAT = "/proc/vmstat"
CGROUPS = b"/sys/fs/cgroup"
_KEY = b"oom_kill"
_ROOM = 1 << 16
_PATH_MAX = 4096
# The file of a cgroup and where its hierarchy lies: v2 (Documentation/admin-guide/cgroup-v2.rst), also beside v1
# (systemd's "hybrid"), then v1 (cgroup-v1/memory.rst). In both the line came with v4.13.
_FILES = ((b"", b"memory.events"), (b"unified", b"memory.events"), (b"memory", b"memory.oom_control"))  # fmt: skip


def count_in(text: bytes) -> int | None:
    """The number after ``oom_kill`` in lines of a name and a number; None where it is not counted."""
    for line in text.splitlines():
        name, _, number = line.partition(b" ")
        if name == _KEY and number.isdigit() and len(number) < 20:
            return int(number)
    return None


def of_host(path: Path = VMSTAT) -> int | None:
    """How many processes the OOM killer has killed on this host since it booted, in whatever cgroup: __oom_kill_process(),
    mm/oom_kill.c, since v4.13. None where the kernel does not count (CONFIG_VM_EVENT_COUNTERS)."""
    text = _read(path)
    return None if text is None else count_in(text)


def of_cgroup(cgroup: bytes, root: bytes = CGROUPS) -> int | None:
    """How many of a cgroup's processes, since it was made: it may be younger than a death. None where it is gone, counts
    nothing, or is the root, in which all are."""
    parts = cgroup.split(b"/")
    inside = [part for part in parts if part]
    if parts[0] or not inside or not {b".", b".."}.isdisjoint(inside) or b"\0" in cgroup:
        return None
    if len(cgroup) > _PATH_MAX:
        return None
    for hierarchy, name in _FILES:
        text = _read(os.path.join(root, hierarchy, *inside, name))
        count = None if text is None else count_in(text)
        if count is not None:
            return count
    return None


def _read(path: Path) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_ROOM)
    except OSError:
        return None
