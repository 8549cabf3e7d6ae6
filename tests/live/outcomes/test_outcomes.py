"""What became of it: held back, thrown away, lost, or the end of all threads."""

from __future__ import annotations

import errno
import os
import signal
import subprocess

import pytest
from oracle import mask_of
from scene import (
    OURS,
    assert_death,
    assert_only,
    deaths,
    nobody_sent,
    signals_named,
)

pytestmark = pytest.mark.sources("core", reason="it tells neither dispositions nor deaths")
TERM, KILL = signal.SIGTERM, signal.SIGKILL


def start(*words):
    """A program that says it is ready; gives it, and the rest of that line."""
    child = subprocess.Popen(
        list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ready, *rest = child.stdout.readline().split()
    assert ready == "ready"
    return child, list(map(int, rest))


@pytest.mark.parametrize("number", [34, 40, 64])
def test_a_full_queue_of_real_time_signals(number, trace, program, cannot_run):
    """Two fit. The third by sigqueue is lost and its sender told; the one by kill loses its siginfo."""
    running = trace("--signal", number, *OURS)
    child = subprocess.Popen(
        [program("queue_full"), str(number)], stdout=subprocess.PIPE, text=True
    )
    said = [int(line) for line in child.stdout]
    status = child.wait()
    if status == 77:
        cannot_run("no other user can be taken on here")
    assert said == [0, 0, errno.EAGAIN, 0]
    running.wait_for(lambda e: e.get("outcome") == "info lost")
    events = running.to(child.pid)
    assert [event["outcome"] for event in events] == ["blocked", "blocked", "dropped", "info lost"]
    assert [event["call"] for event in events] == ["rt_sigqueueinfo"] * 3 + ["kill"]
    assert {event["sender"]["pid"] for event in events} == {child.pid}
    end = assert_death(running, events[-1], status)
    assert status == 5
    assert "cause" not in end
    running.end()


def test_blocked_then_unblocked(trace, program):
    """It dies of it when it lets go, however much later: the first one sent is the cause."""
    child, _ = start(program("holds_back"), TERM)
    running = trace(*OURS)
    os.kill(child.pid, TERM)
    first = running.signal_to(child.pid, "SIGTERM")
    assert first["outcome"] == "blocked"
    assert TERM in mask_of(child.pid, "ShdPnd")
    os.kill(child.pid, TERM)
    second = running.signal_to(child.pid, "SIGTERM", outcome="coalesced")
    assert second["id"] != first["id"]
    assert not deaths(running, child.pid)
    child.communicate("go\n")
    assert child.returncode == -TERM
    assert_death(running, first, child.returncode)
    running.end()
    assert_only(running, child.pid, "SIGTERM", "SIGTERM")


def test_blocked_and_never_let_go(trace, program):
    """It exits by itself with the signal still pending: that is what it did not die of."""
    child, _ = start(program("holds_back"), TERM)
    running = trace(*OURS)
    os.kill(child.pid, TERM)
    event = running.signal_to(child.pid, "SIGTERM")
    child.communicate()
    assert child.returncode == 6
    end = assert_death(running, event, 6)
    assert "handled" not in end
    running.end()


def test_blocked_by_a_masking_shell_and_killed(trace, program):
    """SIGKILL while SIGTERM waits: the death is SIGKILL's, and it is an escalation."""
    child, _ = start(program("holds_back"), TERM)
    running = trace(*OURS)
    os.kill(child.pid, TERM)
    os.kill(child.pid, KILL)
    child.communicate()
    assert child.returncode == -KILL
    term, kill = running.signal_to(child.pid, "SIGTERM"), running.signal_to(child.pid, "SIGKILL")
    assert kill["escalates"]["id"] == term["id"]
    assert_death(running, kill, child.returncode)
    running.end()


def test_ignored(trace):
    """nohup's child is sent SIGHUP, and lives."""
    child = subprocess.Popen(["nohup", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b"x\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"x\n"
    running = trace(*OURS)
    os.kill(child.pid, signal.SIGHUP)
    event = running.signal_to(child.pid, "SIGHUP")
    assert (event["outcome"], event["why"]) == ("ignored", "SIG_IGN")
    child.communicate()
    assert child.returncode == 0
    end = assert_death(running, event, 0)
    assert "after_ns" not in end
    running.end()


def test_ignored_by_default(trace):
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b"x\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"x\n"
    running = trace("--all", "--to", child.pid)
    for number in (signal.SIGWINCH, signal.SIGURG, signal.SIGCHLD):
        os.kill(child.pid, number)
        event = running.signal_to(child.pid, number.name)
        assert (event["outcome"], event["why"]) == ("ignored", "default")
        assert event["origin"] == "kill"
    child.communicate()
    running.end()
    assert not deaths(running, child.pid)


def test_death_of_all_threads_by_one_sigterm(trace, program):
    """One signal, one death: the kernel's SIGKILL of the other threads was sent by nobody."""
    child, tids = start(program("threads"), "die")
    assert len(os.listdir(f"/proc/{child.pid}/task")) == 4
    running = trace(*OURS)
    os.kill(child.pid, TERM)
    child.communicate()
    assert child.returncode == -TERM
    event = running.signal_to(child.pid, "SIGTERM")
    assert (event["outcome"], event["scope"]) == ("delivered", "process")
    assert_death(running, event, child.returncode)
    running.end()
    assert_only(running, child.pid, "SIGTERM")
    assert len(deaths(running, child.pid)) == 1
    assert not [tid for tid in tids if running.to(tid) or deaths(running, tid)]
    assert not signals_named(running, "SIGKILL")


def test_a_signal_to_one_thread_ends_them_all(trace, program):
    child, tids = start(program("threads"), "kill-one")
    running = trace(*OURS)
    child.communicate()
    assert child.returncode == -TERM
    event = running.signal_to(child.pid, "SIGTERM")
    assert (event["origin"], event["scope"], event["call"]) == ("tgkill", "thread", "tgkill")
    assert event["target"]["tid"] in tids
    assert event["sender"]["pid"] == child.pid
    assert_death(running, event, child.returncode)
    running.end()
    assert_only(running, child.pid, "SIGTERM")
    assert len(deaths(running, child.pid)) == 1


def test_exit_of_a_threaded_program(trace, program):
    """exit_group(2) ends the other threads: nobody sent anything, and there is nothing to tell."""
    child, _ = start(program("threads"), "exit")
    running = trace("--signal", "KILL", *OURS)
    child.communicate()
    assert child.returncode == 5
    running.end()
    assert [event for event in running.events if event["event"] == "signal"] == []
    assert deaths(running, child.pid) == []


def test_exec_in_a_threaded_program(trace, program, victim):
    """The threads that exec ends show as nothing; afterwards the pid is the same, the program new."""
    marker = victim("ignore")
    read, write = os.pipe()
    child = subprocess.Popen(
        [program("threads"), "exec"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.dup2(read, 3),
        close_fds=False,
    )
    line = child.stdout.readline().split()
    assert line[0] == b"ready"
    running = trace(*OURS)
    os.kill(child.pid, signal.SIGWINCH)
    before = running.signal_to(child.pid, "SIGWINCH")
    child.stdin.close()
    os.write(write, b"x")
    # The oracle: only the program that exec put there copies its input.
    assert child.stdout.read(1) == b"x"
    assert os.listdir(f"/proc/{child.pid}/task") == [str(child.pid)]
    os.kill(child.pid, TERM)
    status = child.wait()
    marker.send(TERM)
    running.signal_to(marker.pid, "SIGTERM")
    term = running.signal_to(child.pid, "SIGTERM")
    assert (before["target"]["comm"], term["target"]["comm"]) == ("threads", "cat")
    assert term["target"]["argv"] == ["cat", "/dev/fd/3"]
    assert status == -TERM
    assert_death(running, term, status)
    running.end()
    os.close(read)
    os.close(write)
    child.stdout.close()
    assert_only(running, child.pid, "SIGWINCH", "SIGTERM")
    assert not signals_named(running, "SIGKILL")
    assert len(deaths(running, child.pid)) == 1


def test_a_death_nobody_signalled_is_not_told(trace, program):
    """A process that handled something long ago is told with it; one that was sent nothing is not."""
    child, _ = start(program("holds_back"), TERM)
    running = trace(*OURS)
    child.communicate()
    assert child.returncode == 6
    running.end()
    assert not [e for e in running.events if child.pid in (e.get("target", {}).get("pid"),)]
    assert not deaths(running, child.pid)


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT])
def test_a_signal_that_dumps_core_is_told_by_its_own_number(number, trace, program):
    """While a core is dumped, all threads but one are ended; the death is still of this signal."""
    child, _ = start(program("threads"), "die")
    running = trace(*OURS)
    os.kill(child.pid, number)
    child.communicate()
    assert child.returncode == -number
    event = running.signal_to(child.pid, number.name)
    assert event["origin"] == "kill"
    assert not nobody_sent(event)
    assert_death(running, event, child.returncode)
    running.end()
    assert_only(running, child.pid, number.name)
