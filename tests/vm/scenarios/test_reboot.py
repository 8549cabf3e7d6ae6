"""The recorder over a boot. In two parts: between them tests/vm/cycle.py has the machine boot again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recorder import FOLDER, ROOT, UNIT, end_of, install, recorded, remove
from units import systemctl, until

from tracer.flow.source import every
from tracer.model.coverage import lacking
from tracer.model.event import Exec, Mark
from tracer.recording.names import pieces_in
from tracer.sources.recording.source import Recording

PART = os.environ.get("SIGTRACE_REBOOT")
NOTE = Path("/var/tmp/sigtrace-before-the-boot")
SECOND = 1_000_000_000


def part(name):
    return pytest.mark.skipif(name != PART, reason="needs a boot in between: make vm-test")


def boot_id():
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")


def marks(what):
    return [event for event in recorded() if isinstance(event, Mark) and event.what == what]


def killed(start):
    """A unit's process that was killed, once the recording has its death."""
    unit = start("plain")
    os.kill(unit.pid, signal.SIGKILL)
    until(lambda: end_of(unit.pid))
    return unit.pid


@part("before")
def test_an_enabled_recorder_goes_on_until_the_machine_goes_down(start):
    subprocess.run(["rm", "-rf", FOLDER], check=True)
    install()
    systemctl("enable", "--now", UNIT)
    NOTE.write_text(json.dumps({"boot": boot_id(), "pid": killed(start)}))


@part("after")
def test_the_boot_starts_it_and_the_recording_has_both_boots(start):
    before = json.loads(NOTE.read_text())
    try:
        look_at_both_boots(before, start)
    finally:
        remove()
        NOTE.unlink()


def look_at_both_boots(before, start):
    assert boot_id() != before["boot"]
    until(lambda: systemctl("show", "--value", "--property", "ActiveState", UNIT) == "active")
    up = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    pids = {before["pid"], killed(start)}

    doctor = sigtrace("doctor")
    pid = systemctl("show", "--value", "--property", "MainPID", UNIT)
    found = re.search(
        rf"ok\s+record\s+recorder\s+pid {pid}, source core; this file since (\S+)Z", doctor
    )
    assert found, doctor
    assert found[1] >= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(up // SECOND))

    told = [json.loads(row) for row in sigtrace("replay", "--recorded", "--json").splitlines()]
    died = {
        row["process"]["pid"]: row["signal"]["name"]
        for row in told
        if row["event"] == "exit" and "signal" in row
    }
    assert {pid: died.get(pid) for pid in pids} == dict.fromkeys(pids, "SIGKILL")

    begins = marks("begin")
    assert [mark.details["boot"] for mark in begins] == [before["boot"], boot_id()]
    assert [mark.details["before"] for mark in begins] == ["none", "clean"]
    (ended,) = marks("end")
    assert begins[0].time < ended.time < up < begins[1].time
    assert {piece.boot for piece in pieces_in(FOLDER)[0]} == {before["boot"], boot_id()}
    asked = [event.process.argv for event in recorded() if isinstance(event, Exec)]
    assert (b"systemctl", b"reboot") in asked

    # Nothing is claimed of the time between them.
    source = Recording([FOLDER])
    last = list(every(source))[-1].time
    seen = source.coverage()
    assert not lacking(seen, "deaths", begins[0].time, ended.time)
    assert lacking(seen, "deaths", ended.time, begins[1].time)
    assert not lacking(seen, "deaths", begins[1].time, last)


def sigtrace(*words):
    done = subprocess.run(
        [sys.executable, "-m", "tracer", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    return done.stdout
