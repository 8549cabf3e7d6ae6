"""What every scenario asks of a trace."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager

from harness import is_signal

# Everything that concerns this test's own processes, and nothing of what else the machine does.
OURS = ("--children-of", os.getpid())
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}


def assert_death(running, event, returncode):
    """The death of an event's target is what waitpid(2) said (negative: a signal), and its doing."""
    end = running.death_of(event["target"]["pid"])
    if returncode < 0:
        assert end["signal"]["number"] == -returncode == event["signal"]["number"]
        assert "status" not in end
        assert end["cause"] == event["id"]
    else:
        assert end["status"] == returncode
        assert "signal" not in end
        assert "cause" not in end
    if "cause" in end or "handled" in end:
        assert end["after_ns"] >= 0
    return end


def assert_only(running, pid, *names):
    """Once the trace has ended: these signals came to the process, in this order, and no others."""
    assert [event["signal"]["name"] for event in running.to(pid)] == list(names)


def deaths(running, pid):
    return [e for e in running.events if e["event"] == "exit" and e["process"]["pid"] == pid]


def nobody_sent(event):
    """A signal without a sender, in the event's own words."""
    return "sender" not in event and "call" not in event and "asked" not in event


def signals_named(running, name):
    return [e for e in running.events if is_signal(e) and e["signal"]["name"] == name]


@contextmanager
def stopped(running):
    """The trace does not run meanwhile: what it says of this afterwards, the kernel side has kept."""
    os.kill(running.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, running.pid, os.WSTOPPED)
    yield
    os.kill(running.pid, signal.SIGCONT)


def script(path, text):
    """An executable file; gives its path."""
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def finish(*processes):
    """Wait for the end of what was started, its input closed."""
    for process in processes:
        process.communicate()


def start(*words):
    """A program that says when it is ready; gives it, and the pid that it tells."""
    child = subprocess.Popen(list(map(str, words)), **PIPES)
    said = child.stdout.readline().split()
    return child, int(said[1]) if said else None
