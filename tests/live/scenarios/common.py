"""What several scenarios have in common."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from stage import ANY_CALL, ANY_OUTCOME, CONT, STATES, STOP


def needs_program(s, name):
    if not shutil.which(name):
        s.cannot_run(f"{name} is not installed")


def is_gone(pid):
    """Or a zombie, which has ended, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def free_when_traced(s, target, tracer):
    """Stops and traps by which a tracer takes hold of its target, as many as it likes; it tries ptrace(2) out on a child."""
    s.truth.also_sends.add(tracer)
    for number in (STOP, CONT, signal.SIGTRAP):
        s.truth.was_sent(
            target,
            number,
            (*ANY_CALL, "kernel"),
            by=(target, tracer),
            again=True,
            tracer=tracer,
            outcome=ANY_OUTCOME,
            target_state=STATES,
        )


def debugged(s, pid, *commands):
    """gdb attaches to it, does that, and goes; gives gdb's pid."""
    needs_program(s, "gdb")
    words = [word for command in (f"attach {pid}", *commands, "quit") for word in ("-ex", command)]
    gdb = s.run(
        *("gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    s.truth.name(gdb=gdb.pid)
    free_when_traced(s, pid, gdb.pid)
    gdb.wait()
    return gdb.pid


def orphan(s, way):
    """programs/orphan.c: the pids of the parent, which ends, and of the target, and how each pid ended."""
    child = s.run(s.program("orphan"), way)
    parent, target = map(int, child.stdout.readline().split())
    said, _ = child.communicate()
    fates = {
        int(pid): os.waitstatus_to_exitcode(int(status))
        for pid, status in map(str.split, said.splitlines())
    }
    s.truth.name(parent=parent, target=target)
    return parent, target, fates
