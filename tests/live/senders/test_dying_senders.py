"""Who ends is a sender, too: to its parent, and to those who asked to be told. It is named in full."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from harness import is_signal
from scene import assert_death

CORE = pytest.mark.sources("core", reason="the kernel's own signals, and command lines, need CO-RE")

# how a child ends: what the shell is told to do, si_code
ENDS = {
    "exited": ("read go; exit 3", "CLD_EXITED"),
    "killed": ("read go; kill -TERM $$", "CLD_KILLED"),
    "stopped": ("read go; kill -STOP $$", "CLD_STOPPED"),
}


@CORE
@pytest.mark.parametrize("how", ENDS)
def test_a_child_tells_its_parent(trace, spawn, how):
    script, code = ENDS[how]
    run = trace("--signal", "CHLD", "--to", os.getpid())
    child = spawn("sh", "-c", script)
    # Popen blocks every signal until the child has its program.
    child.stdin.write(b"go\n")
    child.stdin.flush()
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    seen = run.wait_for(lambda e: is_signal(e) and e["sender"]["pid"] == child.pid)
    assert (seen["signal"]["name"], seen["signal"]["code"]) == ("SIGCHLD", code)
    assert (seen["origin"], seen["scope"]) == ("child", "process")
    assert (seen["outcome"], seen["why"]) == ("ignored", "default")
    assert seen["sender"]["comm"] == "sh"
    assert seen["sender"]["argv"] == child.args
    assert seen["sender"]["ppid"] == os.getpid() == seen["target"]["pid"]
    assert "call" not in seen
    assert os.WIFSTOPPED(status) is (how == "stopped")
    if how == "stopped":
        child.kill()
        os.waitpid(child.pid, 0)
    run.stop()


PARENT = """
import os, signal, sys
child = os.fork()
if not child:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    print(os.getpid(), flush=True)
    while True:
        signal.pause()
sys.stdin.readline()
"""


@CORE
def test_a_parent_that_killed_itself_did_not_kill_its_child(trace, spawn):
    """Its last call named the very signal that the kernel sends its children when it has ended."""
    killed = PARENT.replace("SIGTERM", "SIGKILL") + "os.kill(os.getpid(), signal.SIGKILL)\n"
    run = trace("--signal", "KILL", "--children-of", os.getpid())
    parent = spawn(sys.executable, "-I", "-S", "-c", killed)
    child = int(parent.stdout.readline())
    parent.communicate(b"\n")
    assert parent.returncode == -signal.SIGKILL
    seen = run.signal_to(child, "SIGKILL")
    assert (seen["origin"], seen["sender"]["pid"]) == ("parent death", parent.pid)
    assert "call" not in seen
    assert "asked" not in seen
    run.stop()


@CORE
def test_a_parent_that_dies_is_named_in_full(trace, spawn):
    """Its memory is gone when it signals; what it was called is known from its exec."""
    words = [sys.executable, "-I", "-S", "-c", PARENT, "--name", "of the parent"]
    run = trace("--signal", "TERM", "--children-of", os.getpid())
    parent = spawn(*words)
    child = int(parent.stdout.readline())
    parent.communicate(b"\n")
    seen = run.signal_to(child, "SIGTERM")
    assert (seen["origin"], seen["outcome"]) == ("parent death", "delivered")
    assert seen["sender"]["pid"] == parent.pid
    assert seen["sender"]["argv"] == words
    assert seen["sender"]["ppid"] == os.getpid()
    death = assert_death(run, seen, -signal.SIGTERM)
    assert death["process"]["pid"] == child
    run.stop()
