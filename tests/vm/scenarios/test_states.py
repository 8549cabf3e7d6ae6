"""`sigtrace why` of a unit whose journal is gone: what systemd's present state alone tells; systemd's word and ours, who
killed it, are the oracles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from units import clean, run, systemctl, until

ROOT = Path(__file__).parents[3]
STATE = {"systemctl show"}


def forget():
    """The journal, all of it but what is written from now on."""
    for words in (("--sync",), ("--rotate",), ("--vacuum-size=1",)):
        subprocess.run(["journalctl", *words], capture_output=True, check=True)


def logged(name):
    """What is left in the journal about how a unit's processes ended."""
    words = ["journalctl", "--quiet", "--output=cat", f"UNIT={name}"]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [line for line in lines.splitlines() if "code=" in line or "result" in line]


def asked(name):
    command = [sys.executable, "-m", "tracer", "why", "--json", name]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL
    )
    assert "Traceback" not in done.stderr
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[0])


def failed(unit):
    until(lambda: unit.show("ActiveState") == "failed")


def why(unit):
    """The verdict with nothing to read but the state."""
    failed(unit)
    forget()
    assert logged(unit.name) == []
    return asked(unit.name)


def sources(verdict):
    return {one["source"] for one in verdict["evidence"]}


@pytest.mark.parametrize("name", ["KILL", "SEGV"])
def test_pid_signal_and_time_of_who_was_killed(start, name):
    unit = start("plain")
    before = time.time()
    os.kill(unit.pid, signal.Signals[f"SIG{name}"])
    failed(unit)
    after = time.time()
    verdict = why(unit)
    assert verdict["process"]["pid"] == unit.pid
    assert verdict["signal"]["name"] == f"SIG{name}"
    moment = datetime.fromisoformat(verdict["time"][:19] + "+00:00").timestamp()
    assert int(before) <= moment <= after
    assert "who" not in verdict
    # Of faults audit keeps a line of its own.
    assert sources(verdict) - {"audit log"} == STATE
    assert verdict["then"] == ["Restart=no, so it is down"]
    # That it failed with the result "signal" leaves no room for a timeout.
    assert (verdict["cause"], verdict["confidence"]) != ("stop timeout", "yes")


def test_a_stop_that_ran_out_of_time(start):
    unit = start("stubborn", "TimeoutStopSec=2")
    unit.stop()
    verdict = why(unit)
    assert (verdict["cause"], verdict["confidence"]) == ("stop timeout", "yes")
    assert "TimeoutStopSec=2s" in verdict["why"]
    assert (verdict["process"]["pid"], verdict["signal"]["name"]) == (unit.pid, "SIGKILL")


def test_a_time_to_run_that_ran_out_is_no_stop_timeout(start):
    unit = start("stubborn", "TimeoutStopSec=1", "RuntimeMaxSec=2")
    assert why(unit)["cause"] != "stop timeout"


def test_a_watchdog_that_was_missed(start):
    unit = start("plain", "WatchdogSec=1")
    verdict = why(unit)
    assert (verdict["cause"], verdict["confidence"]) == ("watchdog", "yes")


def test_the_journal_and_the_state_tell_one_death(start):
    """systemd's line has no pid; its state has."""
    unit = start("plain")
    os.kill(unit.pid, signal.SIGKILL)
    failed(unit)
    subprocess.run(["journalctl", "--sync"], check=True)
    verdict = until(lambda: (one := asked(unit.name)) and "journal" in sources(one) and one)
    assert verdict["process"]["pid"] == unit.pid
    assert sources(verdict) == {"journal", *STATE}
    assert "again" not in verdict


TRAPS = "trap 'exit 3' TERM; while :; do sleep 0.1; done"


@pytest.fixture
def trapping():
    """A unit that exits with 3 when it is asked to end, and cannot tell systemd that it stops."""
    name = "sigtrace-trapping.service"
    clean(name)
    run(name, ("Type=exec", "NotifyAccess=none"), "/bin/sh", "-c", TRAPS)
    yield name
    clean(name)


def pid_of(name):
    return int(systemctl("show", "--value", "--property=ExecMainPID", name))


def ready(name):
    """Whether the shell has its trap: /proc/PID/status, SigCgt."""
    for line in Path(f"/proc/{pid_of(name)}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1
    return 0


@pytest.mark.parametrize("stops", [True, False])
def test_a_status_after_a_stop_and_without_one(trapping, stops):
    until(lambda: ready(trapping))
    pid = pid_of(trapping)
    if stops:
        systemctl("stop", trapping)
    else:
        os.kill(pid, signal.SIGTERM)
    until(lambda: systemctl("show", "--value", "--property=ActiveState", trapping) == "failed")
    forget()
    verdict = asked(trapping)
    assert (verdict["process"]["pid"], verdict["status"]) == (pid, 3)
    assert (verdict["cause"] == "stop") is stops
    if not stops:
        assert verdict["confidence"] == "likely"
