"""systemd-oomd: a process that kills before the kernel's OOM killer has to."""

import os
import signal

from pressed import oomd_running, watch
from traced import is_signal, tracing

SLICE = "sigtrace-pressed.slice"


def test_oomd_is_named_and_not_the_kernel(start):
    with oomd_running() as oomd:
        unit = start("thrashing", f"Slice={SLICE}", "MemoryHigh=24M", "MemorySwapMax=0")
        watch(SLICE)
        with tracing("--unit", unit.name, "--signal", "KILL") as trace:
            os.kill(unit.pid, signal.SIGUSR1)
            kill = trace.signal("SIGKILL", to=unit.pid)
            death = trace.death_of(unit.pid)
    first = next(filter(is_signal, trace.events))
    assert (first["sender"]["pid"], first["sender"]["comm"]) == (oomd, "systemd-oomd")
    assert first["origin"] in ("cgroup.kill", "kill")
    assert death["cause"] == kill["id"]
    assert unit.show("Result") in ("oom-kill", "signal")
