"""What befalls a process rarely: an exec that fails too late, another's memory, a target that cannot go on."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from cgroups import hierarchy
from elf import unmappable
from oracle import status_of, until
from scene import OURS, assert_death, assert_only, nobody_sent, signals_named

TERM, KILL = signal.SIGTERM, signal.SIGKILL
LIVE = pytest.mark.sources("core", "bcc", reason="audit sees no signals of the kernel")
CORE = pytest.mark.sources("core", reason="it is told by CO-RE alone")
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}


@LIVE
def test_an_exec_that_fails_beyond_its_point_of_no_return(trace, tmp_path, source):
    path = tmp_path / "nowhere"
    path.write_bytes(unmappable())
    path.chmod(0o755)
    running = trace(*OURS)
    child = subprocess.Popen(["sh", "-c", f"exec {path}"])
    status = child.wait()
    assert status == -signal.SIGSEGV
    event = running.signal_to(child.pid, "SIGSEGV")
    assert event["origin"] == {"core": "exec", "bcc": "kernel"}[source]
    assert nobody_sent(event)
    assert "fault" not in event
    assert_death(running, event, status)
    running.end()


@CORE
def test_who_shares_the_memory_of_the_oom_killers_victim(trace, program, cgroup):
    group = cgroup("memory")
    is_v1 = (group.folder / "memory.limit_in_bytes").exists()
    group.set("memory.limit_in_bytes" if is_v1 else "memory.max", 16 << 20)
    parent = subprocess.Popen([program("mistaken"), "shared"], preexec_fn=group.enter, **PIPES)
    pids = {parent.pid, int(parent.stdout.readline().split()[1])}
    running = trace("--signal", "KILL", *OURS)
    parent.stdin.write(b"x")
    parent.stdin.flush()
    assert parent.wait() == -KILL
    events = [running.signal_to(pid, "SIGKILL") for pid in pids]
    for event in events:
        assert event["origin"] == "oom"
        assert nobody_sent(event)
    shares = {event["target"]["pid"]: event["oom"].get("shares") for event in events}
    (victim,) = (pid for pid, victim in shares.items() if victim is None)
    (other,) = pids - {victim}
    assert shares[other]["pid"] == victim
    for event in events:
        assert_death(running, event, -KILL)
    running.end()
    parent.communicate()


@CORE
def test_frozen_by_the_freezer_of_old(trace, victim, cgroup):
    if hierarchy("freezer") is None and hierarchy("v2") is not None:
        pytest.skip("the freezer here is cgroup v2's")
    group = cgroup("freezer")
    target = victim("die")
    group.set("cgroup.procs", target.pid)
    running = trace("--to", target.pid)
    group.set("freezer.state", "FROZEN")
    until(lambda: group.get("freezer.state") == "FROZEN\n")
    target.send(TERM)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["target_state"] == "frozen"
    group.set("freezer.state", "THAWED")
    assert target.wait() == -TERM
    assert_death(running, event, -TERM)
    running.end()


@LIVE
def test_a_target_that_cannot_be_interrupted(trace, program):
    """The parent of a vfork(2) that lasts: it sees the signal when it goes on, a second later still not."""
    child = subprocess.Popen([program("mistaken"), "uninterruptible"], **PIPES)
    assert int(child.stdout.readline().split()[1]) == child.pid
    running = trace("--to", child.pid)
    status = Path(f"/proc/{child.pid}/status")
    until(lambda: "State:\tD" in status.read_text())
    os.kill(child.pid, TERM)
    event = running.signal_to(child.pid, "SIGTERM")
    assert event["target_state"] == "uninterruptible"
    child.communicate()
    assert child.returncode == 0
    running.end()


@pytest.mark.parametrize(
    ("number", "how"), [(TERM, "handle and exit"), (TERM, "die"), (KILL, "die")]
)
@LIVE
def test_a_target_that_is_gone_before_it_is_looked_at(number, how, trace, victim, source):
    """core looks at it as it sends; bcc a moment later, and then says nothing that it has not seen."""
    target = victim(how)
    running = trace("--to", target.pid)
    os.kill(running.pid, signal.SIGSTOP)
    until(lambda: status_of(running.pid)["State"].startswith("T"))
    target.send(number)
    status = target.wait()
    os.kill(running.pid, signal.SIGCONT)
    event = running.signal_to(target.pid)
    seen = "handled" if how != "die" else "delivered"
    assert event.get("outcome") == (seen if source == "core" or number == KILL else None)
    if status < 0:
        assert_death(running, event, status)
    running.end()


@pytest.mark.parametrize("number", [34, 64])
@CORE
def test_a_full_queue_is_told_once(number, trace, program, cannot_run):
    """The signal that was dropped is the call that was refused with EAGAIN: one row."""
    running = trace("--failed", *OURS)
    child = subprocess.Popen([program("queue_full"), str(number)], stdout=subprocess.PIPE)
    child.communicate()
    if child.returncode == 77:
        cannot_run("no other user can be taken on here")
    running.wait_for(lambda e: e.get("outcome") == "info lost")
    running.end()
    outcomes = [event["outcome"] for event in running.to(child.pid)]
    assert outcomes == ["blocked", "blocked", "dropped", "info lost"]
    assert [e for e in running.events if e["event"] not in ("signal", "exit")] == []
    assert signals_named(running, "SIGKILL") == []
    assert_only(running, child.pid, *[running.to(child.pid)[0]["signal"]["name"]] * 4)
