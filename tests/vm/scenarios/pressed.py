"""systemd-oomd at work, satisfied with pressure that lasts a moment."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from units import systemctl

SETTINGS = Path("/run/systemd/oomd.conf.d/sigtrace.conf")


@contextmanager
def oomd_running():
    """Its pid; as before afterwards."""
    if not Path("/lib/systemd/systemd-oomd").exists():
        pytest.skip("systemd-oomd is no package of this suite (it is since bookworm)")
    if not Path("/proc/pressure/memory").exists():
        pytest.skip("this kernel was booted without pressure stall information (psi=1)")
    SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS.write_text("[OOM]\nDefaultMemoryPressureDurationSec=1s\n")
    systemctl("restart", "systemd-oomd")
    try:
        yield int(systemctl("show", "--value", "--property", "MainPID", "systemd-oomd"))
    finally:
        systemctl("stop", "systemd-oomd.socket", "systemd-oomd.service")
        shutil.rmtree(SETTINGS.parent)


def watch(slice_):
    """What runs in a slice is killed by systemd-oomd as soon as it waits for memory. Of one that was used before, at once:
    pressure is an average of ten seconds."""
    watched = ("ManagedOOMMemoryPressure=kill", "ManagedOOMMemoryPressureLimit=1%")
    systemctl("set-property", "--runtime", slice_, *watched)
