"""What a tool costs the senders of a stream of signals, what it costs itself, and what it keeps."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.load import Load, Outcome, Stream
from bench.running import Running
from bench.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.rivals import Tool

USR1, URG, KILL = 10, 23, 9
CPUS = os.cpu_count() or 1

PACED = tuple(Stream(f"paced {rate:,}/s", rate, rate) for rate in (1000, 5000, 50_000))
STORM = Stream("storm", 200_000)
STREAMS = (
    *PACED,
    STORM,
    Stream("storm, a sender on each CPU", 200_000 // CPUS, senders=CPUS),
    Stream("storm of tgkill to oneself", 100_000, kind="tgkill", signal=URG),
)
LONG_STORM = Stream("storm of 1,000,000", 1_000_000)
HUGE_STORM = Stream("storm of 2,000,000 to --json", 2_000_000)
FORKS = Stream("short processes", 1000, kind="spawn")
DROPPED = "storm that the filter drops"


def alone(program: Path, stream: Stream) -> Outcome:
    """The load without a tracer."""
    with Load(program, stream) as load:
        return load.run()


@contextmanager
def under(
    program: Path, folder: Path, tool: Tool, stream: Stream, number: int
) -> Iterator[tuple[Load, Running]]:
    """A load that waits to be let go, and the tool that is ready to look for signal ``number``."""
    with (
        Load(program, stream) as load,
        Running(tool, folder, number=number, sender=load.sender) as running,
    ):
        running.wait_ready()
        yield load, running


def traced(
    program: Path, folder: Path, tool: Tool, stream: Stream, number: int
) -> dict[str, float]:
    """The load without the tool, then under it; ``number`` is the signal the tool looks for."""
    os.sync()  # No tool waits for what the one before it has written.
    before = alone(program, stream)
    with under(program, folder, tool, stream, number) as (load, running):
        spent = running.cpu_ns()
        loaded = load.run()
        running.settle()
        spent = running.cpu_ns() - spent
        peak = running.peak_bytes()
    count = running.count(load.target)
    values = {
        "sent": loaded.sent,
        "kept": count.kept,
        "kept_share": count.kept / loaded.sent,
        **_added(before, loaded),
    }
    if peak:
        values["peak_bytes"] = peak
    if count.kept:
        values["cpu_ns"] = spent / count.kept
    if count.lost is not None:
        values["lost"] = count.lost
    if count.lost_some:
        values["lost_some"] = 1
    return values


def _added(before: Outcome, loaded: Outcome) -> dict[str, float]:
    return {
        "base_ns": before.mean_ns,
        "added_ns": loaded.mean_ns - before.mean_ns,
        "added_median_ns": loaded.median_ns - before.median_ns,
        "preempted": loaded.preempted,
    }


def untouched(
    program: Path, folder: Path, tool: Tool, stream: Stream, number: int
) -> dict[str, float]:
    """The load under the tool, which looks for signal ``number`` and finds none; and without it before and
    afterwards, for a machine that grows slower would else be the tool's fault."""
    before = alone(program, stream)
    with under(program, folder, tool, stream, number) as (load, _):
        loaded = load.run()
    after = alone(program, stream)
    slower = 2 * loaded.median_ns / (before.median_ns + after.median_ns) - 1
    return {**_added(before, loaded), "slower": slower}


def stream_samples(
    program: Path, folder: Path, tool: Tool, stream: Stream, turn: int
) -> Iterator[Sample]:
    """One stream under a tool that shows it."""
    if stream.kind in tool.kinds and (stream.senders == 1 or tool.many_senders):
        values = traced(program, folder, tool, stream, stream.signal)
        yield Sample(stream.name, tool.name, turn, values)


def dropped_samples(
    program: Path, folder: Path, tool: Tool, stream: Stream, turn: int
) -> Iterator[Sample]:
    """A stream under a tool that looks for SIGKILL alone."""
    name = stream.name if stream.kind == "spawn" else DROPPED
    yield Sample(name, tool.name, turn, untouched(program, folder, tool, stream, KILL))
