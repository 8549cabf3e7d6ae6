"""A tool at work: started, ready, measured from outside through /proc, stopped, its output counted."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.rivals import Tool

from bench.samples import CannotRun

START_SECONDS = 30
STOP_SECONDS = 60


@dataclass(frozen=True)
class Count:
    """What a tool showed of a stream, and what it says it lost (None: no number).

    ``lost_some`` says that more was lost, uncounted.
    """

    kept: int
    lost: int | None
    lost_some: bool


def losses(told: list[str], silence_is_none_lost: bool) -> tuple[int | None, bool]:
    """``lost`` and ``lost_some`` of a Count, by the numbers in the tool's output; a number may be "some"."""
    if "some" in told or not (told or silence_is_none_lost):
        return None, "some" in told
    return sum(int(number.replace(",", "")) for number in told), False


class Running:
    """A tool that writes to a file, or to a pseudo-terminal as a person sees it."""

    def __init__(
        self, tool: Tool, folder: Path, *, number: int, sender: int = 0, screen: bool = False
    ) -> None:
        self.tool = tool
        self._words = {
            "signal": str(number),
            "sender": str(sender),
            "folder": str(folder),
        }
        self._output = folder / "output"
        with ExitStack() as around:
            around.enter_context(tool.around(folder))
            self._start(screen)
            self._around = around.pop_all()

    def _start(self, screen: bool) -> None:
        self._ready, writing = os.pipe()
        command = [word.format(**self._words) for word in self.tool.command]
        if self.tool.ours:
            command += ["--ready-fd", str(writing)]
        self.screen, slave = pty.openpty() if screen else (-1, -1)
        output = slave if screen else os.open(self._output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        self.started = time.monotonic_ns()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            env={**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"},
        )
        os.close(writing)
        os.close(output)
        self.pid = self._process.pid

    def wait_ready(self) -> None:
        """Until it is attached. Raises CannotRun if it ends instead, or never gets there."""
        end = time.monotonic() + START_SECONDS
        asleep = 0
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise CannotRun(self._last_words())
            if self.tool.ours:
                if select.select([self._ready], [], [], 0.1)[0] and os.read(self._ready, 1):
                    return
                continue
            asleep = asleep + 1 if re.search(self.tool.waits, read(self.pid, "wchan")) else 0
            if asleep == 10:
                return
            time.sleep(0.01)
        raise CannotRun(f"not ready after {START_SECONDS} s")

    def cpu_ns(self) -> int:
        """Time on a CPU so far, of all its threads."""
        return sum(
            int(read(self.pid, f"task/{tid}/schedstat").split()[0])
            for tid in os.listdir(f"/proc/{self.pid}/task")
        )

    def settle(self) -> None:
        """Until it has worked off what it was given: no CPU used for a while."""
        last, quiet = self.cpu_ns(), 0
        end = time.monotonic() + STOP_SECONDS
        while quiet < 3 and time.monotonic() < end:
            time.sleep(0.05)
            spent = self.cpu_ns()
            quiet = quiet + 1 if spent - last < 1_000_000 else 0
            last = spent

    def peak_bytes(self) -> int | None:
        """The most memory it has had: VmHWM of proc(5); None when it is gone."""
        found = re.search(r"VmHWM:\s+(\d+) kB", read(self.pid, "status"))
        return int(found[1]) * 1024 if found else None

    def stop(self) -> None:
        """Ctrl-C (or what ends it), and what it still writes."""
        if self._process.poll() is None:
            self._process.send_signal(self.tool.stops_by)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        # A terminal that nobody reads is full at some point, and who writes to it waits.
        if self.screen >= 0:
            os.close(self.screen)
        self.stop()
        self._around.close()
        os.close(self._ready)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def row(self, target: int) -> str:
        """The regular expression of a row that shows a signal to this target."""
        return self.tool.row.format(**self._words, target=target)

    def count(self, target: int) -> Count:
        """Rows and losses in the output of a tool that has stopped."""
        if self.tool.after:
            with open(self._output, "a") as output:
                command = [word.format(**self._words) for word in self.tool.after]
                subprocess.run(command, stdout=output, stderr=output, check=False)
        kept = _grep(["-c", self.row(target)], self._output)
        return Count(int(kept or 0), *self._losses())

    def _losses(self) -> tuple[int | None, bool]:
        if self.tool.lost is None:
            return None, False
        told = re.findall(self.tool.lost, _grep([self.tool.lost], self._output))
        # Ours end with a summary in any case; the others speak only of losses.
        return losses(told, silence_is_none_lost=not self.tool.ours)

    def _last_words(self) -> str:
        lines = self._output.read_text(errors="replace").split("\n") if self.screen < 0 else []
        return "; ".join(line.strip() for line in lines[-4:] if line.strip()) or "it ended"


def _grep(words: list[str], path: Path) -> str:
    command = ["grep", "-aE", *words, str(path)]
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False
    ).stdout


def read(pid: int, name: str) -> str:
    """A file of a process in /proc; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
