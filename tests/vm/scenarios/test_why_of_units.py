"""What `sigtrace why` says of deaths that systemd made, from the journal alone; systemd's own word is the oracle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from units import until

ROOT = Path(__file__).parents[3]


def why(unit):
    """The verdict on the last death of a unit; the journal is written a moment later than systemd acts."""
    subprocess.run(["journalctl", "--sync"], check=False)
    command = [sys.executable, "-m", "tracer", "why", "--json", unit.name]

    def asked():
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        return json.loads(run.stdout.splitlines()[0]) if run.stdout else None

    return until(asked)


def test_a_stop_that_ran_out_of_time(start):
    unit = start("stubborn", "TimeoutStopSec=2")
    unit.stop()
    assert unit.show("Result") == "timeout"
    verdict = why(unit)
    assert (verdict["cause"], verdict["confidence"]) == ("stop timeout", "yes")
    assert verdict["signal"]["name"] == "SIGKILL"


def test_memory_that_ran_out(start):
    unit = start("hungry", "MemoryMax=40M", "MemorySwapMax=0")
    os.kill(unit.pid, signal.SIGUSR1)
    until(lambda: unit.show("Result") == "oom-kill")
    assert why(unit)["cause"] == "oom"


@pytest.mark.parametrize(("name", "cause"), [("SEGV", "crash"), ("ABRT", "abort"), ("KILL", None)])
def test_a_signal_of_somebody(start, name, cause):
    """The journal does not tell who sent it: nobody is named."""
    unit = start("plain")
    os.kill(unit.pid, signal.Signals[f"SIG{name}"])
    until(lambda: unit.show("ExecMainStatus") == str(int(signal.Signals[f"SIG{name}"])))
    verdict = why(unit)
    assert "who" not in verdict
    assert verdict["confidence"] != "yes"
    assert cause is None or verdict["cause"] == cause
