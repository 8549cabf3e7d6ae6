"""The flight recorder as a service: it starts, is killed, starts again, and systemctl status tells who killed a unit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recorder import FOLDER, ROOT, UNIT, end_of, recorded, recorder_service
from units import systemctl, until

from tracer.flow.source import every
from tracer.model.event import Exec, Exit, Mark, Signal
from tracer.recording.names import pieces_in
from tracer.sources.recording.source import Recording

WRITES = "389080ead9e442bcbfaec0973caf1acb"


@pytest.fixture
def service():
    with recorder_service():
        yield


def main_pid():
    return int(systemctl("show", "--value", "--property", "MainPID", UNIT))


def status_of(pid):
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(row.split(":\t", 1) for row in rows if ":\t" in row)


def test_a_unit_hears_who_killed_it_and_the_recording_who_stopped_it(service, start):
    status = status_of(main_pid())
    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == 0

    killed = start("plain")
    # The recorder looks at runs of units once a second while there is something to read.
    os.kill(killed.pid, signal.SIGCONT)
    until(lambda: any(is_to(event, killed.pid) for event in recorded()))
    os.kill(killed.pid, signal.SIGKILL)
    words = re.compile(rf"\[{killed.pid}\] was killed with SIGKILL by \S+\[{os.getpid()}\]")

    def heard(*command):
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        return words.search(found.stdout)

    until(lambda: heard("journalctl", "--no-pager", "-u", killed.name))
    assert heard("systemctl", "status", "--no-pager", "--lines=50", "--full", killed.name)
    explained = subprocess.run(
        ["journalctl", "--no-pager", "-x", f"MESSAGE_ID={WRITES}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "sigtrace replay --recorded" in explained.stdout

    stopped = start("plain", name="sigtrace-stopped.service")
    stopped.stop()
    until(lambda: any(is_stop_of(event, stopped.name) for event in recorded()))
    died = end_of(killed.pid)
    assert died.number == signal.SIGKILL
    assert died.process.unit == killed.name.encode()
    assert died.process.invocation is not None


def test_what_is_enabled_starts_with_the_target_of_a_boot(service):
    """What multi-user.target wants is started with it: at a boot, and whenever somebody starts that (systemd.unit(5))."""
    systemctl("enable", UNIT)
    try:
        systemctl("stop", UNIT)
        systemctl("start", "multi-user.target")
        until(lambda: systemctl("show", "--value", "--property", "ActiveState", UNIT) == "active")
        assert main_pid()
    finally:
        systemctl("disable", UNIT)


def is_to(event, pid):
    return isinstance(event, Signal) and event.target is not None and event.target.pid == pid


def is_stop_of(event, unit):
    return isinstance(event, Exec) and event.process.argv == (b"systemctl", b"stop", unit.encode())


def test_killed_it_starts_again_and_stopped_it_says_so(service):
    before = main_pid()
    os.kill(before, signal.SIGKILL)
    until(lambda: main_pid() not in (0, before))
    until(lambda: systemctl("show", "--value", "--property", "ActiveState", UNIT) == "active")
    begins = [e for e in recorded() if isinstance(e, Mark) and e.what == "begin"]
    assert [event.details["before"] for event in begins] == ["none", "cut"]
    told = subprocess.run(
        [sys.executable, "-m", "tracer", "doctor"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert re.search(rf"ok\s+record\s+recorder\s+pid {main_pid()}, source core", told.stdout)
    systemctl("stop", UNIT)
    assert [e.what for e in recorded() if isinstance(e, Mark)][-1] == "end"
    assert systemctl("show", "--value", "--property", "Result", UNIT) == "success"


def test_the_clock_is_set_back_and_again(service, start):
    """A mark says by how much; no line is lost, nor taken for one of another time."""
    hour = 3600
    began = time.monotonic()
    try:
        first = killed(start, "before")
        set_clock(-hour)
        second = killed(start, "back")
    finally:
        set_clock(hour)
    third = killed(start, "again")
    took = 1_000_000_000 * (time.monotonic() - began)

    source = Recording([FOLDER])
    events = list(every(source))
    assert not source.passed
    steps = [e.details["by_ns"] for e in events if isinstance(e, Mark) and e.what == "clock step"]
    # Pieces come in the order of their first lines.
    assert sorted(round(step / 1e9 / 60) for step in steps) == [-60, 60]
    ends = {e.process.pid: e.time for e in events if isinstance(e, Exit) and e.number is not None}
    assert ends[second] < ends[first] < ends[third] < ends[first] + took
    assert len(pieces_in(FOLDER)[0]) >= 2


def killed(start, name):
    """A unit's process that was killed, once the recording has its death."""
    unit = start("plain", name=f"sigtrace-{name}.service")
    os.kill(unit.pid, signal.SIGKILL)
    until(lambda: end_of(unit.pid))
    return unit.pid


def set_clock(seconds):
    time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns() + seconds * 1_000_000_000)


def test_it_is_confined(service):
    done = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", UNIT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level is not None, done.stdout
    assert float(level[1]) < 5.0  # OK, or better.
