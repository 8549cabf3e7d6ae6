"""An auditd that starts under a trace, or after one that was killed: whoever cleans up leaves it auditing.

A process of our own stands for it: it has the kernel send it the records, as auditd does (AUDIT_SET, audit_receive_msg()
in kernel/audit.c), gives the backlog its room and adds a rule.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from audit_host import status
from audit_state import audit_lock, audit_state, auditctl
from harness import PATIENCE, ROOT, Trace

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="live audit needs root"),
    pytest.mark.skipif(not shutil.which("auditctl"), reason="auditctl is the oracle"),
]

RULE = "always,exit -F arch=b64 -S adjtimex -k not-ours"
# struct audit_status with AUDIT_STATUS_PID, in a message of type AUDIT_SET with NLM_F_REQUEST | NLM_F_ACK.
COMPANION = """
import os, select, socket, struct, sys
NETLINK_AUDIT, AUDIT_SET, AUDIT_STATUS_PID, NLMSG_ERROR = 9, 1001, 4, 2
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
def set_pid(pid):
    body = struct.pack("=10I", AUDIT_STATUS_PID, 0, 0, pid, 0, 0, 0, 0, 0, 0)
    kernel.send(struct.pack("=IHHII", 16 + len(body), AUDIT_SET, 5, 1, 0) + body)
    while True:
        answer = kernel.recv(1 << 16)
        if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
            return struct.unpack_from("=i", answer, 16)[0]
print(set_pid(os.getpid()), flush=True)
while sys.stdin not in select.select([kernel, sys.stdin], [], [])[0]:
    kernel.recv(1 << 16)
set_pid(0)
"""


@pytest.fixture
def off():
    """Auditing is off and has no rules, as on a host without auditd; all is as found at the end."""
    with audit_lock():
        before, backlog, enabled = audit_state(), *map(status().get, ("backlog_limit", "enabled"))
        if "No rules" not in before[0] or status()["pid"] != "0":
            pytest.skip("this host has rules or an auditd of its own")
        auditctl("-e", "0")
        auditctl("-b", "64")
        yield
        auditctl("-b", backlog)
        auditctl("-e", enabled)
        assert audit_state() == before


@pytest.fixture
def auditd(off):
    """``auditd()`` starts what stands for it; ``backlog`` and ``rule``: what it sets."""
    started = []

    def start(*, backlog=None, rule=False):
        process = subprocess.Popen(
            [sys.executable, "-ISc", COMPANION],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append((process, rule))
        assert process.stdout.readline() == "0\n"
        if backlog:
            auditctl("-b", str(backlog))
        if rule:
            auditctl("-a", *RULE.split())
        return process

    yield start
    for process, rule in started:
        process.communicate(timeout=PATIENCE)
        if rule:
            auditctl("-d", *RULE.split())


def killed():
    trace = Trace("audit", ["-s", "63"])
    trace.process.kill()
    trace.process.wait()
    trace.kill()
    assert "sigtrace" in auditctl("-l")


def by_doctor():
    done = subprocess.run(
        [sys.executable, "-m", "tracer", "doctor"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "rules of traces that were killed" in done.stdout


def by_the_next_trace():
    Trace("audit", ["-s", "63"]).stop()


CLEANERS = pytest.mark.parametrize("clean", [by_doctor, by_the_next_trace])


@CLEANERS
@pytest.mark.parametrize("rule", [False, True])
def test_an_auditd_that_came_after_a_killed_trace_stays_on(clean, rule, auditd):
    killed()
    process = auditd(backlog=8192, rule=rule)
    clean()
    now = status()
    assert (now["enabled"], now["pid"], now["backlog_limit"]) == ("1", str(process.pid), "8192")
    left = auditctl("-l")
    assert "sigtrace" not in left
    assert ("not-ours" in left) == rule


@CLEANERS
def test_of_an_auditd_that_has_set_no_backlog_ours_does_not_stay(clean, auditd):
    killed()
    process = auditd()
    clean()
    now = status()
    assert (now["enabled"], now["pid"], now["backlog_limit"]) == ("1", str(process.pid), "64")


@CLEANERS
def test_where_none_came_all_is_as_before(clean, off):
    killed()
    clean()
    now = status()
    assert (now["enabled"], now["backlog_limit"]) == ("0", "64")


def test_an_auditd_that_came_under_a_trace_stays_on(auditd):
    trace = Trace("audit", ["-s", "63"])
    process = auditd(backlog=8192, rule=True)
    trace.stop()
    now = status()
    assert (now["enabled"], now["pid"], now["backlog_limit"]) == ("1", str(process.pid), "8192")
    assert "sigtrace" not in auditctl("-l")
