"""The flight recorder as a service: it starts, is killed, starts again, and systemctl status tells who killed a unit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from recorder import FOLDER, ROOT, UNIT, recorder_service
from units import systemctl, until

from tracer.flow.source import every
from tracer.model.event import Exec, Exit, Mark, Signal
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


def recorded():
    return list(every(Recording([FOLDER])))


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
    died = next(e for e in recorded() if isinstance(e, Exit) and e.process.pid == killed.pid)
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


def test_it_is_confined(service):
    done = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", UNIT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level is not None, done.stdout
    assert float(level[1]) < 5.0  # OK, or better.
