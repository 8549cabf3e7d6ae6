"""An outage as a newcomer meets it: the three commands that are typed first answer within one screen of 80 × 24."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import pytest
from cgroups import hierarchy, limit_memory
from drill import Drill
from harness import PATIENCE, ROOT

from tests.glass import Glass

pytestmark = pytest.mark.sources("core", reason="bcc and audit tell fewer of the parents")
WIDTH, HEIGHT = 80, 24


@pytest.fixture
def drill():
    """In a folder whose name is as short as those of an outage."""
    with tempfile.TemporaryDirectory() as folder:
        made = Drill(Path(folder), kills=0.7, crashes=0.3)
        yield made
        made.end()


class Terminal:
    """sigtrace on a terminal of that size; ``glass`` is what its user sees."""

    def __init__(self, *words):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", HEIGHT, WIDTH, 0, 0))
        self.glass = Glass(WIDTH, HEIGHT)
        self._fd = ours
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tracer", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        )
        os.close(theirs)

    def read_until(self, wanted):
        """Until ``wanted`` is true of what is seen, or the terminal is closed."""
        end = time.monotonic() + PATIENCE
        while not wanted(self.glass.seen()):
            assert time.monotonic() < end, "\n".join(self.glass.seen())
            if select.select([self._fd], [], [], 0.1)[0]:
                try:
                    self.glass.write(os.read(self._fd, 1 << 16).decode())
                except OSError:  # EIO: nobody writes any more.
                    return

    def end(self):
        self.process.send_signal(2)
        self.read_until(lambda seen: False)
        assert self.process.wait(PATIENCE) == 0
        os.close(self._fd)
        return self.glass.seen()


def again(seen, *names):
    """The line that counts a kill's repeats."""
    return any(
        "SIGKILL" in line and "again, " in line and "every" in line for line in seen
    ) and all(any(name in line for line in seen) for name in names)


@pytest.mark.parametrize("words", [(), ("--signal", "9"), ("--to", "orders-api")])
def test_the_first_commands_answer_within_a_screen(drill, words, source):
    terminal = Terminal("--source", source, *words)
    # Who and whom stay in sight; the first kill's own row scrolls where others on this host are killed, too.
    names = ("orders-api", "pkill")
    try:
        terminal.read_until(lambda seen: again(seen, *names))
    finally:
        seen = terminal.end()
    assert again(seen, *names), "\n".join(seen)
    rows = [line for line in terminal.glass.rows if line[13:20] == "SIGKILL" and "pkill[" in line]
    assert len(rows) == 1, "one kill has its row; the others count up"
    # In it, or below where that took more than 5 ms.
    assert any("orders-api[" in line and "died" in line for line in terminal.glass.rows)
    assert any("pkill -9" in line and "tidy-workers" in line for line in terminal.glass.rows)


def test_a_summary_has_all_of_it(drill, program, cgroup, source):
    """The kills, the crash loop, the OOM kill, the noise: a row each, though thousands of signals were sent."""
    if hierarchy("memory") is None:
        pytest.skip("no memory cgroups")
    ready, told = os.pipe()
    words = ["--source", source, "--summary", "--ready-fd", str(told)]
    tracing = subprocess.Popen(
        [sys.executable, "-m", "tracer", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        pass_fds=[told],
    )
    os.close(told)
    assert os.read(ready, 1)
    os.close(ready)
    group = cgroup("memory")
    limit_memory(group, 8)
    eater = subprocess.Popen(
        [program("eat_memory"), "64", "at once"],
        preexec_fn=group.enter,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert eater.wait(PATIENCE) == -9
    terminal = Terminal("--source", source, "--signal", "9")
    terminal.read_until(again)
    terminal.end()
    tracing.send_signal(2)
    text = tracing.communicate(timeout=PATIENCE)[0].decode()
    rows = [line.split() for line in text.splitlines()]
    for wanted in (
        ("SIGKILL", "pkill", "tidy-workers", "orders-api", "100000"),
        ("SIGSEGV", "own", "fault", "crashy.py"),
        ("SIGKILL", "OOM", "killer", "eat_memory"),
        ("SIGUSR1", "noise.py"),
    ):
        assert any(set(wanted) <= set(row) for row in rows), text
    assert len(rows) < 40, "however many thousands there were"
