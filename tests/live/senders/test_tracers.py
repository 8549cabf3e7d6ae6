"""Signals that a tracer causes, gives or keeps: whose they are. waitpid(2) and /proc decide."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys

import pytest
from scene import OURS, assert_death, nobody_sent, start

TERM, KILL = signal.SIGTERM, signal.SIGKILL
LIVE = pytest.mark.sources("core", "bcc", reason="audit sees no signals of the kernel")
CORE = pytest.mark.sources("core", reason="it is told by CO-RE alone")


@LIVE
def test_a_tracers_kill(trace, program, source):
    """PTRACE_KILL has the marks of cgroup.kill: SI_USER, for one thread, by no call that sends."""
    running = trace(*OURS)
    tracer, victim = start(program("mistaken"), "ptrace kill")
    assert tracer.wait() == 0
    event = running.signal_to(victim, "SIGKILL")
    assert (event["origin"], event["sender"]["pid"]) == (
        {"core": "ptrace", "bcc": "user"}[source],  # bcc knows no calls
        tracer.pid,
    )
    if source == "core":
        assert event["sender"]["argv"] == [program("mistaken"), "ptrace kill"]
        assert event["tracer"]["pid"] == tracer.pid
    assert_death(running, event, -KILL)
    running.end()


@pytest.mark.parametrize("option", ["--from", "--pid"])
@CORE
def test_a_tracer_is_found_by_its_pid_though_another_process_is_at_work(
    option, trace, program, spawn
):
    """The kernel's filter sees the target send it."""
    tracer = spawn("sh", "-c", 'read go; exec "$0" inject 15', program("mistaken"))
    running = trace(option, tracer.pid, "--signal", "TERM")
    tracer.stdin.write(b"\n")
    tracer.stdin.flush()
    assert tracer.wait() == TERM
    victim = int(tracer.stdout.readline().split()[1])
    event = running.signal_to(victim, "SIGTERM")
    assert (event["origin"], event["sender"]["pid"]) == ("ptrace", tracer.pid)
    running.end()


@pytest.mark.parametrize("number", [1, 5, 9, 11, 14, 15, 24, 29])
@LIVE
def test_what_a_tracer_lets_its_target_go_on_with(number, trace, program, source):
    """As strace's --inject does: the target sends it itself, and its tracer is who did it."""
    running = trace(*OURS)
    tracer, victim = start(program("mistaken"), "inject", number)
    assert tracer.wait() == number
    event = running.signal_to(victim, signal.Signals(number).name)
    if source == "core":
        assert (event["origin"], event["sender"]["pid"]) == ("ptrace", tracer.pid)
        assert event["tracer"]["argv"] == [program("mistaken"), "inject", str(number)]
        assert "current" not in event
    else:
        assert event["origin"] == "kernel"
        assert nobody_sent(event)
    assert_death(running, event, -number)
    running.end()


@LIVE
def test_strace_injects(trace, cannot_run, source):
    if not shutil.which("strace"):
        cannot_run("strace is not installed")
    running = trace(*OURS)
    words = ["strace", "-qq", "-o", "/dev/null", "--inject=getppid:signal=SIGTERM", sys.executable]
    strace = subprocess.Popen([*words, "-c", "import os; os.getppid()"])
    strace.wait()
    event = running.wait_for(lambda e: "origin" in e and _is(e, "SIGTERM"))
    if source == "core":
        assert event["origin"] == "ptrace"
        assert event["sender"]["pid"] == strace.pid
        assert event["sender"]["comm"] == "strace"
    else:
        assert event["origin"] == "kernel"
        assert nobody_sent(event)
    running.end()


@LIVE
def test_gdb_gives_a_signal_that_nobody_sent(trace, victim, cannot_run, source):
    """gdb's "signal SIGTERM" is no event: the end names the tracer, and does not claim more."""
    target = victim("die")
    running = trace("--to", target.pid)
    gdb = _debugged(cannot_run, target.pid, "signal SIGTERM")
    assert target.wait() == -TERM
    end = running.death_of(target.pid)
    assert end["signal"]["name"] == "SIGTERM"
    assert "cause" not in end
    if source == "core":
        assert end["tracer"]["pid"] == gdb
    running.end()
    assert [event["origin"] for event in running.to(target.pid)] == ["ptrace"]  # It attached.


@LIVE
def test_gdb_kills(trace, victim, cannot_run):
    """By kill(2), tgkill(2) or PTRACE_KILL: whichever comes first, it is gdb's."""
    target = victim("die")
    running = trace("--to", target.pid)
    gdb = _debugged(cannot_run, target.pid, "kill")
    assert target.wait() == -KILL
    event = running.signal_to(target.pid, "SIGKILL")
    assert event["origin"] in ("kill", "tgkill", "ptrace", "user")
    assert event["sender"]["pid"] == gdb
    assert_death(running, event, -KILL)
    running.end()


@LIVE
def test_a_signal_that_its_tracer_ignores(trace, victim, cannot_run, source):
    """SIG_IGN under strace: the tracer sees it, the process does not."""
    if not shutil.which("strace"):
        cannot_run("strace is not installed")
    target = victim("ignore")
    strace = subprocess.Popen(
        ["strace", "-o", "/dev/null", "-p", str(target.pid)], stderr=subprocess.PIPE, text=True
    )
    assert "attached" in strace.stderr.readline()
    running = trace("--to", target.pid)
    target.send(TERM)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["outcome"] == "ignored"
    if source == "core":
        assert event["why"] == "SIG_IGN"
        assert event["tracer"]["pid"] == strace.pid
    strace.send_signal(signal.SIGINT)
    strace.communicate()
    running.end()


def _debugged(cannot_run, pid, *commands):
    """gdb attaches to it, does that, and goes; gives gdb's pid."""
    if not shutil.which("gdb"):
        cannot_run("gdb is not installed")
    words = [word for command in (f"attach {pid}", *commands, "quit") for word in ("-ex", command)]
    gdb = subprocess.Popen(
        ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    gdb.wait()
    return gdb.pid


def _is(event, name):
    return event["event"] == "signal" and event["signal"]["name"] == name
