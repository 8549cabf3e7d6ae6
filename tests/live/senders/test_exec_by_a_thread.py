"""An exec by another thread than the first: the first one ends, and the process goes on."""

from __future__ import annotations

import os

import pytest
from scene import deaths

PROGRAM = """
import os, signal, sys, threading
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))

def become_cat():
    sys.stdin.buffer.raw.read(1)
    os.execvp("cat", ["cat"])

threading.Thread(target=become_cat).start()
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.sources("core", "bcc", "audit", reason="every source tells of deaths")
def test_it_is_no_death(trace, spawn):
    child = spawn("/usr/bin/python3", "-u", "-c", PROGRAM)
    assert child.stdout.readline() == b"ready\n"
    run = trace("--to", child.pid)
    os.kill(child.pid, 10)
    assert child.stdout.readline() == b"handled\n"
    run.signal_to(child.pid, "SIGUSR1")
    os.write(child.stdin.fileno(), b"x")
    # The oracle: only the program that exec put there copies its input.
    os.write(child.stdin.fileno(), b"still here\n")
    assert child.stdout.readline() == b"still here\n"
    os.kill(child.pid, 15)
    assert child.wait() == -15
    end = run.death_of(child.pid)
    assert end["signal"]["number"] == 15
    run.end()
    assert len(deaths(run, child.pid)) == 1
