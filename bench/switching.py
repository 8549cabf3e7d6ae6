"""What a load of short processes costs when sigtrace's programs are attached and detached many times a second.

Shared machines drift by more than the percent that is looked for, from one second to the next. Here both states
share every moment, and the same without programs shows how far the figure is to be trusted.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.load import Load, Stream
from bench.rivals import CORE, FULL
from bench.samples import CannotRun, Sample
from bench.streams import CPUS, KILL
from tracer.flow.kernel_filter import KernelFilter
from tracer.model.errors import Problem
from tracer.sources.core.load import begin_to_load
from tracer.sources.core.opening import begin_to_open, preempts
from tracer.sources.shape import programs_of
from tracer.sources.wanted import Wanted, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tracer.libbpf.object import Object

MANY_FORKS = Stream("short processes on all CPUs", 25_000, kind="spawn", senders=CPUS)
SECONDS = 0.1
# Attaching writes into the kernel's code, detaching frees after a grace period of RCU.
SETTLING_SECONDS = 0.008


@dataclass(frozen=True)
class Switched:
    """Programs that are attached by turns: those of a tool that looks for SIGKILL; ``details`` None: no programs."""

    name: str
    details: bool | None = None

    def missing(self) -> list[str]:
        return []


SWITCHED = (
    Switched(FULL.name, details=True),
    Switched(CORE.name, details=False),
    Switched("no programs"),
)


@dataclass(frozen=True)
class Interval:
    """``process_ns`` is the interval's length for each process that was started in it."""

    attached: bool
    process_ns: float


def samples(program: Path, switched: Switched, stream: Stream, turn: int) -> Iterator[Sample]:
    """One run of the load; ``slower`` is 0.01 for one percent."""
    loaded, programs = _loaded(switched)
    try:
        with Load(program, stream) as load:
            intervals = _intervals(load, loaded, programs)
    finally:
        if loaded:
            loaded.close()
    if not intervals:
        raise CannotRun(f"the load ended within {SECONDS} s")
    values = {"processes_per_second": 1e9 / median(one.process_ns for one in intervals)}
    if ratios := slower(intervals):
        values["slower"] = median(ratios)
    yield Sample(stream.name, switched.name, turn, values)


def slower(intervals: list[Interval]) -> list[float]:
    """Of each interval with the programs, against the two beside it without."""
    return [
        2 * one.process_ns / (before.process_ns + after.process_ns) - 1
        for before, one, after in zip(intervals, intervals[1:], intervals[2:])
        if one.attached and not before.attached and not after.attached
    ]


def _loaded(switched: Switched) -> tuple[Object | None, list[str]]:
    if switched.details is None:
        return None, []
    filter_ = KernelFilter(signals=frozenset((KILL,)), results=frozenset(range(5)))
    wanted = Wanted(filter_, details=switched.details, deaths=switched.details)
    try:
        loaded = begin_to_load(begin_to_open({} if switched.details else None), wanted)()
    except Problem as problem:
        raise CannotRun(str(problem)) from None
    loaded.detach()
    return loaded, programs_of(shape_of(wanted), twice=preempts())


def _intervals(load: Load, loaded: Object | None, programs: list[str]) -> list[Interval]:
    """For as long as the load lasts; the last interval, in which it ends, is left out."""
    intervals = []
    attached = False
    load.start()
    while load.runs():
        if loaded and attached:
            loaded.attach(programs)
        time.sleep(SETTLING_SECONDS)
        began, before = time.monotonic_ns(), _started()
        time.sleep(SECONDS)
        took, started = time.monotonic_ns() - began, _started() - before
        if loaded:
            loaded.detach()
        intervals.append(Interval(attached, took / max(1, started)))
        attached = not attached
    load.finish()
    return intervals[:-1]


def _started() -> int:
    """Processes since boot: proc_stat(5)."""
    with open("/proc/stat", "rb") as file:
        (number,) = re.findall(rb"^processes (\d+)", file.read(), re.M)
    return int(number)
