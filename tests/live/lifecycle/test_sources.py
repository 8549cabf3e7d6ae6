"""Each rung for real: the same kills through each of them, losses, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime, timezone

import pytest
from audit_state import audit_lock, audit_state
from harness import PATIENCE, Trace, Victim, held_by

BUFFER = "SIGTRACE_BCC_BUFFER"
RUNGS = {
    "core": ("core", {}),
    "bcc, ring buffer": ("bcc", {BUFFER: "ring"}),
    "bcc, perf buffer": ("bcc", {BUFFER: "perf"}),
    "bcc, perf buffer not mapped": ("bcc", {BUFFER: "perf-unmapped"}),
    "audit": ("audit", {}),
}
# Syscall entry to signal, and audit's clock, which goes on at each tick (ktime_get_coarse_real_ts64()).
SLACK = 0.1


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="live tracing needs root")


@pytest.fixture(autouse=True)
def lock():
    with audit_lock():
        before = audit_state()
        yield
        assert audit_state() == before


def time_of(event):
    text = event["time"]
    return (
        datetime.strptime(text[:26], "%Y-%m-%dT%H:%M:%S.%f")
        .replace(tzinfo=timezone.utc)
        .timestamp()
    )


SENDS = {
    "kill": "os.kill(pid, signal.SIGUSR1)",
    "tgkill": "libc.syscall(234, pid, pid, 12)",
    "pidfd_send_signal": "signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGHUP)",
    "sigqueue": "libc.sigqueue(pid, 34, ctypes.c_void_p(7))",
    "last": "os.kill(pid, signal.SIGTERM)",
}
NUMBERS = [10, 12, 1, 34, 15]
SCRIPT = "import ctypes, os, signal, sys\nlibc = ctypes.CDLL(None)\npid = int(sys.argv[1])\n"


def test_all_rungs_tell_the_same():
    """Who, whom, what and when of every call that sends; the sender's pid is told by itself."""
    thread_hides = "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))"
    target = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import signal\n{thread_hides}\nprint(1, flush=True)\nwhile 1: signal.pause()",
        ],
        stdout=subprocess.PIPE,
    )
    assert target.stdout.readline()
    traces = {
        name: Trace(kind, ["--to", target.pid], env=env) for name, (kind, env) in RUNGS.items()
    }
    try:
        sender = subprocess.Popen(
            [sys.executable, "-c", SCRIPT + "\n".join(SENDS.values()), str(target.pid)]
        )
        assert sender.wait(PATIENCE) == 0
        events = {}
        for name, trace in traces.items():
            trace.signal_to(target.pid, "SIGTERM")
            trace.end()
            events[name] = trace.to(target.pid)
            assert trace.status == 0, trace.said
    finally:
        target.kill()
        target.wait()
        for trace in traces.values():
            trace.kill()
    for name, seen in events.items():
        told = [(e["sender"]["pid"], e["target"]["pid"], e["signal"]["number"]) for e in seen]
        assert told == [(sender.pid, target.pid, number) for number in NUMBERS], name
        assert all(e["source"] == RUNGS[name][0] for e in seen)
        for mine, first in zip(seen, events["core"]):
            assert abs(time_of(mine) - time_of(first)) < SLACK, name


@pytest.mark.parametrize("rung", RUNGS)
def test_a_death_is_joined_to_its_signal(rung):
    source, env = RUNGS[rung]
    victim = Victim("die")
    trace = Trace(source, ["--to", victim.pid], env=env)
    try:
        victim.be_sent(signal.SIGTERM)
        assert victim.wait() == -signal.SIGTERM
        event = trace.signal_to(victim.pid, "SIGTERM")
        death = trace.death_of(victim.pid)
        assert death["signal"]["name"] == "SIGTERM"
        assert death["cause"] == event["id"]
        trace.end()
    finally:
        trace.kill()
        victim.end()


# Where the program's counter cannot be mapped, the last losses come only with the next record.
@pytest.mark.parametrize("rung", ["core", "bcc, ring buffer", "bcc, perf buffer"])
def test_kept_and_lost_make_all(rung):
    """More than the smallest buffer holds while nobody reads it: every signal is told or counted."""
    source, env = RUNGS[rung]
    count = 5_000
    victim = Victim("ignore", signal.SIGUSR1)
    trace = Trace(source, ["--to", victim.pid, "-s", "USR1", "--buffer", "64K", "--bare"], env=env)
    try:
        code = f"import os\nfor _ in range({count}): os.kill({victim.pid}, 10)"
        os.kill(trace.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, trace.pid, os.WSTOPPED)
        subprocess.run([sys.executable, "-c", code], check=True)
        os.kill(trace.pid, signal.SIGCONT)
        trace.end()
    finally:
        trace.kill()
        victim.end()
    kept = len(trace.to(victim.pid))
    lost = sum(event["count"] for event in trace.events if event["event"] == "loss")
    assert kept + lost == count
    assert lost, "the buffer was too large to show anything"


def all_programs():
    dump = subprocess.run(["bpftool", "-j", "prog"], capture_output=True, check=True).stdout
    return {prog["id"] for prog in json.loads(dump)}


@pytest.mark.parametrize("kind", ["core", "bcc"])
def test_sigkill_leaves_no_program(kind, cannot_run):
    if not shutil.which("bpftool"):
        cannot_run("bpftool is not installed")
    trace = Trace(kind, ["-s", "63"])
    held = held_by(trace.pid, "prog")
    assert held
    os.kill(trace.pid, signal.SIGKILL)
    trace.process.wait()
    # The kernel frees programs a moment after their last descriptor: bpf_prog_put_deferred().
    gone = threading.Event()
    for _ in range(100):
        if not held & all_programs():
            break
        gone.wait(0.05)
    assert not held & all_programs()
    trace.kill()
