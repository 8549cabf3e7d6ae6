"""What keeps a process from ending, asked of real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

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


def test_nobody_is_there():
    process = subprocess.Popen(["true"])
    process.wait()
    assert reasons(process.pid) is None
