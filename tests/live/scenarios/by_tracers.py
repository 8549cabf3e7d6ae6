"""Signals that a tracer causes, keeps or lets pass: ptrace(2)."""

from __future__ import annotations

import subprocess

from stage import (
    ANY_CALL,
    ANY_OUTCOME,
    HUP,
    KILL,
    PYTHON,
    SEGV,
    STATES,
    STOP,
    TERM,
    scenario,
)
from truth import BY_TGKILL

from scenarios.common import debugged, free_when_traced, needs_program, orphan


@scenario("a tracer's PTRACE_KILL")
def tracers_kill(s):
    tracer, target = s.start("mistaken", "ptrace kill")
    assert tracer.wait() == 0
    s.truth.name(tracer=tracer.pid, target=target)
    # bcc knows no calls, and of who sends nothing but its pid.
    s.truth.was_sent(target, KILL, ("ptrace", "user"), by=tracer.pid, kills=True, tracer=tracer.pid)
    s.truth.ended(target, -KILL, tracer=tracer.pid)


def injects(number):
    def play(s):
        tracer, target = s.start("mistaken", "inject", number)
        assert tracer.wait() == number
        s.truth.name(tracer=tracer.pid, target=target)
        s.truth.was_sent(target, STOP, BY_TGKILL, by=target, tracer=tracer.pid)
        s.truth.was_sent(
            target,
            number,
            ("ptrace", "kernel"),
            by=tracer.pid,
            kills=True,
            tracer=tracer.pid,
            target_state=STATES,
        )
        s.truth.ended(target, -number, tracer=tracer.pid)

    return play


for _number in (TERM, KILL, SEGV, HUP):
    scenario(f"a tracer lets its target go on with {_number.name}")(injects(_number))


@scenario("strace's --inject")
def strace_injects(s):
    needs_program(s, "strace")
    code = "import os; print(os.getpid(), flush=True); os.getppid()"
    words = ["strace", "-qq", "-o", "/dev/null", "--inject=getppid:signal=SIGTERM"]
    strace = s.run(*words, *PYTHON, code)
    target = int(strace.stdout.readline())
    strace.wait()
    s.truth.name(strace=strace.pid, target=target)
    free_when_traced(s, target, strace.pid)
    s.truth.was_sent(
        target,
        TERM,
        ("ptrace", "kernel"),
        by=strace.pid,
        kills=True,
        tracer=strace.pid,
        target_state=STATES,
    )
    s.truth.ended(target, -TERM, tracer=strace.pid)


@scenario("gdb's signal SIGTERM")
def gdb_gives(s):
    target = s.victim("die")
    gdb = debugged(s, target.pid, "signal SIGTERM")
    assert s.waited(target.process, tracer=gdb) == -TERM


@scenario("gdb's kill")
def gdb_kills(s):
    target = s.victim("die")
    gdb = debugged(s, target.pid, "kill")
    assert s.waited(target.process, tracer=gdb) == -KILL
    s.truth.was_sent(
        target.pid,
        KILL,
        ANY_CALL,
        by=gdb,
        kills=True,
        again=True,
        tracer=gdb,
        outcome=ANY_OUTCOME,
        target_state=STATES,
    )


@scenario("ignored, but traced")
def ignored_under_strace(s):
    needs_program(s, "strace")
    target = s.victim("ignore")
    strace = s.run("strace", "-o", "/dev/null", "-p", target.pid, stderr=subprocess.PIPE)
    assert "attached" in strace.stderr.readline()
    s.truth.name(strace=strace.pid)
    free_when_traced(s, target.pid, strace.pid)
    s.sends(TERM, target.pid, outcome="ignored", tracer=strace.pid, target_state=STATES)


@scenario("a tracer dies, and takes its target along")
def exit_kill(s):
    parent, target, fates = orphan(s, "exitkill")
    s.truth.was_sent(target, KILL, ("ptrace", "kernel"), by=parent, kills=True, tracer=parent)
    s.truth.ended(target, fates[target], tracer=parent)
