"""The measures by name, and the order A B A B … in which the tools take their turns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from bench import audit, hour, kernel, latency, recorders, replay, streams, switching, why
from bench.replay import Reader
from bench.rivals import BPFTRACE, CORE, FULL, JSON, JSON_64M, SIGSNOOP, TOOLS, Tool
from bench.rivals import QUICK as QUICK_TOOLS
from bench.samples import CannotRun, Sample, Samples
from bench.switching import Switched

if TYPE_CHECKING:
    from pathlib import Path

    from bench.load import Stream

QUICK_COUNT, QUICK_SECONDS = 20_000, 0.4
QUICK_PROCESSES = 2000
QUICK_SCALE = 1 / 100  # of the logs

Runs = Union[Tool, Reader, Switched, why.Asked, hour.Asked]
Runner = Callable[["Bench", Any, int], Iterator[Sample]]


@dataclass(frozen=True)
class Measure:
    """``run`` measures one tool once, and is asked to do so for each tool in turn."""

    name: str
    run: Runner
    tools: tuple[Runs, ...] = TOOLS
    rounds: int = 5


@dataclass(frozen=True)
class Bench:
    """What every measure needs. ``folder`` is in memory, ``room`` is for what is too big for that."""

    program: Path
    folder: Path
    room: Path
    tools: tuple[str, ...]
    samples: Samples
    quick: bool = False

    def measure(self, measure: Measure, rounds: int) -> None:
        """All tools of a measure in turn, so many times."""
        for turn in range(rounds):
            for tool in self._able(measure):
                print(f"{measure.name}: {tool.name} ({turn + 1}/{rounds})", file=sys.stderr)
                try:
                    with audit.borrowed() if _changes_audit(tool) else nullcontext():
                        self.samples.all += measure.run(self, tool, turn)
                except CannotRun as why:
                    self.samples.absent[_place(measure, tool)] = str(why)

    def length(self, stream: Stream) -> Stream:
        return stream.shortened(QUICK_COUNT, QUICK_SECONDS) if self.quick else stream

    def _able(self, measure: Measure) -> Iterator[Runs]:
        """The tools that are asked for, can run, and have not failed in this measure."""
        for tool in measure.tools:
            if tool.name not in self.tools or _place(measure, tool) in self.samples.absent:
                continue
            if missing := tool.missing():
                self.samples.absent[tool.name] = f"there is no {', '.join(missing)}"
            else:
                yield tool


def _place(measure: Measure, tool: Runs) -> str:
    return f"{tool.name}, {measure.name}"


def _changes_audit(tool: Runs) -> bool:
    return isinstance(tool, Tool) and tool.changes_audit


def _stream(stream: Stream) -> Runner:
    return lambda bench, tool, turn: streams.stream_samples(
        bench.program, bench.folder, tool, bench.length(stream), turn
    )


def _dropped(stream: Stream) -> Runner:
    return lambda bench, tool, turn: streams.dropped_samples(
        bench.program, bench.folder, tool, bench.length(stream), turn
    )


def _switched(bench: Bench, tool: Switched, turn: int) -> Iterator[Sample]:
    stream = switching.MANY_FORKS
    if bench.quick:
        stream = stream.shortened(QUICK_PROCESSES, QUICK_SECONDS)
    return switching.samples(bench.program, tool, stream, turn)


def _recorder(bench: Bench, tool: Tool, turn: int) -> Iterator[Sample]:
    both = tuple(bench.length(stream) for stream in (recorders.SIGNALS, recorders.PROCESSES))
    return recorders.samples(bench.program, bench.folder, tool, both, turn)


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


def _why(bench: Bench, asked: why.Asked, turn: int) -> Iterator[Sample]:
    return why.samples(asked, bench.room, turn)


def _hour(bench: Bench, asked: hour.Asked, turn: int) -> Iterator[Sample]:
    return hour.samples(asked, bench.room, turn)


def _replay(measure: str, readers: tuple[Reader, ...], rounds: int) -> Measure:
    def run(bench: Bench, reader: Reader, turn: int) -> Iterator[Sample]:
        scale = QUICK_SCALE if bench.quick else 1
        return replay.samples(measure, reader, bench.folder, bench.room, scale, turn)

    return Measure(measure, run, readers, rounds)


_LIVE = tuple(tool for tool in TOOLS if tool.live)
_MEASURES = (
    *(Measure(stream.name, _stream(stream)) for stream in streams.STREAMS),
    Measure(streams.LONG_STORM.name, _stream(streams.LONG_STORM), (CORE, FULL, SIGSNOOP), 3),
    Measure(streams.HUGE_STORM.name, _stream(streams.HUGE_STORM), (JSON, JSON_64M), 3),
    Measure(streams.DROPPED, _dropped(streams.STORM), (CORE, FULL, SIGSNOOP, BPFTRACE), 9),
    Measure(streams.FORKS.name, _dropped(streams.FORKS), (CORE, FULL, SIGSNOOP, BPFTRACE), 9),
    Measure(switching.MANY_FORKS.name, _switched, switching.SWITCHED, 9),
    Measure(recorders.NAME, _recorder, recorders.TOOLS),
    Measure(latency.START, _start, _LIVE, 9),
    Measure(latency.ECHO, _echo, _LIVE, 3),
    Measure(latency.IDLE, _idle, (CORE, FULL, SIGSNOOP), 3),
    Measure(kernel.RUN_TIME, _run_time, (CORE, FULL, kernel.RESERVE, kernel.TIMED)),
    _replay(replay.OF_SPARSE, replay.SPARSE_READERS, 5),
    _replay(replay.OF_KILLS, replay.KILLS_READERS, 5),
    _replay(replay.OF_FORMS, replay.FORM_READERS, 3),
    _replay(replay.OF_SAID, replay.SAID_READERS, 5),
    _replay(replay.OF_JOURNAL, replay.JOURNAL_READERS, 3),
    _replay(replay.BY_SIZE, replay.SIZE_READERS, 3),
    _replay(replay.OF_RECORDING, replay.REPORT_READERS, 3),
    Measure(why.WHY, _why, why.ASKED, 3),
    Measure(hour.AN_HOUR, _hour, hour.ASKED, 3),
)
MEASURES = {measure.name: measure for measure in _MEASURES}
NAMES = tuple(dict.fromkeys(tool.name for measure in _MEASURES for tool in measure.tools))
# What a quick run measures: ours; audit is left alone, it is the host's.
QUICK = (
    *(tool.name for tool in QUICK_TOOLS),
    *(reader.name for reader in replay.READERS if reader.ours),
)
