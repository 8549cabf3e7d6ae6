"""What systemd sends to a unit, and to which of its processes."""

import os
import signal

import pytest
from traced import is_signal, tracing


@pytest.mark.parametrize(
    ("mode", "main", "child"),
    [
        ("control-group", ["SIGTERM", "SIGCONT"], ["SIGTERM", "SIGCONT"]),
        ("mixed", ["SIGTERM", "SIGCONT"], ["SIGKILL"]),
        ("process", ["SIGTERM", "SIGCONT"], []),
    ],
)
def test_kill_mode_says_who_is_signalled(start, mode, main, child):
    unit = start("plain", f"KillMode={mode}")
    pids = unit.pids()
    with tracing("--to", str(pids[0]), "--to", str(pids[1])) as trace:
        unit.stop()
        if mode == "process":
            os.kill(pids[1], signal.SIGUSR1)
        trace.death_of(pids[0])
        trace.death_of(pids[1])
    sent = [e for e in trace.events if is_signal(e) and e["sender"]["pid"] == 1]
    assert [e["signal"]["name"] for e in sent if e["target"]["pid"] == pids[0]] == main
    names = [e["signal"]["name"] for e in sent if e["target"]["pid"] == pids[1]]
    # Of SIGTERM it may be gone before PID 1 sends the next: kill(2) finds nobody then.
    assert names in (child, child[:1])
    assert {e["target"]["unit"] for e in sent} == {unit.name}


def test_systemctl_kill_is_sent_by_pid_1(start):
    unit = start("plain")
    with tracing("--unit", unit.name, "--signal", "USR1") as trace:
        os.system(f"systemctl kill --signal=USR1 --kill-who=main {unit.name}")
        death = trace.death_of(unit.pid)
    (sent,) = filter(is_signal, trace.events)
    assert sent["sender"]["pid"] == 1
    assert death["cause"] == sent["id"]
    assert (unit.show("ExecMainCode"), unit.show("ExecMainStatus")) == ("2", str(signal.SIGUSR1))


def is_main(event):
    """Of a unit's processes the one that systemd started."""
    return is_signal(event) and event["target"]["ppid"] == 1


def test_watchdog_aborts_and_restarts(start):
    with tracing("--unit", "sigtrace-plain.service", "--signal", "ABRT") as trace:
        unit = start("plain", "WatchdogSec=3", "Restart=on-watchdog", "RestartSec=0")
        first = trace.signal("SIGABRT", to=unit.pid)
        death = trace.death_of(unit.pid)
        second = trace.wait_for(lambda e: is_main(e) and e["target"]["pid"] != unit.pid)
    assert first["sender"]["pid"] == 1
    assert death["cause"] == first["id"]
    assert second["target"]["unit"] == unit.name
    assert int(unit.show("NRestarts")) >= 1


def test_memory_limit_is_the_oom_killer(start):
    unit = start("hungry", "MemoryMax=40M", "MemorySwapMax=0")
    with tracing("--unit", unit.name, "--signal", "KILL") as trace:
        os.kill(unit.pid, signal.SIGUSR1)
        kill = trace.signal("SIGKILL", to=unit.pid)
        death = trace.death_of(unit.pid)
    assert unit.show("Result") == "oom-kill"
    assert kill["origin"] == "oom"
    assert kill["target"]["unit"] == unit.name
    assert "sender" not in kill or kill["sender"]["pid"] != 1
    assert death["cause"] == kill["id"]
