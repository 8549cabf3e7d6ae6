"""Paths longer than there is room for: what is left out is told, and nothing else suffers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest
from scene import OURS, assert_death

pytestmark = pytest.mark.sources("core", reason="only CO-RE reads paths in the kernel")
# bpf/path.bpf.h and sigtrace.h
PATH_STEPS, PATH_ROOM = 24, 1024


def deep_program(folder, names):
    """A program so deep that only steps lead there; its path is as /proc tells it."""
    home = os.getcwd()
    os.chdir(folder)
    try:
        for name in names:
            os.mkdir(name)
            os.chdir(name)
        shutil.copy(shutil.which("sleep"), "sleeper")
        child = subprocess.Popen(["./sleeper", "1000"])
    finally:
        os.chdir(home)
    # posix_spawn() comes back before the child has its new program: exec_mmap(), fs/exec.c.
    while os.readlink(f"/proc/{child.pid}/exe") == os.readlink("/proc/self/exe"):
        os.sched_yield()
    return child, os.readlink(f"/proc/{child.pid}/exe")


DEEP = {
    "long names": [f"{n:02}{'x' * 58}" for n in range(20)],
    "many names": [f"s{n}" for n in range(30)],
    "one long name": ["L" * 255],
}


@pytest.mark.parametrize("kind", DEEP)
def test_a_program_that_is_deep(kind, trace, tmp_path, cgroup):
    running = trace(*OURS)
    child, path = deep_program(tmp_path, DEEP[kind])
    home = cgroup("pids", f"sigtrace-{os.getpid()}.service")
    home.set("cgroup.procs", child.pid)
    os.kill(child.pid, signal.SIGTERM)
    event = running.signal_to(child.pid, "SIGTERM")
    told = event["target"]["exe"]
    if kind == "one long name":
        assert told == path
    else:
        assert told.startswith(".../")
        assert path.endswith(told[3:])
        assert len(told) > (PATH_ROOM * 9 // 10 if kind == "long names" else 2 * PATH_STEPS)
    # The text of the cgroup lies behind that of the path.
    assert event["target"]["cgroup"] == home.path
    assert event["target"]["unit"] == home.path.strip("/")
    assert_death(running, event, child.wait())
    running.stop()


def test_a_cgroup_that_is_deep(trace, cgroup):
    names = [f"{n:02}{'y' * 78}" for n in range(15)]
    home = cgroup("pids", "/".join([f"sigtrace-{os.getpid()}", *names]))
    running = trace(*OURS)
    child = subprocess.Popen(["sleep", "1000"], preexec_fn=home.enter)
    os.kill(child.pid, signal.SIGTERM)
    event = running.signal_to(child.pid, "SIGTERM")
    told = event["target"]["cgroup"]
    assert told.startswith(".../")
    assert home.path.endswith(told[3:])
    assert len(told) > PATH_ROOM * 9 // 10
    assert event["target"]["argv"] == ["sleep", "1000"]
    assert_death(running, event, child.wait())
    running.stop()
