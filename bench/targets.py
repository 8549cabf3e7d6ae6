"""What is asked for, in figures: a table by topic, each limit beside its measure, each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import hour, kernel, latency, recorders, replay, streams, switching, why
from bench.rivals import CORE, FULL, JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.samples import Samples

PACED = streams.PACED[1].name
MEGABYTE = 1e6


@dataclass(frozen=True)
class Unit:
    """How a figure is shown, and how a limit."""

    shown: Callable[[float], str]
    limit: Callable[[float], str]


def _unit(form: str, limit: str, scale: float = 1) -> Unit:
    return Unit(lambda value: form.format(value * scale), lambda value: limit.format(value * scale))


PART = Unit(
    lambda value: f"1/{1 / value:.1f}" if value > 0 else f"{value:.3f}",
    lambda value: f"1/{1 / value:g}",
)
TIMES = _unit("{:.2f} times", "{:g} times")
SIGNALS = _unit("{:,.0f} signals", "{:g} signals")
NS = _unit("{:.0f} ns", "{:g} ns")
MS = _unit("{:.2f} ms", "{:g} ms")
SECONDS = _unit("{:.2f} s", "{:g} s")
MB = _unit("{:.1f} MB", "{:g} MB", 1 / MEGABYTE)
PERCENT = _unit("{:.1f} %", "{:g} %", 100)


@dataclass(frozen=True)
class Target:
    """At most ``limit``, ``of`` something. ``figure`` gives None where it was not measured; ``for_users``: the README
    has it, too."""

    what: str
    unit: Unit
    figure: Callable[[Samples], float | None]
    limit: float
    of: str = ""
    for_users: bool = False

    @property
    def wanted(self) -> str:
        return f"at most {self.unit.limit(self.limit)} {self.of}".strip() if self.limit else "none"


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
    replays = (reader.name for reader in replay.REPLAYS if reader.ours)
    most = _highest("peak_bytes", *replays)(samples)
    return None if idle is None or most is None else most - idle


def _own(asked: why.Asked) -> Callable[[Samples], float | None]:
    """Its own memory, less what an idle interpreter has."""

    def figure(samples: Samples) -> float | None:
        idle = samples.median(why.WHY, why.IDLE.name, "own_bytes")
        most = samples.median(why.WHY, asked.name, "own_bytes")
        return None if idle is None or most is None else most - idle

    return figure


_SMALL, _BIG = 100, 2000  # MB; both are big enough for replay to use two CPUs


def _slower(cpus: str) -> Callable[[Samples], float | None]:
    """Time for each MB of the big log in those of the small one: 1 is a straight line."""
    small, big = replay.sized(_SMALL, cpus), replay.sized(_BIG, cpus)
    return _ratio(replay.BY_SIZE, small, big, "mb_per_second")


_LONG, _DROPPED = streams.LONG_STORM.name, streams.DROPPED
_RUN = f"{kernel.RUN_TIME}, {streams.STORM.name}"
_OURS = tuple(tool.name for tool in (CORE, FULL, JSON))

TARGETS: dict[str, tuple[Target, ...]] = {
    "time added to each kill()": (
        Target(
            "paced 5,000/s",
            PART,
            _ratio(PACED, "core bare", "sigsnoop", "added_ns"),
            1 / 40,
            "of sigsnoop's",
        ),
        Target(
            "paced 5,000/s, everything on",
            PART,
            _ratio(PACED, "core full", "sigsnoop", "added_ns"),
            1 / 20,
            "of sigsnoop's",
            for_users=True,
        ),
        Target(
            "storm of 1,000,000",
            PART,
            _ratio(_LONG, "core bare", "sigsnoop", "added_ns"),
            1 / 10,
            "of sigsnoop's",
        ),
        Target(
            "storm of 1,000,000, everything on",
            PART,
            _ratio(_LONG, "core full", "sigsnoop", "added_ns"),
            1 / 8,
            "of sigsnoop's",
        ),
        Target(
            "of which the filter drops the signal",
            NS,
            _median(_DROPPED, "core full", "added_median_ns"),
            100,
        ),
        Target(
            "in BPF, for each signal shown (bare)",
            TIMES,
            _ratio(_RUN, "core bare", kernel.RESERVE.name, "ns"),
            1.5,
            "reserving and submitting 64 bytes",
        ),
    ),
    "signals that are neither shown nor reported as lost": (
        Target("storm of 1,000,000", SIGNALS, _missing(_LONG, "core bare", told=True), 0),
        Target(
            "2,000,000 to --json",
            SIGNALS,
            _missing(streams.HUGE_STORM.name, "core json", told=True),
            0,
            for_users=True,
        ),
        Target(
            "2,000,000 to --json with --buffer 64M, reported or not",
            SIGNALS,
            _missing(streams.HUGE_STORM.name, "core json 64M", told=False),
            0,
        ),
    ),
    "the tracer itself": (
        Target(
            "exec to the first row",
            TIMES,
            _ratio(latency.START, "core full", "sigsnoop", "ms"),
            3,
            "sigsnoop's",
        ),
        Target(
            "exec to the first row",
            PART,
            _ratio(latency.START, "core full", "bpftrace", "ms"),
            1 / 3,
            "of bpftrace's",
            for_users=True,
        ),
        Target(
            "an isolated signal: kill() to its row on the screen",
            MS,
            _median(latency.ECHO, "core full", "ms"),
            2,
            for_users=True,
        ),
        Target(
            "CPU for each signal shown, paced 5,000/s",
            PART,
            _ratio(PACED, "core bare", "sigsnoop", "cpu_ns"),
            1 / 2,
            "of sigsnoop's",
        ),
        Target(
            "CPU for each signal shown, storm of 1,000,000",
            PART,
            _ratio(_LONG, "core bare", "sigsnoop", "cpu_ns"),
            1 / 2,
            "of sigsnoop's",
        ),
        Target(
            "CPU in an idle minute",
            MS,
            _median(latency.IDLE, "core full", "cpu_ms_per_minute"),
            1,
        ),
        Target(
            "memory, peak of every run with the default buffer",
            MB,
            _highest("peak_bytes", *_OURS),
            45 * MEGABYTE,
        ),
        Target(
            "record, with 100 signals and 500 processes a second: CPU",
            PERCENT,
            _median(recorders.NAME, "record", "cpu_share"),
            0.002,
        ),
        Target(
            "short processes on all CPUs, watched with --signal 9: slower",
            PERCENT,
            _median(switching.MANY_FORKS.name, "core full", "slower"),
            0.01,
        ),
    ),
    "replay": (
        Target(
            "300 MB with a kill in every 500 events: time",
            PART,
            _ratio(replay.OF_SPARSE, "replay", "ausearch --raw", "seconds"),
            1 / 2,
            "of ausearch -sc kill --raw",
        ),
        Target(
            "300 MB with a kill in every 500 events: time",
            TIMES,
            _ratio(replay.OF_SPARSE, "replay", "grep -c", "seconds"),
            3,
            "grep -c 'syscall=62 '",
        ),
        Target(
            "100 MB of kills to --json: time",
            TIMES,
            _ratio(replay.OF_KILLS, "replay --json", "ausearch -i", "seconds"),
            1,
            "that of ausearch -sc kill -i",
            for_users=True,
        ),
        Target(
            "100 MB of kills to --json, on 1 CPU: time",
            TIMES,
            _ratio(replay.OF_KILLS, "replay --json, 1 CPU", "ausearch -i", "seconds"),
            2,
            "that of ausearch -sc kill -i",
        ),
        *(
            Target(
                f"{words} to --json: time",
                PART,
                _ratio(replay.OF_FORMS, replay.of_form(form), replay.of_form_then(form), "seconds"),
                1 / 2,
                f"of that of {replay.THEN[:7]}",
            )
            for form, words in (
                ("interpreted", "ausearch -i's text"),
                ("journal", "a journal's JSON"),
                ("laurel", "laurel's JSON"),
            )
        ),
        Target(
            "300 MB of syslog, a telling line in every 2,000: time",
            TIMES,
            _ratio(replay.OF_SAID, "replay of a syslog", "grep -cFf", "seconds"),
            3,
            "grep -cFf of the tables' words",
        ),
        Target(
            "a journal of a million entries, a telling one in every 2,000: time",
            PART,
            _ratio(replay.OF_JOURNAL, "replay of a journal", "journalctl -o json", "seconds"),
            1 / 50,
            "of journalctl -o json into a JSON reader's",
        ),
        *(
            Target(
                f"of 256M, thirty days: {asked.name}: first row",
                SECONDS,
                _median(hour.AN_HOUR, asked.name, "seconds"),
                0.5 if asked.command[1] == "replay" else 1,
            )
            for asked in hour.ASKED
            if asked is not hour.IDLE
        ),
        Target(
            "memory over the idle interpreter, any size",
            MB,
            _over_idle,
            60 * MEGABYTE,
        ),
        Target(
            "on 1 CPU: time for each MB of 2 GB",
            TIMES,
            _slower(replay.ONE_CPU),
            1.2,
            "that of 100 MB",
        ),
        Target(
            "on all CPUs: time for each MB of 2 GB",
            TIMES,
            _slower(replay.ALL_CPUS),
            1.2,
            "that of 100 MB",
        ),
        Target(
            "on all CPUs: memory for 2 GB",
            TIMES,
            _ratio(
                replay.BY_SIZE,
                replay.sized(_BIG, replay.ALL_CPUS),
                replay.sized(_SMALL, replay.ALL_CPUS),
                "peak_bytes",
            ),
            1.1,
            "that for 100 MB",
        ),
    ),
    "report": (
        Target(
            "a recording of a million events: time",
            TIMES,
            _ratio(replay.OF_RECORDING, "report", "json.loads", "seconds"),
            1.5,
            "json.loads of each line, on one CPU",
        ),
        Target(
            "a recording of a million events: memory",
            MB,
            _highest("peak_bytes", "report"),
            300 * MEGABYTE,
        ),
    ),
    "why": (
        *(
            Target(
                f"{asked.name}: to the answer", SECONDS, _median(why.WHY, asked.name, "seconds"), 1
            )
            for asked in why.OURS
        ),
        Target(
            "a journal of 1,000,000: time",
            PART,
            _ratio(why.WHY, why.OF_JOURNAL.name, why.GREP.name, "seconds"),
            1 / 50,
            "of journalctl -o json | grep",
        ),
        Target(
            "of both: memory of its own over the idle interpreter",
            MB,
            _own(why.OF_BOTH),
            60 * MEGABYTE,
        ),
    ),
}
