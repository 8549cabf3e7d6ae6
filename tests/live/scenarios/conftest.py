"""Fixtures of the scenarios."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from places import Cgroup, hierarchy


@pytest.fixture(autouse=True)
def ends_its_children():
    """A scenario that fails half-way leaves no process to the next one."""
    before = own_children()
    yield
    for pid in own_children() - before:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def own_children():
    found = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread that has ended since
            found.update(map(int, children.read_text().split()))
    return found


@pytest.fixture
def cgroup(cannot_run):
    """``cgroup(controller, name)`` makes a cgroup for this test, below a folder of our own if asked."""
    made = []

    def make(controller, name=None):
        root = hierarchy(controller)
        if root is None:
            cannot_run(f"no cgroup hierarchy with {controller} is mounted")
        made.append(Cgroup(root, name or f"sigtrace-{os.getpid()}-{len(made)}"))
        return made[-1]

    yield make
    for one in reversed(made):
        one.remove()
