"""What a terminal does to the jobs on it, a debugger to what it debugs, and a thread to others."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys
import termios

import pytest
from harness import is_signal
from scene import nobody_sent

CORE = pytest.mark.sources("core", reason="the kernel's own signals need CO-RE to be told apart")

# A session on a terminal; its job is not in the foreground, and does what it is told there.
SESSION = """
import fcntl, os, signal, sys, termios
os.setsid()
slave = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    sys.stdin.readline()
    if sys.argv[2] == "read":
        os.read(slave, 1)
    else:
        os.write(slave, b"x")
    os._exit(4)
print(child, flush=True)
signal.signal(signal.SIGWINCH, lambda *_: print("resized", flush=True))
_, status = os.waitpid(child, os.WUNTRACED)
print(os.WSTOPSIG(status), flush=True)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
sys.stdin.readline()
"""


@pytest.fixture
def pty():
    master, slave = os.openpty()
    yield master, os.ttyname(slave), slave
    os.close(master)
    os.close(slave)


@CORE
@pytest.mark.parametrize(("does", "name"), [("read", "SIGTTIN"), ("write", "SIGTTOU")])
def test_a_background_job_that_uses_its_terminal(trace, spawn, pty, does, name):
    _, path, slave = pty
    attributes = termios.tcgetattr(slave)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    run = trace("--children-of", os.getpid())
    session = spawn(sys.executable, "-I", "-S", "-c", SESSION, path, does)
    job = int(session.stdout.readline())
    session.stdin.write(b"\n")
    session.stdin.flush()
    assert int(session.stdout.readline()) == getattr(signal, name)
    seen = run.signal_to(job, name)
    assert (seen["origin"], seen["outcome"], seen["signal"]["code"]) == (
        "tty",
        "delivered",
        "SI_KERNEL",
    )
    assert nobody_sent(seen)
    assert "/dev/" + seen["target"]["tty"] == path
    run.signal_to(job, "SIGKILL")
    run.stop()
    assert [e["signal"]["name"] for e in run.to(job)] == [name, "SIGKILL"]


@CORE
def test_a_terminal_that_changes_its_size(trace, spawn, pty):
    master, path, _ = pty
    session = spawn(sys.executable, "-I", "-S", "-c", SESSION, path, "read")
    session.stdout.readline()
    run = trace("--to", session.pid)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    seen = run.signal_to(session.pid, "SIGWINCH")
    assert (seen["origin"], seen["signal"]["code"]) == ("tty", "SI_KERNEL")
    assert nobody_sent(seen)
    run.stop()


TRACER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
target = int(sys.argv[1])
assert libc.ptrace(16, target, 0, 0) == 0, ctypes.get_errno()
os.waitpid(target, 0)
print("attached", flush=True)
sys.stdin.readline()
assert libc.ptrace(17, target, 0, 0) == 0
"""


@CORE
def test_a_debugger_that_attaches(trace, spawn, victim):
    """PTRACE_ATTACH stops its target by a SIGSTOP: the debugger's doing."""
    target = victim("die")
    run = trace("--to", target.pid)
    debugger = spawn(sys.executable, "-I", "-S", "-c", TRACER, target.pid)
    assert debugger.stdout.readline() == b"attached\n"
    seen = run.signal_to(target.pid, "SIGSTOP")
    assert (seen["origin"], seen["sender"]["pid"]) == ("ptrace", debugger.pid)
    assert "call" not in seen
    debugger.communicate(b"\n")
    target.send(signal.SIGTERM)
    assert target.wait() == -signal.SIGTERM
    run.death_of(target.pid)
    run.stop()
    assert [e["signal"]["name"] for e in run.to(target.pid)] == ["SIGSTOP", "SIGTERM"]


THREAD = """
import ctypes, os, signal, sys, threading
def work():
    ctypes.CDLL(None).prctl(15, b"the-worker", 0, 0, 0)
    os.kill(int(sys.argv[1]), signal.SIGUSR1)
    print(threading.get_native_id(), flush=True)
threading.Thread(target=work).start()
"""


@CORE
@pytest.mark.parametrize("name", ["the-worker", "the-boss"])
def test_a_thread_that_sends_is_told_and_found_by_either_name(trace, spawn, victim, name):
    target = victim("ignore", signal.SIGUSR1)
    boss = f"import ctypes; ctypes.CDLL(None).prctl(15, b'the-boss', 0, 0, 0)\n{THREAD}"
    run = trace("--to", target.pid, "--from", name)
    sender = spawn(sys.executable, "-I", "-S", "-c", boss, target.pid)
    tid = int(sender.stdout.readline())
    seen = run.signal_to(target.pid, "SIGUSR1")
    who = seen["sender"]
    assert (who["pid"], who["tid"]) == (sender.pid, tid)
    assert (who["comm"], who["thread_comm"]) == ("the-boss", "the-worker")
    run.stop()
    assert len([e for e in run.events if is_signal(e)]) == 1
