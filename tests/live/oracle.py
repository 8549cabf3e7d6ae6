"""What the host itself says of processes: proc(5). Nothing of sigtrace is asked here."""

from __future__ import annotations

import datetime
import os
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
