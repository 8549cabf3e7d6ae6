"""Cgroups for scenarios. They go away with the test, and whoever is still in them is killed first."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
PATIENCE = 10


def hierarchy(controller):
    """Where a controller's cgroups are made: its v1 mount, or the v2 one; None without it.

    "v2" is the unified hierarchy itself, which a hybrid host mounts beside the old ones.
    """
    unified = next(
        (at for at in (MOUNT, MOUNT / "unified") if (at / "cgroup.controllers").exists()), None
    )
    if controller == "v2":
        return unified
    if (MOUNT / controller / "cgroup.procs").exists():
        return MOUNT / controller
    if unified and controller in (unified / "cgroup.controllers").read_text().split():
        return unified
    return None


def is_v2(folder):
    return any((at / "cgroup.controllers").exists() for at in (folder, *folder.parents))


def limit_memory(group, megabytes):
    """And of swap none, where that is counted."""
    v2 = is_v2(group.folder)
    group.set("memory.max" if v2 else "memory.limit_in_bytes", megabytes << 20)
    for name in ("memory.swap.max", "memory.memsw.limit_in_bytes"):
        if (group.folder / name).exists():
            group.set(name, 0 if v2 else megabytes << 20)


class Cgroup:
    """A cgroup of this test's own; ``path`` is the one that the kernel tells."""

    def __init__(self, root, name):
        self.root = root
        self.folder = root / name
        self.path = "/" + name
        self.folder.mkdir(parents=True)

    def set(self, file, value):
        (self.folder / file).write_text(str(value))

    def get(self, file):
        return (self.folder / file).read_text()

    def enter(self):
        """For Popen's preexec_fn: the child is in it before it is anything else."""
        self.set("cgroup.procs", os.getpid())

    def pids(self):
        return [int(word) for word in self.get("cgroup.procs").split()]

    def remove(self):
        end = time.monotonic() + PATIENCE
        for folder in [self.folder, *self.folder.parents]:
            if folder == self.root:
                return
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    for pid in self.pids() if folder == self.folder else ():
                        os.kill(pid, signal.SIGKILL)
                    # A cgroup stays busy until the last zombie in it is reaped; nothing tells when.
                    time.sleep(0.01)
                    if time.monotonic() > end:
                        raise
