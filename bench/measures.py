"""The measures by name, and the order A B A B … in which the tools take their turns."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import kernel, latency, streams
from bench.rivals import BPFTRACE, CORE, FULL, JSON, JSON_64M, SIGSNOOP, TOOLS
from bench.running import CannotRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.load import Stream
    from bench.rivals import Tool
    from bench.samples import Sample, Samples

QUICK_COUNT = 20_000


@dataclass(frozen=True)
class Measure:
    """``run`` measures one tool once, and is asked to do so for each tool in turn."""

    name: str
    run: Callable[[Bench, Tool, int], Iterator[Sample]]
    tools: tuple[Tool, ...] = TOOLS
    rounds: int = 5


@dataclass
class Bench:
    """What every measure needs."""

    program: Path
    folder: Path
    tools: list[Tool]
    reserve: Tool
    samples: Samples
    quick: bool = False

    def measure(self, measure: Measure, rounds: int) -> None:
        """All tools of a measure in turn, so many times."""
        for turn in range(rounds):
            for tool in self._tools_of(measure):
                if tool.name in self.samples.absent:
                    continue
                print(f"{measure.name}: {tool.name} ({turn + 1}/{rounds})", file=sys.stderr)
                try:
                    self.samples.all += measure.run(self, tool, turn)
                except CannotRun as why:
                    self.samples.absent[tool.name] = str(why)

    def length(self, stream: Stream) -> Stream:
        return stream.shortened(QUICK_COUNT) if self.quick else stream

    def unaccounted(self) -> list[str]:
        """Runs of ours in which signals were neither shown nor reported as lost."""
        wrong = [
            f"{sample.measure}, {sample.tool}"
            for sample in self.samples.all
            if sample.tool.startswith("core")
            and "lost" in sample.values
            and sample.values["kept"] + sample.values["lost"] != sample.values["sent"]
        ]
        for name in wrong:
            print(f"kept + lost is not what was sent: {name}", file=sys.stderr)
        return wrong

    def _tools_of(self, measure: Measure) -> list[Tool]:
        tools = [tool for tool in measure.tools if tool in self.tools]
        for tool in tools:
            if tool.missing() and tool.name not in self.samples.absent:
                self.samples.absent[tool.name] = f"there is no {', '.join(tool.missing())}"
        return tools + ([self.reserve] if measure.run is _run_time else [])


def _stream(stream: Stream) -> Callable[[Bench, Tool, int], Iterator[Sample]]:
    return lambda bench, tool, turn: streams.stream_samples(
        bench.program, bench.folder, tool, bench.length(stream), turn
    )


def _dropped(stream: Stream) -> Callable[[Bench, Tool, int], Iterator[Sample]]:
    return lambda bench, tool, turn: streams.dropped_samples(
        bench.program, bench.folder, tool, bench.length(stream), turn
    )


def _start(bench: Bench, tool: Tool, turn: int) -> Iterator[Sample]:
    return latency.start_samples(bench.program, bench.folder, tool, turn)


def _echo(bench: Bench, tool: Tool, turn: int) -> Iterator[Sample]:
    count = 3 if bench.quick else 20
    return latency.echo_samples(bench.program, bench.folder, tool, turn, count)


def _idle(bench: Bench, tool: Tool, turn: int) -> Iterator[Sample]:
    return latency.idle_samples(bench.folder, tool, turn, 0.5 if bench.quick else 10)


def _run_time(bench: Bench, tool: Tool, turn: int) -> Iterator[Sample]:
    stream = bench.length(streams.STORM)
    return kernel.run_samples(bench.program, bench.folder, tool, stream, turn)


_LIVE = tuple(tool for tool in TOOLS if tool.live)
_MEASURES = (
    *(Measure(stream.name, _stream(stream)) for stream in streams.STREAMS),
    Measure(streams.LONG_STORM.name, _stream(streams.LONG_STORM), (CORE, FULL, SIGSNOOP), 3),
    Measure(streams.HUGE_STORM.name, _stream(streams.HUGE_STORM), (JSON, JSON_64M), 3),
    Measure(streams.DROPPED, _dropped(streams.STORM), (CORE, FULL, SIGSNOOP, BPFTRACE), 9),
    Measure(streams.FORKS.name, _dropped(streams.FORKS), (CORE, FULL, SIGSNOOP, BPFTRACE), 9),
    Measure(latency.START, _start, _LIVE, 9),
    Measure(latency.ECHO, _echo, _LIVE, 3),
    Measure(latency.IDLE, _idle, (CORE, FULL, SIGSNOOP), 3),
    Measure(kernel.RUN_TIME, _run_time, (CORE, FULL)),
)
MEASURES = {measure.name: measure for measure in _MEASURES}
