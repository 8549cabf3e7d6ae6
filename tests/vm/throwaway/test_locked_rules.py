"""Locked audit rules (auditctl -e 2): nothing can be changed any more, and nothing needs to be."""

import json
import os
import subprocess
import sys

import pytest
from traced import tracing

SIGTRACE = [sys.executable, "-m", "tracer"]
RULE = "-a always,exit -F arch=b64 -S kill -k theirs"


@pytest.fixture(scope="module")
def locked():
    """One rule, which shows kill alone, and the lock."""
    for words in ("-D", RULE, "-b 8192", "-e 2"):
        subprocess.run(["auditctl", *words.split()], check=True, capture_output=True)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["auditctl", "-D"], check=True, capture_output=True)


def test_the_rules_there_are_used(locked):
    with subprocess.Popen(["sleep", "3600"]) as target:
        with tracing("--source", "audit", "--to", str(target.pid)) as trace:
            with subprocess.Popen(["kill", str(target.pid)]) as sender:
                assert sender.wait() == 0
            event = trace.signal("SIGTERM", to=target.pid)
        assert target.wait() == -15
    assert event["sender"]["pid"] == sender.pid
    rules = subprocess.run(["auditctl", "-l"], capture_output=True, text=True, check=True).stdout
    assert rules.strip() == RULE.replace("-k ", "-F key=")


def test_what_they_miss_is_said(locked):
    run = [*SIGTRACE, "--source", "audit", "--duration", "100ms"]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stderr
    assert "the audit rules are locked (-e 2)" in said
    assert (
        "no rule shows every kill, pidfd_send_signal, rt_sigqueueinfo" in said
    )  # kill: of 32 bits


def test_doctor_tells_of_the_lock(locked):
    done = subprocess.run([*SIGTRACE, "doctor", "--json"], capture_output=True, text=True)
    checks = {(one["group"], one["name"]): one for one in json.loads(done.stdout)["checks"]}
    assert checks["audit", "lock"]["state"] == "not permitted"
    assert "reboot" in checks["audit", "lock"]["try"]
    assert checks["audit", "works"]["state"] == "ok"
    assert done.returncode == 0, os.uname()
