"""Signals that say that a file or a queue is ready: F_SETOWN, F_SETSIG, mq_notify(3)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from features import knows
from scene import OURS, assert_death, nobody_sent

CORE = pytest.mark.sources("core", reason="the kernel's own signals need CO-RE to be told apart")

PROGRAM = """
import ctypes, fcntl, os, signal, sys, time

def pipe(number):
    read, write = os.pipe()
    if number:
        fcntl.fcntl(read, 10, number)  # F_SETSIG
    fcntl.fcntl(read, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(write, b"x")

def queue(number):
    class Event(ctypes.Structure):
        _fields_ = (("value", ctypes.c_void_p), ("number", ctypes.c_int), ("how", ctypes.c_int),
                    ("rest", ctypes.c_char * 64))
    library = ctypes.CDLL("librt.so.1")
    name = b"/sigtrace-%d" % os.getpid()
    queue = library.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
    if queue < 0:
        sys.exit(77)
    library.mq_unlink(name)
    library.mq_notify(queue, ctypes.byref(Event(None, number, 0)))
    library.mq_send(queue, b"x", 1, 0)

globals()[sys.argv[1]](int(sys.argv[2]))
time.sleep(60)
"""

WAYS = {
    # what is ready, the signal asked for; the signal, its code
    "a pipe": ("pipe", 0, "SIGIO", "SI_KERNEL"),
    "a pipe, with SIGIO's siginfo": ("pipe", 29, "SIGIO", "POLL_IN"),
    "a pipe, real-time": ("pipe", 35, "SIGRTMIN+1", "POLL_IN"),
    "a pipe, by SIGTERM": ("pipe", 15, "SIGTERM", "POLL_IN"),
    "a pipe, by a fault's signal": ("pipe", 11, "SIGSEGV", "SI_SIGIO"),
    "a queue": ("queue", 15, "SIGTERM", "SI_MESGQ"),
}


@CORE
@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_ready(way, trace, cannot_run):
    what, asked, name, code = WAYS[way]
    run = trace(*OURS)
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", PROGRAM, what, str(asked)])
    status = child.wait()
    if status == 77:
        cannot_run("this kernel has no message queues")
    event = run.signal_to(child.pid, name)
    assert event["signal"]["code"] == code
    assert (event["origin"], event["outcome"]) == ("async io", "delivered")
    assert nobody_sent(event)
    # It wrote to itself.
    assert event["current"]["pid"] == child.pid
    assert status == -event["signal"]["number"]
    assert_death(run, event, status)
    run.stop()
    # The pipe's end is told, too, to one who is already dying.
    if knows("a zombie ignores signals"):
        assert {e["outcome"] for e in run.to(child.pid)[1:]} <= {"ignored"}
