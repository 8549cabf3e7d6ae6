"""What the host itself says of processes: proc(5). Nothing of sigtrace is asked here."""

from __future__ import annotations

import datetime
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from harness import PATIENCE


def status_of(pid):
    """/proc/PID/status as a dict."""
    lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def mask_of(pid, field):
    """The signals in one of the sets of /proc/PID/status, such as SigIgn."""
    bits = int(status_of(pid)[field], 16)
    return {number for number in range(1, 65) if bits >> number - 1 & 1}


def parents_of(pid):
    """The pids of the parent, its parent and so on."""
    chain = []
    while True:
        pid = int(status_of(pid)["PPid"])
        if not pid:
            return chain
        chain.append(pid)


def argv_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def children_of(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def start_of(pid):
    """When a process was born: seconds since the epoch, to a clock tick."""
    ticks = int(
        Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    )
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def seconds(moment):
    """A time of our JSON as seconds since the epoch."""
    whole, _, rest = moment.rstrip("Z").partition(".")
    date = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return date.timestamp() + float("0." + rest)


def until(condition):
    """Wait for what nothing tells us of; gives what the condition gave, and fails if it never held."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


class Alarms:
    """What tracefs has seen of SIGALRM since then: by target, the process that was current. Raises OSError where it may not
    be mounted."""

    def __init__(self, folder):
        self._folder = folder
        self._instance = folder / "instances" / f"sigtrace-{os.getpid()}"

    def __enter__(self):
        self._folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tracefs", "tracefs", self._folder]
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode:
            raise OSError("tracefs cannot be mounted")
        self._instance.mkdir()
        self._write("events/signal/signal_generate/filter", f"sig == {int(signal.SIGALRM)}")
        self._write("events/signal/signal_generate/enable", "1")
        return self

    def __exit__(self, *_):
        self._write("events/signal/signal_generate/enable", "0")
        self._instance.rmdir()
        subprocess.run(["umount", self._folder], check=True)

    def current(self):
        """By the target's pid."""
        found = {}
        for line in (self._instance / "trace").read_text().splitlines():
            match = re.match(r"\s*.*-(\d+) +\[\d+\].* pid=(\d+) grp=", line)
            if match:
                thread, target = map(int, match.groups())
                found[target] = (
                    int(status_of(thread)["Tgid"]) if os.path.exists(f"/proc/{thread}") else None
                )
        return found

    def _write(self, name, text):
        (self._instance / name).write_text(text)
