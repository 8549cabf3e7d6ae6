"""How long a person waits: from exec to the first row, from kill() to its row; and what waiting costs."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from typing import TYPE_CHECKING

from bench.load import Load, Stream
from bench.running import Running
from bench.samples import CannotRun, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.rivals import Tool

START, ECHO, IDLE = "exec to first row", "kill() to its row", "idle"
USR1 = signal.SIGUSR1
# No program of a distribution sends this one.
UNUSED = 31


class Screen:
    """The other end of a tool's terminal: waits for rows."""

    def __init__(self, running: Running, target: int) -> None:
        self._fd = running.screen
        self._row = re.compile(running.row(target).encode(), re.MULTILINE)
        self._seen = b""

    def row_after(self, seconds: float) -> bool:
        """Whether a further row appears in this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self._fd], [], [], max(0.0, end - time.monotonic()))[0]:
                continue
            try:
                self._seen = self._seen[-4096:] + os.read(self._fd, 1 << 16)
            except OSError as error:
                raise CannotRun("it ended") from error
            if self._row.search(self._seen):
                self._seen = b""
                return True
        return False


def target_of(program: Path) -> Load:
    """A load that is never let go: a process that ignores SIGUSR1."""
    return Load(program, Stream("target", 1, signal=USR1))


def _on_screen(tool: Tool, folder: Path) -> Running:
    return Running(tool, folder, number=USR1, sender=os.getpid(), screen=True)


def start_samples(program: Path, folder: Path, tool: Tool, turn: int) -> Iterator[Sample]:
    """A signal every half millisecond from before the exec on, until one is on the screen."""
    with target_of(program) as load, _on_screen(tool, folder) as running:
        screen = Screen(running, load.target)
        for _ in range(20_000):
            os.kill(load.target, USR1)
            if screen.row_after(0.0005):
                break
        else:
            raise CannotRun("no row in 10 s")
        took = (time.monotonic_ns() - running.started) / 1e6
        yield Sample(START, tool.name, turn, {"ms": took})


def echo_samples(
    program: Path, folder: Path, tool: Tool, turn: int, count: int
) -> Iterator[Sample]:
    """Isolated signals, each on the screen before the next is sent; the median of them."""
    times = []
    with target_of(program) as load, _on_screen(tool, folder) as running:
        screen = Screen(running, load.target)
        running.wait_ready()
        for _ in range(count):
            screen.row_after(0.15)
            before = time.monotonic_ns()
            os.kill(load.target, USR1)
            if screen.row_after(2):
                times.append((time.monotonic_ns() - before) / 1e6)
    if times:
        times.sort()
        yield Sample(ECHO, tool.name, turn, {"ms": times[len(times) // 2], "worst_ms": times[-1]})


def idle_samples(folder: Path, tool: Tool, turn: int, seconds: float) -> Iterator[Sample]:
    """CPU time over a while in which nothing happens that the tool was asked for."""
    with Running(tool, folder, number=UNUSED) as running:
        running.wait_ready()
        running.settle()
        before, began = running.cpu_ns(), time.monotonic_ns()
        time.sleep(seconds)
        spent, took = running.cpu_ns() - before, time.monotonic_ns() - began
        yield Sample(IDLE, tool.name, turn, {"cpu_ms_per_minute": spent / took * 60_000})
