"""A tracer in namespaces of its own, and on a host whose /proc hides others: it is right, or says what it cannot see."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

UNUSED_UID = 12345

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make namespaces"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not installed"),
]


@pytest.fixture
def older():
    """A process of another user that is older than the trace."""
    with subprocess.Popen(["sleep", "77.7"], user=UNUSED_UID, group=UNUSED_UID) as process:
        yield process
        process.kill()


HIDDEN = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'


@pytest.mark.sources("core", reason="the others ask /proc when a signal comes")
def test_command_lines_of_older_processes_though_proc_hides_them(trace, older):
    running = trace("--signal", "WINCH", prefix=["unshare", "-m", "sh", "-c", HIDDEN, "sh"])
    older.send_signal(signal.SIGWINCH)
    assert running.signal_to(older.pid)["target"]["argv"] == ["sleep", "77.7"]
    running.stop()
    assert "hidepid" in running.said


@pytest.mark.sources("core", "bcc", reason="audit is the first user and pid namespaces'")
def test_in_a_time_namespace_time_is_the_hosts(trace, older):
    prefix = [
        "unshare",
        "-T",
        "--boottime",
        "100000",
        "--monotonic",
        "5000",
        "--fork",
        "--kill-child",
    ]
    running = trace("--signal", "WINCH,KILL", prefix=prefix)
    before = time.time()
    older.send_signal(signal.SIGWINCH)
    event = running.signal_to(older.pid)
    assert before - 1 < stamp(event["time"]) < time.time() + 1
    assert before - 60 < stamp(event["target"]["start"]) < before + 1
    assert event["target"]["argv"] == ["sleep", "77.7"]
    kill_with_children(running.process.pid)


def kill_with_children(pid):
    """A tracer that gave up root has lost what ``--kill-child`` asked for: setuid clears it (PR_SET_PDEATHSIG(2const))."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (*map(int, children), pid):
        os.kill(one, signal.SIGKILL)


def stamp(text):
    return datetime.fromisoformat(text[:26] + "+00:00").timestamp()


@pytest.mark.sources("core", reason="the others refuse: they need the host's pid namespace")
def test_in_a_pid_namespace_it_says_what_it_cannot_see(trace, older):
    prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    running = trace("--signal", "WINCH", prefix=prefix)
    older.send_signal(signal.SIGWINCH)
    target = running.signal_to(older.pid)["target"]
    assert target["comm"] == "sleep"
    assert target.get("argv") in (None, ["sleep", "77.7"])
    kill_with_children(running.process.pid)
