"""Signals and deaths counted, in the text format of Prometheus 0.0.4:
https://prometheus.io/docs/instrumenting/exposition_formats/

Labels have an end: of units the first so many have one of their own, the rest is ``other``. None is a pid or a name of
a process.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from threading import Lock

from tracer.model.event import Exit, Loss, Series, Signal
from tracer.model.frozen import frozen
from tracer.model.signals import name_of
from tracer.model.text import shown
from tracer.model.times import SECOND
from tracer.sinks.aside import Remote
from tracer.sinks.near import Near

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Event, Process
    from tracer.model.verdict import Verdict

UNITS, WHERES = 100, 20
OTHER, NONE = "other", "none"
_LABEL_MAX = 128
# Units that are made by the thousand: a session, a run, a container.
_NUMBERED = re.compile(r"(?<=-)(?:c?\d+|[ru]\d+|[0-9a-f]{12,})(?=[.-])|(?<=-)r[0-9a-f]{16,}(?=\.)")


@frozen
class Metric:
    """One of them."""

    labels: tuple[str, ...]
    help: str
    kind: str = "counter"


METRICS = {
    "sigtrace_signals_total": Metric(("signal", "origin", "unit"), "Signals, by the unit they were for"),
    "sigtrace_deaths_total": Metric(("signal", "cause", "unit"), "Processes that died by a signal"),
    "sigtrace_oom_kills_total": Metric(("scope", "unit"), "Processes that the OOM killer chose"),
    "sigtrace_escalations_total": Metric(("unit",), "Signals after a milder one that was survived"),
    "sigtrace_lost_total": Metric(("where",), "Records that are missing"),
    "sigtrace_last_death_timestamp_seconds": Metric(("unit",), "When a process of the unit last died by a signal", "gauge"),
}  # fmt: skip


class Labels:
    """The first so many words have a label of their own."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, word: str) -> str:
        if word not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(word)
        return word


class Metrics(Remote):
    """``publish`` is given the text whenever something was counted. ``judge``: as of Otlp."""

    def __init__(
        self,
        judge: Callable[[Exit, Sequence[Event]], Verdict | None],
        publish: Sequence[Publisher] = (),
    ) -> None:
        self._judge = judge
        self._publish = tuple(publish)
        self._near = Near()
        self._units, self._wheres = Labels(UNITS), Labels(WHERES)
        self._lock = Lock()
        self._values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in METRICS}

    def start(self) -> None:
        for one in self._publish:
            one.start(self.text)

    def write(self, event: Event) -> None:
        self._near.remember(event)
        with self._lock:
            super().write(event)

    def signal(self, signal: Signal) -> None:
        self._signal(signal, signal.count or 1)

    def series(self, series: Series) -> None:
        self._signal(series.first, len(series))

    def loss(self, loss: Loss) -> None:
        self._add("sigtrace_lost_total", loss.count or 1, self._wheres.of(loss.where))

    def exit(self, end: Exit) -> None:
        if end.number is not None:
            self._death(end, end.number)

    def due(self) -> float | None:
        return min([due for one in self._publish if (due := one.due()) is not None], default=None)

    def flush(self) -> None:
        for one in self._publish:
            one.flush()

    def close(self) -> None:
        for one in self._publish:
            one.close()

    def text(self) -> str:
        """All of it. Called from other threads, too."""
        with self._lock:
            values = {name: dict(own) for name, own in self._values.items()}
        return "".join(_lines(name, metric, values[name]) for name, metric in METRICS.items())

    def _signal(self, signal: Signal, count: int) -> None:
        unit = self._unit(signal.target)
        origin = signal.origin or "unknown"
        self._add("sigtrace_signals_total", count, name_of(signal.number), origin, unit)
        if signal.origin == "oom":
            scope = (signal.oom and signal.oom.scope) or "unknown"
            self._add("sigtrace_oom_kills_total", count, scope, unit)
        if signal.escalates is not None:
            self._add("sigtrace_escalations_total", 1, unit)

    def _death(self, end: Exit, number: int) -> None:
        verdict = self._judge(end, self._near.story_of(end))
        cause = "unknown" if verdict is None else verdict.cause
        unit = self._unit(end.process)
        self._add("sigtrace_deaths_total", 1, name_of(number), cause, unit)
        if end.time is not None:
            last = self._values["sigtrace_last_death_timestamp_seconds"]
            last[(unit,)] = max(last.get((unit,), 0.0), round(end.time / SECOND, 3))

    def _add(self, name: str, count: int, *labels: str) -> None:
        values = self._values[name]
        values[labels] = values.get(labels, 0) + count

    def _unit(self, process: Process | None) -> str:
        if process is None or process.unit is None:
            return NONE
        return self._units.of(_NUMBERED.sub("*", shown(process.unit))[:_LABEL_MAX])


class Publisher(ABC):
    """A way for the text to leave."""

    @abstractmethod
    def start(self, text: Callable[[], str]) -> None: ...

    @abstractmethod
    def due(self) -> float | None:
        """When ``flush`` wants to be called (seconds, monotonic); None: it need not be."""

    @abstractmethod
    def flush(self) -> None:
        """Time has passed, or something was counted."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more is counted."""


def _lines(name: str, metric: Metric, values: dict[tuple[str, ...], float]) -> str:
    rows = [
        f"{name}{{{_labels(metric.labels, labels)}}} {value!r}\n"
        for labels, value in sorted(values.items())
    ]
    return f"# HELP {name} {metric.help}.\n# TYPE {name} {metric.kind}\n" + "".join(rows)


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
