"""Signals whose sender, outcome or end is easily mistaken: what is said of them is true, and bcc says less, never
something else. waitpid(2) and /proc decide."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
from pathlib import Path

import pytest
from oracle import until
from scene import OURS, PIPES, assert_death, nobody_sent, start

TERM, KILL = signal.SIGTERM, signal.SIGKILL
LIVE = pytest.mark.sources("core", "bcc", reason="audit sees no signals of the kernel")
CORE = pytest.mark.sources("core", reason="it is told by CO-RE alone")


@CORE
def test_a_fault_that_is_handed_on(trace, program):
    """A crash handler gives its own process the siginfo that it was given: half an address is no pid."""
    running = trace(*OURS)
    child = subprocess.Popen([program("mistaken"), "reraise"])
    assert child.wait() == -signal.SIGSEGV
    running.death_of(child.pid)
    first, second = running.to(child.pid)
    for event in (first, second):
        assert event["origin"] == "fault"
        assert event["fault"] == {"address": "0x7f1234567890"}
        assert nobody_sent(_but(event, "call"))
        assert "claim" not in event
    assert ("call" in first, second["call"]) == (False, "rt_tgsigqueueinfo")
    assert_death(running, second, -signal.SIGSEGV)
    running.end()


@LIVE
def test_the_thread_that_had_started_it_ends(trace, program, source):
    running = trace(*OURS)
    parent, victim = start(program("mistaken"), "thread death")
    event = running.signal_to(victim, "SIGKILL")
    assert (event["origin"], event["sender"]["pid"]) == ("parent death", parent.pid)
    assert event["sender_lives"] is True
    assert event["sender"]["comm"] == "mistaken"
    assert event["sender"]["thread_comm"] == "pool-7"
    assert event["sender"]["tid"] != parent.pid
    assert parent.poll() is None
    parent.communicate()
    running.end()


@LIVE
def test_a_child_that_was_to_end_with_another_signal(trace, program, source):
    running = trace(*OURS)
    parent = subprocess.Popen([program("mistaken"), "clone"], **PIPES)
    child = int(parent.stdout.readline().split()[1])
    assert parent.wait() == -TERM
    event = running.signal_to(parent.pid, "SIGTERM")
    if source == "core":
        assert (event["origin"], event["sender"]["pid"]) == ("child", child)
    else:
        assert event["origin"] == "kernel"
    assert_death(running, event, -TERM)
    running.end()


@pytest.mark.parametrize("number", [9, 15, 29])
@CORE
def test_who_wrote_to_a_file_whose_owner_is_told(number, trace, program):
    """F_SETOWN and F_SETSIG: the writer did not send, but it is who ran."""
    running = trace(*OURS)
    writer, victim = start(program("mistaken"), "file", number)
    assert writer.wait() == 0
    event = running.signal_to(victim, signal.Signals(number).name)
    assert event["origin"] == "async io"
    assert "sender" not in event
    assert event["current"]["pid"] == writer.pid
    assert_death(running, event, -number)
    running.end()


@pytest.mark.parametrize("how", ["sigwait", "signalfd"])
@LIVE
def test_awaited(how, trace, program, source):
    child, _ = start(program("mistaken"), how)
    running = trace(*OURS)
    until(lambda: all(_state(child.pid, tid) == "S" for tid in _tids(child.pid)))
    os.kill(child.pid, TERM)
    assert child.wait() == 0
    event = running.signal_to(child.pid, "SIGTERM")
    if source == "bcc":
        assert event.get("outcome") in (None, "blocked")
    else:
        assert event["outcome"] == "awaited"
        end = running.death_of(child.pid)
        assert (end["status"], end["handled"]) == (0, event["id"])
        assert end["answers"]["sender"]["pid"] == os.getpid()
        assert "cause" not in end
    running.end()


@pytest.mark.parametrize(("threads", "outcome"), [(2, "blocked"), (33, "blocked"), (300, None)])
@CORE
def test_however_many_threads_block_it(threads, outcome, trace, program):
    """Of more than were looked at nothing is claimed."""
    child, _ = start(program("mistaken"), "many", threads)
    running = trace(*OURS)
    os.kill(child.pid, TERM)
    event = running.signal_to(child.pid, "SIGTERM")
    assert event.get("outcome") == outcome
    assert child.poll() is None
    child.communicate()
    running.end()


@pytest.mark.parametrize("alone", [1, 0])
@CORE
def test_what_seccomp_refused(alone, trace, program, needs):
    """Also where it ends one of several threads, and the kernel sends nothing."""
    needs("the signal of seccomp")
    running = trace(*OURS)
    child = subprocess.Popen([program("mistaken"), "refused", str(alone)], **PIPES)
    event = running.signal_to(child.pid, "SIGSYS")
    assert event["origin"] == "seccomp"
    if platform.machine() in ("x86_64", "aarch64"):
        assert event["seccomp"]["call"] == "mkdirat"
    assert int(event["seccomp"]["ip"], 16) > 0
    if alone:
        assert child.wait() == -signal.SIGSYS
        assert_death(running, event, -signal.SIGSYS)
    else:
        assert event["seccomp"]["action"] == "kill thread"
        assert event["target"]["tid"] != child.pid
        assert child.stdout.readline().startswith("ready")
        child.communicate()
        assert child.returncode in (0, 1)
    running.end()


@LIVE
def test_a_title_is_what_ps_shows(trace, program):
    running = trace(*OURS)
    words = [program("mistaken"), "title", "--bind", "127.0.0.1:8000", "--workers", "4"]
    parent, victim = start(*words)
    event = running.signal_to(victim, "SIGTERM")
    if "argv" in event["sender"]:
        assert event["sender"]["argv"] == ["app: master"]
    parent.wait()
    running.end()


@LIVE
def test_a_job_left_behind_without_a_terminal(trace, source):
    """A session that never had a terminal: nothing hangs up."""
    code = """if True:
        import os, signal, time
        os.setsid()
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            signal.pause()
        os.setpgid(child, child) if os.getpgid(child) != child else None
        os.kill(child, signal.SIGSTOP)
        os.waitid(os.P_PID, child, os.WSTOPPED)
        print(child, flush=True)
    """
    running = trace(*OURS)
    leader = subprocess.Popen(["/usr/bin/python3", "-c", code], **PIPES)
    child = int(leader.stdout.readline())
    event = running.signal_to(child, "SIGHUP")
    if source == "core":
        assert (event["origin"], event["sender"]["pid"]) == ("parent death", leader.pid)
    else:
        assert event["origin"] == "kernel"
    leader.wait()
    running.end()


@CORE
def test_a_stopped_target_sees_it_when_it_goes_on(trace, victim):
    target = victim("die")
    running = trace("--to", target.pid)
    target.send(signal.SIGSTOP)
    until(lambda: _state(target.pid, target.pid) == "T")
    target.send(TERM)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["target_state"] == "stopped"
    target.send(signal.SIGCONT)
    assert target.wait() == -TERM
    assert_death(running, event, -TERM)
    running.end()


@CORE
def test_a_frozen_target(trace, victim, cgroup, needs):
    needs("cgroup.freeze")
    group = cgroup("v2")
    target = victim("die")
    group.set("cgroup.procs", target.pid)
    running = trace("--to", target.pid)
    group.set("cgroup.freeze", 1)
    until(lambda: "frozen 1" in group.get("cgroup.events"))
    target.send(TERM)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["target_state"] == "frozen"
    group.set("cgroup.freeze", 0)
    assert target.wait() == -TERM
    running.end()


@CORE
def test_an_end_by_a_fault_that_the_filter_leaves_out(trace, program):
    """Nobody sent it, and that is said."""
    running = trace("--signal", "USR1", *OURS)
    code = "import ctypes, os, signal; signal.signal(10, lambda *_: None); os.kill(os.getpid(), 10); ctypes.string_at(8)"
    child = subprocess.Popen(["/usr/bin/python3", "-c", code])
    assert child.wait() == -signal.SIGSEGV
    end = running.death_of(child.pid)
    assert (end["signal"]["name"], end["origin"]) == ("SIGSEGV", "fault")
    assert "cause" not in end
    running.end()


@CORE
def test_one_group_by_a_pidfd(trace, spawn, needs):
    """PIDFD_SIGNAL_PROCESS_GROUP: one call, one id, and the group is named as kill(-pgid) names it."""
    needs("process groups by a pidfd")
    leader = spawn("sleep", "100", preexec_fn=os.setpgrp)
    other = spawn("sleep", "100", preexec_fn=lambda: os.setpgid(0, leader.pid))
    running = trace(*OURS)
    fd = os.pidfd_open(leader.pid)
    with contextlib.closing(os.fdopen(fd)):
        assert _pidfd_send(fd, TERM, 4) == 0
    events = [running.signal_to(one.pid, "SIGTERM") for one in (leader, other)]
    assert {(event["call"], event["asked"]) for event in events} == {
        ("pidfd_send_signal", -leader.pid)
    }
    assert events[0]["id"] == events[1]["id"]
    running.end()


@CORE
def test_one_cgroup_is_killed(trace, spawn, cgroup, needs):
    needs("cgroup.kill")
    group = cgroup("v2")
    victims = [spawn("sleep", "100") for _ in range(3)]
    for one in victims:
        group.set("cgroup.procs", one.pid)
    running = trace(*OURS)
    group.set("cgroup.kill", 1)
    events = [running.signal_to(one.pid, "SIGKILL") for one in victims]
    assert {event["origin"] for event in events} == {"cgroup.kill"}
    assert {event["cgroup"] for event in events} == {group.path}
    assert len({event["id"] for event in events}) == 1
    running.end()


@CORE
def test_ancestors_have_command_lines(trace, victim):
    target = victim("die")
    running = trace("--to", target.pid)
    subprocess.run(["sh", "-c", f"kill -TERM {target.pid}; :", "named"], check=True)
    event = running.signal_to(target.pid, "SIGTERM")
    parent = event["sender"]["ancestors"][0]
    assert parent["pid"] == os.getpid()
    words = Path("/proc/self/cmdline").read_bytes().split(b"\0")
    assert parent["argv"][0] == words[0].decode()
    assert parent["exe"] == os.readlink("/proc/self/exe")
    assert parent["uid"] == os.getuid()
    running.end()


def _but(event, *names):
    return {key: value for key, value in event.items() if key not in names}


def _tids(pid):
    return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]


def _state(pid, tid):
    return Path(f"/proc/{pid}/task/{tid}/stat").read_text().rpartition(")")[2].split()[0]


def _pidfd_send(fd, number, flags):
    import ctypes

    return ctypes.CDLL(None).syscall(424, fd, int(number), None, flags)
