"""Live audit leaves everything as it was, beside others and after its own violent death."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from audit_state import audit_lock, audit_state, auditctl
from harness import ROOT, Trace, Victim
from oracle import status_of, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="live audit needs root")


@pytest.fixture(autouse=True)
def as_found():
    with audit_lock():
        before = audit_state()
        yield before
        assert audit_state() == before


@pytest.fixture
def rules():
    """``rules(text…)`` puts rules in place; they are gone after the test."""
    put = []

    def put_in_place(*lines):
        for line in lines:
            put.append(line.split())
            auditctl(*put[-1])

    yield put_in_place
    for words in put:
        auditctl(*["-d" if word == "-a" else word for word in words])


def ours():
    return [line for line in auditctl("-l").splitlines() if "key=sigtrace-" in line]


def test_rules_are_there_while_it_runs_and_gone_after(as_found):
    trace = Trace("audit", ["-s", "63"])
    assert ours()
    assert all(f"key=sigtrace-{trace.pid}." in line for line in ours())
    assert "enabled 1" in auditctl("-s")
    trace.end()
    assert audit_state() == as_found


def test_sigkill_is_mended_by_the_next_start(as_found):
    killed = Trace("audit", ["-s", "63"])
    os.kill(killed.pid, signal.SIGKILL)
    killed.process.wait()
    assert ours()
    after = Trace("audit", ["-s", "63"])
    assert not any(f"sigtrace-{killed.pid}." in line for line in ours())
    after.end()
    assert audit_state() == as_found
    killed.kill()


def test_sigkill_is_mended_by_doctor(as_found):
    killed = Trace("audit", ["-s", "63"])
    os.kill(killed.pid, signal.SIGKILL)
    killed.process.wait()
    run = subprocess.run(
        [sys.executable, "-m", "tracer", "doctor"], cwd=ROOT, capture_output=True, text=True
    )
    assert "rules of traces that were killed" in run.stdout
    assert audit_state() == as_found
    killed.kill()


def test_two_at_once_both_see_and_the_last_one_restores(as_found):
    victim = Victim("ignore", signal.SIGUSR1)
    first, second = (Trace("audit", ["--to", victim.pid]) for _ in range(2))
    try:
        victim.be_sent(signal.SIGUSR1)
        first.signal_to(victim.pid, "SIGUSR1")
        second.signal_to(victim.pid, "SIGUSR1")
        first.end()
        assert "enabled 1" in auditctl("-s")
        victim.be_sent(signal.SIGUSR1)
        second.wait_for(lambda _: len(second.to(victim.pid)) == 2)
        second.end()
    finally:
        first.kill()
        second.kill()
        victim.end()
    assert audit_state() == as_found


def test_three_that_are_asked_to_end_at_once_restore(as_found):
    for _ in range(3):
        traces = [Trace("audit", ["-s", "63"]) for _ in range(3)]
        for trace in traces:
            trace.process.send_signal(signal.SIGINT)
        for trace in traces:
            trace.finish()
        assert audit_state() == as_found


def test_rules_that_are_taken_away_are_put_back_and_told(as_found):
    victim = Victim("ignore", signal.SIGUSR1)
    try:
        trace = Trace("audit", ["--to", victim.pid])
        there = len(ours())
        auditctl("-D")
        trace.wait_for(lambda event: event["event"] == "loss")
        # auditctl takes them away one by one: meanwhile the first are put back, and told.
        until(lambda: len(ours()) == there)
        victim.be_sent(signal.SIGUSR1)
        trace.signal_to(victim.pid, "SIGUSR1")
        before = [e["event"] for e in trace.events].count("loss")
        auditctl("-e", "0")
        trace.wait_for(lambda _: [e["event"] for e in trace.events].count("loss") > before)
        until(lambda: "enabled 1" in auditctl("-s"))
        trace.stop()
    finally:
        victim.end()
    assert "some lost" in trace.said


def test_what_is_queued_when_it_is_to_end_is_told_or_counted(storm_lock, program):
    """kept + lost = sent, though it is asked to end in the middle of its work."""
    sent = 20_000
    trace = Trace("audit", ["--signal", "51", "--buffer", "256M"])
    done = subprocess.run([program("storm"), str(sent), "51"], capture_output=True, check=True)
    events = trace.stop()
    losses = [event for event in events if event["event"] == "loss"]
    assert len(trace.to(int(done.stdout))) + sum(loss["count"] for loss in losses) == sent


def forged(trace):
    """Records of a kill that never was, sent to a trace's sockets by a process with CAP_NET_ADMIN; how many."""
    mine = set()
    for fd in Path(f"/proc/{trace.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            mine.add(os.readlink(fd))
    ports = [line.split() for line in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    sent = 0
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as forger:
        for _, protocol, port, *_, inode in ports:
            if protocol == "9" and f"socket:[{inode}]" in mine:
                for kind, body in FORGED:
                    text = f"audit({time.time():.3f}:99999999): {body}".encode()
                    head = struct.pack("=IHHII", 16 + len(text), kind, 0, 0, 0)
                    sent += forger.sendto(head + text, (int(port), 0)) > 0
    return sent


FORGED = (
    (
        1300,
        "arch=c000003e syscall=62 success=yes exit=0 a0=3039 a1=3f a2=0 a3=0 items=0 ppid=1 pid=1 "
        'uid=0 gid=0 euid=0 comm="systemd" exe="/lib/systemd/systemd" key=(null)',
    ),
    (1318, 'opid=12345 oauid=-1 ouid=0 oses=-1 ocomm="nginx"'),
    (1320, ""),
)


def test_only_the_kernel_is_heard():
    victim = Victim("ignore", 63)
    try:
        trace = Trace("audit", ["--signal", "63"])
        assert forged(trace) >= len(FORGED)
        victim.be_sent(63)
        trace.signal_to(victim.pid)
        trace.stop()
        assert {event["target"]["pid"] for event in trace.events} == {victim.pid}
    finally:
        victim.end()


def test_a_rule_set_that_suffices_is_used(rules):
    from tracer.audit.rules import recommended

    rules(*recommended())
    enabled = "enabled 1" in auditctl("-s")
    auditctl("-e", "1")
    victim = Victim("ignore", signal.SIGUSR1)
    try:
        trace = Trace("audit", ["--to", victim.pid])
        assert not ours()
        victim.be_sent(signal.SIGUSR1)
        trace.signal_to(victim.pid, "SIGUSR1")
        trace.end()
        assert len(trace.to(victim.pid)) == 1
    finally:
        victim.end()
        auditctl("-e", str(int(enabled)))


def test_a_rule_that_hides_signals_is_told(rules):
    rules("-a never,task")
    trace = Trace("audit", ["-s", "63"])
    trace.end()
    assert "'-a never,task' hides signals" in trace.said


def test_a_narrow_rule_does_not_count_as_one_that_shows(rules):
    rules("-a always,exit -F arch=b64 -S kill -F a1=9 -k mine")
    trace = Trace("audit", ["-s", "TERM"])
    assert any("-S kill" in line and "a1=0xF" in line for line in ours())
    trace.end()


def test_refused_and_probes_only_when_asked_for():
    victim = Victim("ignore", signal.SIGUSR1)
    gone = subprocess.Popen(["true"])
    gone.wait()
    plain = Trace("audit", ["--to", victim.pid, "--to", gone.pid])
    asking = Trace("audit", ["--to", victim.pid, "--to", gone.pid, "--failed", "--probes"])
    code = (
        f"import os\nos.kill({victim.pid}, 0)\n"
        f"try: os.kill({gone.pid}, 9)\nexcept OSError: pass\nos.kill({victim.pid}, 10)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    for trace in (plain, asking):
        trace.signal_to(victim.pid, "SIGUSR1")
        trace.end()
    victim.end()
    # Somebody else's storm of signals may cost records, which is told, and none of ours.
    told = [[event for event in t.events if event["event"] != "loss"] for t in (plain, asking)]
    assert [event["event"] for event in told[0]] == ["signal"]
    assert [event["event"] for event in told[1]] == ["probe", "failed", "signal"]
    assert told[1][1]["error"] == "ESRCH"


def test_root_is_given_up_but_for_the_right_to_undo():
    trace = Trace("audit", ["-s", "63", "-v"])
    fields = status_of(trace.pid)
    assert fields["Uid"].split()[0] != "0"
    assert int(fields["CapPrm"], 16) == 1 << 30
    trace.end()
    assert "CAP_AUDIT_CONTROL" in trace.said
