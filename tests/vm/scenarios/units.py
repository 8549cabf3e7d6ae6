"""Transient systemd units that run the scenarios' programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


def systemctl(*words):
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Unit:
    """A unit that was started and said that it is ready."""

    def __init__(self, program, *properties):
        self.name = f"sigtrace-{program}.service"
        settings = ("Type=notify", *properties)
        subprocess.run(
            ["systemd-run", "--quiet", f"--unit={self.name}"]
            + [f"--property={setting}" for setting in settings]
            + [sys.executable, str(PROGRAMS / f"{program}.py")],
            check=True,
        )
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
        for words in (("kill", "--signal=KILL"), ("stop",), ("reset-failed",)):
            subprocess.run(["systemctl", *words, self.name], capture_output=True, check=False)
