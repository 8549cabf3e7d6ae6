"""Where auditd runs: beside live audit, with rules of rules.d, through a rotation of its log."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from traced import following, is_signal, tracing
from units import systemctl

LOG = Path("/var/log/audit/audit.log")
RULES = Path("/etc/audit/rules.d/50-sigtrace.rules")
SIGTRACE = [sys.executable, "-m", "tracer"]


def auditctl(option):
    return subprocess.run(["auditctl", option], capture_output=True, text=True, check=True).stdout


def auditd_pid():
    (pid,) = (line.split()[1] for line in auditctl("-s").splitlines() if line.startswith("pid "))
    return int(pid)


@pytest.fixture(autouse=True)
def auditd():
    """auditd runs before, and the same one after; the rules are as they were."""
    systemctl("start", "auditd")
    pid, rules = auditd_pid(), auditctl("-l")
    assert pid == int(systemctl("show", "--value", "--property", "MainPID", "auditd"))
    yield pid
    assert (auditd_pid(), auditctl("-l")) == (pid, rules)


@pytest.fixture
def rules_d(auditd):
    """What `sigtrace audit-rules` prints, loaded from rules.d as an administrator does it."""
    printed = subprocess.run([*SIGTRACE, "audit-rules"], capture_output=True, check=True).stdout
    RULES.write_bytes(printed)
    subprocess.run(["augenrules", "--load"], check=True, capture_output=True)
    yield
    RULES.unlink()
    subprocess.run(["augenrules", "--load"], check=True, capture_output=True)


@pytest.fixture
def target():
    with subprocess.Popen(
        ["sh", "-c", "trap : USR1 USR2; while :; do sleep 3600 & wait; done"]
    ) as it:
        yield it.pid
        it.kill()


def kill(name, pid):
    """By a process of its own; gives its pid."""
    with subprocess.Popen(["kill", f"-{name}", str(pid)]) as sender:
        assert sender.wait() == 0
        return sender.pid


def test_live_audit_and_auditd_tell_the_same(target):
    with tracing("--source", "audit", "--to", str(target)) as trace:
        sender = kill("USR1", target)
        live = trace.signal("SIGUSR1", to=target)
    assert live["sender"]["pid"] == sender
    # What auditd writes is read by ausearch, which shares nothing with us.
    with following(str(LOG)) as log:
        kept = log.signal("SIGUSR1", to=target)
    assert (kept["id"], kept["sender"]["pid"]) == (live["id"], sender)
    found = subprocess.run(
        ["ausearch", "-a", live["id"].rpartition(":")[2], "--raw"], capture_output=True, text=True
    ).stdout
    assert f"opid={target} " in found
    assert f" pid={sender} " in found


def test_with_rules_of_rules_d_a_live_trace_adds_none(rules_d, target):
    before = auditctl("-l")
    assert "sigtrace" in before
    with tracing("--source", "audit", "--to", str(target)) as trace:
        assert auditctl("-l") == before
        sender = kill("USR1", target)
        assert trace.signal("SIGUSR1", to=target)["sender"]["pid"] == sender
    answer = subprocess.run([*SIGTRACE, "doctor"], capture_output=True, text=True, check=True)
    (line,) = [line for line in answer.stdout.splitlines() if line[14:].startswith("audit   rules")]
    assert line.startswith("ok")


def test_pid_1_is_audited(rules_d):
    """The box boots with audit=1: without it, PID 1 has no audit context."""
    assert "audit=1" in Path("/proc/cmdline").read_text().split()
    with tracing("--source", "audit", "--signal", "TERM") as trace:
        systemd = ["systemd-run", "--quiet", "--unit=sigtrace-sleep", "sleep", "3600"]
        subprocess.run(systemd, check=True)
        pid = int(systemctl("show", "--value", "--property", "MainPID", "sigtrace-sleep"))
        systemctl("stop", "sigtrace-sleep")
        event = trace.signal("SIGTERM", to=pid)
    assert (event["sender"]["pid"], event["sender"]["comm"]) == (1, "systemd")


def test_a_followed_log_goes_on_through_rotation(rules_d, target, auditd):
    with following(str(LOG)) as log:
        first = kill("USR1", target)
        assert log.signal("SIGUSR1", to=target)["sender"]["pid"] == first
        old = LOG.stat().st_ino
        os.kill(auditd, signal.SIGUSR1)  # auditd(8): rotate the log
        second = kill("USR2", target)
        assert log.signal("SIGUSR2", to=target)["sender"]["pid"] == second
        assert LOG.stat().st_ino != old
    names = [
        e["signal"]["name"] for e in log.events if is_signal(e) and e["target"]["pid"] == target
    ]
    assert names == ["SIGUSR1", "SIGUSR2"]
