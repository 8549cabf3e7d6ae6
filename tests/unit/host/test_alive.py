"""What keeps a process from ending, asked of real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tracer.host import procfs
from tracer.host.alive import reasons

READY = "print('ready', flush=True); signal.pause()"


@pytest.fixture
def child():
    """Starts a Python process that does this, and then waits for signals."""
    started = []

    def start(first):
        code = f"import signal; {first}; {READY}"
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        started.append(process)
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("signal.signal(15, signal.SIG_IGN)", "it ignores SIGTERM"),
        ("signal.signal(15, print)", "it handles SIGTERM, SIGINT"),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, [15, 2])", "it blocks SIGTERM, SIGINT"),
    ],
)
def test_what_it_does_with_a_request(child, first, told):
    assert told in reasons(child(first))


def test_what_waits_for_it(child):
    pid = child("signal.pthread_sigmask(signal.SIG_BLOCK, [15])")
    os.kill(pid, signal.SIGTERM)
    assert "waiting for it: SIGTERM" in reasons(pid)


def test_stopped(child):
    pid = child("pass")
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)
    assert any(one.startswith("it is stopped") for one in reasons(pid))


def test_its_tracer_is_named(child):
    pid = child("pass")
    tracer = subprocess.Popen(
        [sys.executable, "-c", _TRACES, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert tracer.stdout.readline() == b"ready\n"
        assert f"debugger[{tracer.pid}] traces it" in reasons(pid)
    finally:
        tracer.communicate(b"")


_TRACES = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.prctl(15, b"debugger")
assert libc.ptrace(0x4206, int(sys.argv[1]), 0, 0) == 0  # PTRACE_SEIZE, without a word from it
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_wait_in_the_kernel_that_a_signal_ends():
    """Who waits for its vfork(2) child shows as D, and SIGTERM ends it: it is not to be said that nothing does."""
    parent = subprocess.Popen([sys.executable, "-c", _VFORKS], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    try:
        while procfs.state_of(parent.pid) != b"D":
            assert parent.poll() is None
        (told,) = [one for one in reasons(parent.pid) if "state D" in one]
        assert "of some waits SIGKILL ends it" in told
        parent.terminate()
        assert parent.wait() == -signal.SIGTERM
    finally:
        os.kill(child, signal.SIGKILL)
        parent.stdout.close()


_VFORKS = """
import ctypes, os, platform, signal, sys
clone = {"x86_64": 56, "aarch64": 220}[platform.machine()]
if ctypes.CDLL(None).syscall(clone, 0x4000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:  # CLONE_VFORK
    print(os.getpid(), flush=True)
    while True:
        signal.pause()
"""


@pytest.mark.parametrize(
    ("ends", "how"),
    [("raise SystemExit(3)", "with status 3"), ("os.kill(os.getpid(), 9)", "of SIGKILL")],
)
def test_a_zombie_has_ended(ends, how):
    process = subprocess.Popen([sys.executable, "-c", f"import os; {ends}"])
    while procfs.state_of(process.pid) != b"Z":
        pass
    (told,) = reasons(process.pid)
    parent = procfs.comm_of(os.getpid()).decode()
    process.wait()
    assert f"it ended {how}, and its parent, {parent}[{os.getpid()}], has not waited" in told


def test_a_process_whose_first_thread_has_ended_runs_on(child):
    pid = child(
        "import ctypes, threading; threading.Thread(target=signal.pause).start(); print('ready', flush=True); "
        "ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[__import__('platform').machine()], 0)"
    )
    while procfs.state_of(pid) != b"Z":
        pass
    assert reasons(pid) == ["its first thread has ended, and it runs on in 1 more"]


def test_nobody_is_there():
    process = subprocess.Popen(["true"])
    process.wait()
    assert reasons(process.pid) is None
