"""Ends of which process accounting keeps a record, beside those who tell who was behind them."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from scenes.stage import RATE_LIMIT, scene


@scene("killed")
def a_kill_that_accounting_saw(s):
    victim = s.victim_("tallyd")
    s.sender = s.bash("ksh", f"kill -9 {victim.pid}; true").pid


@scene("crash")
def a_fault_that_accounting_saw(s):
    time.sleep(RATE_LIMIT)
    s.victim_("tallyfault", words=[s.program("tallyfault", s.folder / "bin" / "own_doing"), "null"])


@scene("stop timeout")
def a_stop_that_accounting_saw(s):
    """The workers have their main process's name, and die just before it."""
    pipe = s.folder / "nobody-writes"
    os.mkfifo(pipe)
    text = f"trap '' TERM; (read x < {pipe}) & first=$!; (read x < {pipe}) & echo $first $!; read x < {pipe}"
    s.what = "shopd"
    words = [s.program("shopd", "/bin/bash"), "-c", text]
    victim = s.victim_("shopd", "shopd.service", words=words, stdout=subprocess.PIPE)
    group = [victim.pid, *map(int, victim.stdout.readline().split())]
    s.pids += group[1:]
    s.says("Stopping shopd.service - Shop...")
    for pid in group:
        os.kill(pid, signal.SIGTERM)
    s.sender = 1
    time.sleep(2.1)
    s.says("shopd.service: State 'stop-sigterm' timed out. Killing.")
    for pid in reversed(group):
        os.kill(pid, signal.SIGKILL)
    victim.wait()
    s.unit_died("shopd.service", result="timeout")
    pipe.unlink()
