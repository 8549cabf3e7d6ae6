"""Transient systemd units that run the scenarios' programs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 90


def systemctl(*words):
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run(name, properties, *command):
    """systemd-run: it returns when the unit has started as its Type= says."""
    settings = [f"--property={setting}" for setting in properties]
    words = ["systemd-run", "--quiet", f"--unit={name}", *settings, *map(str, command)]
    subprocess.run(words, check=True)


def children_of(pid):
    """The processes that a process's first thread has started: proc_pid_task(5)."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def until(condition, seconds=SECONDS):
    """Wait for what nothing tells us of; gives what the condition gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
    return found


class Unit:
    """A unit that was started and said that it is ready."""

    def __init__(self, program, *properties, name=None):
        self.name = name or f"sigtrace-{program}.service"
        run(self.name, ("Type=notify", *properties), sys.executable, PROGRAMS / f"{program}.py")
        self.pid = int(self.show("ExecMainPID"))

    def show(self, name):
        """What systemd itself says of the unit: the oracle."""
        return systemctl("show", "--value", "--property", name, self.name)

    def pids(self):
        """Every process of the unit's cgroup, the main one first."""
        listed = Path("/sys/fs/cgroup" + self.show("ControlGroup"), "cgroup.procs").read_text()
        return sorted(map(int, listed.split()), key=lambda pid: pid != self.pid)

    def stop(self):
        systemctl("stop", self.name)

    def clean(self):
        clean(self.name)


def clean(name):
    """End a unit, whatever it does about it, and forget it."""
    for words in (("kill", "--signal=KILL"), ("stop",), ("reset-failed",)):
        subprocess.run(["systemctl", *words, name], capture_output=True, check=False)
