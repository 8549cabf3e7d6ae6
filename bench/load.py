"""The load generator bench/load.c: compiled when it is needed, started, let go, and read."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("load.c")


@dataclass(frozen=True)
class Stream:
    """What the load does: ``rate`` calls a second for each sender, 0 for as fast as it can."""

    name: str
    count: int
    rate: int = 0
    senders: int = 1
    kind: str = "kill"
    signal: int = 10

    def shortened(self, count: int, seconds: float) -> Stream:
        """The same with fewer calls, for a quick run."""
        if self.rate:
            count = min(count, round(self.rate * seconds))
        return replace(self, count=min(self.count, count))


@dataclass(frozen=True)
class Outcome:
    """What the load measured; times are of one call each, in nanoseconds.

    The mean is of the calls that were not preempted; ``preempted`` says how many were.
    """

    sent: int
    mean_ns: float
    median_ns: float
    p99_ns: float
    preempted: int
    seconds: float
    cpu_seconds: float


def build(folder: Path) -> Path:
    """Compile the load generator into a folder."""
    program = folder / "load"
    subprocess.run(["gcc", "-O2", "-Wall", "-o", str(program), str(SOURCE)], check=True)
    return program


class Load:
    """A load generator that waits to be let go; its pids are known before."""

    def __init__(self, program: Path, stream: Stream) -> None:
        words = [stream.kind, stream.signal, stream.count, stream.rate, stream.senders]
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [str(program), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.sender, self.target = map(int, self._process.stdout.readline().split())

    def run(self) -> Outcome:
        """Let it go and wait for its end."""
        self.start()
        return self.finish()

    def start(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def runs(self) -> bool:
        return self._process.poll() is None

    def finish(self) -> Outcome:
        """Wait for its end."""
        told, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"load ended with status {self._process.returncode}")
        fields: dict[str, Any] = json.loads(told)
        return Outcome(**fields)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.communicate()
