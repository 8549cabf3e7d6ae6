"""What the issues ask for, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import kernel, latency, replay, streams, switching
from bench.rivals import CORE, FULL, JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.samples import Samples

PACED = streams.PACED[1].name
MEGABYTE = 1e6


@dataclass(frozen=True)
class Target:
    """One line of an issue's table. ``figure`` gives None where it was not measured."""

    issue: int
    what: str
    wanted: str
    figure: Callable[[Samples], float | None]
    limit: float
    show: Callable[[float], str]


def _ratio(measure: str, ours: str, theirs: str, value: str) -> Callable[[Samples], float | None]:
    return lambda samples: samples.ratio(measure, ours, theirs, value)


def _median(measure: str, ours: str, value: str) -> Callable[[Samples], float | None]:
    return lambda samples: samples.median(measure, ours, value)


def _highest(value: str, *tools: str) -> Callable[[Samples], float | None]:
    def figure(samples: Samples) -> float | None:
        found = [
            sample.values[value]
            for sample in samples.all
            if sample.tool in tools and value in sample.values
        ]
        return max(found) if found else None

    return figure


def _missing(measure: str, tool: str, *, told: bool) -> Callable[[Samples], float | None]:
    """The most signals that were neither kept nor (``told``) counted as lost, in any round."""

    def figure(samples: Samples) -> float | None:
        sent, kept = samples.of(measure, tool, "sent"), samples.of(measure, tool, "kept")
        lost = samples.of(measure, tool, "lost") if told else {}
        return max((abs(sent[r] - kept[r] - lost.get(r, 0)) for r in sent), default=None)

    return figure


def _over_idle(samples: Samples) -> float | None:
    """The most memory of any replay, less what an idle interpreter has."""
    idle = samples.median(replay.BY_SIZE, replay.IDLE.name, "peak_bytes")
    most = _highest("peak_bytes", *(reader.name for reader in replay.READERS if reader.ours))(
        samples
    )
    return None if idle is None or most is None else most - idle


def _part(value: float) -> str:
    return f"1/{1 / value:.1f}" if value > 0 else f"{value:.3f}"


def _times(value: float) -> str:
    return f"{value:.2f} times"


def _signals(value: float) -> str:
    return f"{value:,.0f} signals"


def _ns(value: float) -> str:
    return f"{value:.0f} ns"


def _ms(value: float) -> str:
    return f"{value:.2f} ms"


def _mb(value: float) -> str:
    return f"{value / MEGABYTE:.1f} MB"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


_SMALL, _BIG = 100, 2000  # MB; both are big enough for replay to use two CPUs


def _slower(cpus: str) -> Callable[[Samples], float | None]:
    """Time for each MB of the big log in those of the small one: 1 is a straight line."""
    small, big = replay.sized(_SMALL, cpus), replay.sized(_BIG, cpus)
    return _ratio(replay.BY_SIZE, small, big, "mb_per_second")


_LONG, _DROPPED = streams.LONG_STORM.name, streams.DROPPED
_RUN = f"{kernel.RUN_TIME}, {streams.STORM.name}"
_OURS = tuple(tool.name for tool in (CORE, FULL, JSON))

TARGETS = (
    Target(
        2,
        "added to each kill(), paced 5,000/s",
        "at most 1/30 of sigsnoop's",
        _ratio(PACED, "core bare", "sigsnoop", "added_ns"),
        1 / 30,
        _part,
    ),
    Target(
        2,
        "added to each kill(), storm of 1,000,000",
        "at most 1/10 of sigsnoop's",
        _ratio(_LONG, "core bare", "sigsnoop", "added_ns"),
        1 / 10,
        _part,
    ),
    Target(
        2,
        "the same storm, neither shown nor reported as lost",
        "none",
        _missing(_LONG, "core bare", told=True),
        0,
        _signals,
    ),
    Target(
        2,
        "CPU of the tracer for each signal shown, paced 5,000/s",
        "at most 1/2 of sigsnoop's",
        _ratio(PACED, "core bare", "sigsnoop", "cpu_ns"),
        1 / 2,
        _part,
    ),
    Target(
        2,
        "CPU of the tracer for each signal shown, storm of 1,000,000",
        "at most 1/2 of sigsnoop's",
        _ratio(_LONG, "core bare", "sigsnoop", "cpu_ns"),
        1 / 2,
        _part,
    ),
    Target(
        2,
        "added to a kill() that the filter drops",
        "at most 100 ns",
        _median(_DROPPED, "core full", "added_median_ns"),
        100,
        _ns,
    ),
    Target(
        2,
        "exec to the first row",
        "at most 4 times sigsnoop's",
        _ratio(latency.START, "core full", "sigsnoop", "ms"),
        4,
        _times,
    ),
    Target(
        2,
        "exec to the first row",
        "at most 1/3 of bpftrace's",
        _ratio(latency.START, "core full", "bpftrace", "ms"),
        1 / 3,
        _part,
    ),
    Target(
        2,
        "an isolated signal: kill() to its row on the screen",
        "at most 2 ms",
        _median(latency.ECHO, "core full", "ms"),
        2,
        _ms,
    ),
    Target(
        2,
        "memory, peak of every run with the default buffer",
        "at most 45 MB",
        _highest("peak_bytes", *_OURS),
        45 * MEGABYTE,
        _mb,
    ),
    Target(
        2,
        "idle: CPU in a minute",
        "not measurable",
        _median(latency.IDLE, "core full", "cpu_ms_per_minute"),
        1,
        _ms,
    ),
    Target(
        3,
        "everything on: added to each kill(), paced 5,000/s",
        "at most 1/20 of sigsnoop's",
        _ratio(PACED, "core full", "sigsnoop", "added_ns"),
        1 / 20,
        _part,
    ),
    Target(
        3,
        "everything on: added to each kill(), storm of 1,000,000",
        "at most 1/8 of sigsnoop's",
        _ratio(_LONG, "core full", "sigsnoop", "added_ns"),
        1 / 8,
        _part,
    ),
    Target(
        4,
        "replay, 300 MB with a kill in every 500 events: time",
        "at most 1/4 of ausearch -sc kill --raw",
        _ratio(replay.OF_SPARSE, "replay", "ausearch --raw", "seconds"),
        1 / 4,
        _part,
    ),
    Target(
        4,
        "the same",
        "at most 3 times grep -c 'syscall=62 '",
        _ratio(replay.OF_SPARSE, "replay", "grep -c", "seconds"),
        3,
        _times,
    ),
    Target(
        4,
        "replay, 100 MB of kills to --json: time",
        "at most 1/2 of ausearch -sc kill -i",
        _ratio(replay.OF_KILLS, "replay --json", "ausearch -i", "seconds"),
        1 / 2,
        _part,
    ),
    Target(
        4,
        "replay: memory over the idle interpreter, any size",
        "at most 60 MB",
        _over_idle,
        60 * MEGABYTE,
        _mb,
    ),
    Target(
        7,
        "added to each kill(), paced 5,000/s",
        "at most 1/40 of sigsnoop's",
        _ratio(PACED, "core bare", "sigsnoop", "added_ns"),
        1 / 40,
        _part,
    ),
    Target(
        7,
        "2,000,000 signals to --json with --buffer 64M: not in the file",
        "none",
        _missing(streams.HUGE_STORM.name, "core json 64M", told=False),
        0,
        _signals,
    ),
    Target(
        7,
        "the same with the default buffer: neither in the file nor counted",
        "none",
        _missing(streams.HUGE_STORM.name, "core json", told=True),
        0,
        _signals,
    ),
    Target(
        7,
        "BPF run time for each signal shown (bare)",
        "at most 1.5 times reserving and submitting 64 bytes",
        _ratio(_RUN, "core bare", kernel.RESERVE.name, "ns"),
        1.5,
        _times,
    ),
    Target(
        7,
        "exec to the first row",
        "at most 2.5 times sigsnoop's",
        _ratio(latency.START, "core full", "sigsnoop", "ms"),
        2.5,
        _times,
    ),
    Target(
        7,
        "short processes on all CPUs, watched with --signal 9",
        "at most 1 % slower",
        _median(switching.MANY_FORKS.name, "core full", "slower"),
        0.01,
        _percent,
    ),
    Target(
        7,
        "replay on 1 CPU: time for each MB of 2 GB",
        "at most 1.2 times that of 100 MB",
        _slower(replay.ONE_CPU),
        1.2,
        _times,
    ),
    Target(
        7,
        "replay on all CPUs: time for each MB of 2 GB",
        "at most 1.2 times that of 100 MB",
        _slower(replay.ALL_CPUS),
        1.2,
        _times,
    ),
    Target(
        7,
        "replay on all CPUs: memory for 2 GB",
        "at most 1.1 times that for 100 MB",
        _ratio(
            replay.BY_SIZE,
            replay.sized(_BIG, replay.ALL_CPUS),
            replay.sized(_SMALL, replay.ALL_CPUS),
            "peak_bytes",
        ),
        1.1,
        _times,
    ),
)
