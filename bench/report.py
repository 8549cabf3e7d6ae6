"""The results as people read them (Markdown, SVG) and as programs do (JSON)."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from bench.chart import chart
from bench.samples import Sample, Samples
from bench.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN, END = "<!-- bench -->\n", "<!-- end -->\n"
# How each value is headed and shown.
COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "added_ns": ("added to a call, mean", lambda value: f"{value / 1000:.2f} µs"),
    "added_median_ns": ("median", lambda value: f"{value / 1000:.2f} µs"),
    "preempted": ("calls over 1 ms, left out", lambda value: f"{value:,.0f}"),
    "slower": ("slower", lambda value: f"{100 * value:.1f} %"),
    "processes_per_second": ("processes a second", lambda value: f"{value:,.0f}"),
    "cpu_share": ("tracer's CPU", lambda value: f"{100 * value:.2f} %"),
    "cpu_ns": ("tracer's CPU a signal shown", lambda value: f"{value / 1000:.2f} µs"),
    "kept_share": ("shown", lambda value: f"{100 * value:.1f} %"),
    "lost": ("lost, as it says", lambda value: f"{value:,.0f}"),
    "lost_some": ("lost, uncounted", lambda _: "some"),
    "seconds": ("time", lambda value: f"{value:.2f} s"),
    "cpu_seconds": ("CPU time", lambda value: f"{value:.2f} s"),
    "mb_per_second": ("MB/s", lambda value: f"{value:.0f}"),
    "cpus": ("CPUs used", lambda value: f"{value:.2f}"),
    "ns": ("in BPF a signal", lambda value: f"{value:.0f} ns"),
    "ms": ("median", lambda value: f"{value:.2f} ms"),
    "worst_ms": ("worst", lambda value: f"{value:.2f} ms"),
    "cpu_ms_per_minute": ("CPU in a minute", lambda value: f"{value:.2f} ms"),
    "own_bytes": ("memory of its own", lambda value: f"{value / 1e6:.1f} MB"),
    "peak_bytes": ("memory, peak", lambda value: f"{value / 1e6:.1f} MB"),
}


def targets_table(
    samples: Samples, style: str = "github", *, whole: bool = True, for_users: bool = False
) -> str:
    """Topic, what, wanted, measured, met or not met; not ``whole``: only what was measured."""
    rows = []
    for topic, targets in TARGETS.items():
        for target in targets:
            figure = target.figure(samples)
            if (figure is None and not whole) or (for_users and not target.for_users):
                continue
            if figure is None:
                verdict = "not measured"
            else:
                verdict = "met" if figure <= target.limit else "not met"
            shown = "-" if figure is None else target.unit.shown(figure)
            rows.append((topic, target.what, target.wanted, shown, verdict))
    headers = ("", "what", "wanted", "measured", "")
    return tabulate(rows, headers=headers, tablefmt=style, disable_numparse=True)


def measure_table(samples: Samples, measure: str, style: str = "github") -> str:
    """Medians of the values of one measure, a row a tool."""
    tools = samples.tools(measure)
    names = [
        name
        for name in COLUMNS
        if any(samples.median(measure, tool, name) is not None for tool in tools)
    ]
    rows = []
    for tool in tools:
        values = [(name, samples.median(measure, tool, name)) for name in names]
        rows.append(
            (tool, *("-" if value is None else COLUMNS[name][1](value) for name, value in values))
        )
    headers = ("tool", *(COLUMNS[name][0] for name in names))
    return tabulate(rows, headers=headers, tablefmt=style, disable_numparse=True)


def machine() -> str:
    """Kernel and CPU on which it was measured."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"Linux {platform.release()}, {os.cpu_count()} × {(names or [platform.machine()])[0]}"


@dataclass(frozen=True)
class Results:
    """What was measured, the day of each measure, and on what machine."""

    dates: dict[str, str]
    machine: str
    samples: Samples

    @classmethod
    def of(cls, samples: Samples) -> Results:
        """Of today, on this machine."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        return cls(dict.fromkeys(samples.measures(), today), machine(), samples)

    @property
    def date(self) -> str:
        """The day, or the first and the last."""
        days = sorted(set(self.dates.values()))
        return " to ".join(dict.fromkeys((*days[:1], *days[-1:])))

    def with_earlier(self, earlier: Results) -> Results:
        """And the measures of an earlier run that were not measured again; of another machine none."""
        if earlier.machine != self.machine:
            return self
        kept = [sample for sample in earlier.samples.all if sample.measure not in self.dates]
        absent = {
            name: why
            for name, why in earlier.samples.absent.items()
            if name.rpartition(", ")[2] not in self.dates
        }
        samples = Samples(kept + self.samples.all, {**absent, **self.samples.absent})
        return Results({**earlier.dates, **self.dates}, self.machine, samples)

    @classmethod
    def read(cls, path: Path) -> Results:
        """As ``json`` wrote them."""
        document = json.loads(path.read_text())
        samples = [Sample(**sample) for sample in document["samples"]]
        return cls(document["dates"], document["machine"], Samples(samples, document["absent"]))

    def json(self) -> str:
        """Every sample, a line each; six digits of a figure are more than it is worth."""
        head = {"dates": self.dates, "machine": self.machine, "absent": self.samples.absent}
        samples = ",\n".join(json.dumps(_rounded(sample)) for sample in self.samples.all)
        return json.dumps(head, indent=1)[:-2] + f',\n "samples": [\n{samples}\n]}}\n'


def _rounded(sample: Sample) -> dict[str, object]:
    values = {
        name: value if isinstance(value, int) else float(f"{value:.6g}")
        for name, value in sample.values.items()
    }
    return {**asdict(sample), "values": values}


def markdown(results: Results) -> str:
    """The whole of it, for people."""
    samples = results.samples
    parts = [
        "# Results of `make bench`",
        f"{results.date}, {results.machine}. Medians of rounds; each tracer was measured right after the "
        "same load without it, and the tools in turn. Ratios are of pairs of one round.",
        "![Time that each tracer adds to a kill()](results.svg)",
        "## Targets",
        targets_table(samples),
    ]
    for measure in samples.measures():
        parts += [f"## {measure}", f"{results.dates[measure]}.", measure_table(samples, measure)]
    if samples.absent:
        parts += ["## Not measured"]
        parts += ["\n".join(f"- {name}: {why}" for name, why in samples.absent.items())]
    return "\n\n".join(parts) + "\n"


def in_readme(results: Results) -> str:
    """The chart, and what users care for."""
    return (
        "![Time that each tracer adds to a kill()](bench/results/results.svg)\n\n"
        f"{results.date}, {results.machine}; [all figures](docs/performance.md#targets).\n\n"
        f"{targets_table(results.samples, for_users=True)}\n"
    )


def in_docs(results: Results) -> str:
    """Every target."""
    return (
        f"{results.date}, {results.machine}; [every sample](../bench/results/results.md).\n\n"
        f"{targets_table(results.samples)}\n"
    )


# The documents with a block between markers, and what it is.
BLOCKS = {"README.md": in_readme, "docs/performance.md": in_docs}


def between_markers(text: str) -> tuple[str, str, str]:
    """What stands before, between and after the markers of a document."""
    before, begin, rest = text.partition(BEGIN)
    block, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{BEGIN.strip()} and {END.strip()} are missing")
    return before + begin, block, end + after


def write(results: Results, folder: Path, root: Path) -> None:
    """results.md, results.json with every sample, results.svg, and the blocks in the documents of ``root``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(results.json())
    results = Results.read(folder / "results.json")
    (folder / "results.md").write_text(markdown(results))
    (folder / "results.svg").write_text(chart(results.samples))
    for name, block in BLOCKS.items():
        before, _, after = between_markers((root / name).read_text())
        (root / name).write_text(before + block(results) + after)
