"""systemd-oomd: a process that kills before the kernel's OOM killer has to."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from traced import is_signal, tracing
from units import systemctl

SLICE = "sigtrace-pressed.slice"
SETTINGS = Path("/run/systemd/oomd.conf.d/sigtrace.conf")


@pytest.fixture
def oomd():
    """Running, and satisfied with pressure that lasts a moment; as before afterwards."""
    if not Path("/lib/systemd/systemd-oomd").exists():
        pytest.skip("systemd-oomd is no package of this suite (it is since bookworm)")
    if not Path("/proc/pressure/memory").exists():
        pytest.skip("this kernel was booted without pressure stall information (psi=1)")
    SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS.write_text("[OOM]\nDefaultMemoryPressureDurationSec=1s\n")
    systemctl("restart", "systemd-oomd")
    yield int(systemctl("show", "--value", "--property", "MainPID", "systemd-oomd"))
    systemctl("stop", "systemd-oomd.socket", "systemd-oomd.service")
    shutil.rmtree(SETTINGS.parent)


def test_oomd_is_named_and_not_the_kernel(oomd, start):
    unit = start("hungry", f"Slice={SLICE}", "MemoryHigh=24M", "MemorySwapMax=0")
    watched = ("ManagedOOMMemoryPressure=kill", "ManagedOOMMemoryPressureLimit=1%")
    systemctl("set-property", "--runtime", SLICE, *watched)
    with tracing("--unit", unit.name, "--signal", "KILL") as trace:
        os.kill(unit.pid, signal.SIGUSR1)
        kill = trace.signal("SIGKILL", to=unit.pid)
        death = trace.death_of(unit.pid)
    first = next(filter(is_signal, trace.events))
    assert (first["sender"]["pid"], first["sender"]["comm"]) == (oomd, "systemd-oomd")
    assert first["origin"] in ("cgroup.kill", "kill")
    assert death["cause"] == kill["id"]
    assert unit.show("Result") in ("oom-kill", "signal")
