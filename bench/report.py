"""The results as people read them (Markdown, SVG) and as programs do (JSON)."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from bench.chart import chart
from bench.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.samples import Samples

# How each value is headed and shown.
COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "added_ns": ("added to a call, mean", lambda value: f"{value / 1000:.2f} µs"),
    "added_median_ns": ("median", lambda value: f"{value / 1000:.2f} µs"),
    "slower": ("slower", lambda value: f"{100 * value:.1f} %"),
    "cpu_ns": ("tracer's CPU a signal shown", lambda value: f"{value / 1000:.2f} µs"),
    "kept_share": ("shown", lambda value: f"{100 * value:.1f} %"),
    "lost": ("lost, as it says", lambda value: f"{value:,.0f}"),
    "ns": ("in BPF a signal", lambda value: f"{value:.0f} ns"),
    "ms": ("median", lambda value: f"{value:.2f} ms"),
    "worst_ms": ("worst", lambda value: f"{value:.2f} ms"),
    "cpu_ms_per_minute": ("CPU in a minute", lambda value: f"{value:.2f} ms"),
    "peak_bytes": ("memory, peak", lambda value: f"{value / 1e6:.1f} MB"),
}


def targets_table(samples: Samples, style: str = "github", *, whole: bool = True) -> str:
    """Issue, what, wanted, measured, met or not met; not ``whole``: only what was measured."""
    rows = []
    for target in TARGETS:
        figure = target.figure(samples)
        if figure is None and not whole:
            continue
        if figure is None:
            verdict = "not measured"
        else:
            verdict = "met" if figure <= target.limit else "not met"
        shown = "-" if figure is None else target.show(figure)
        rows.append((target.issue, target.what, f"at most {target.wanted}", shown, verdict))
    headers = ("issue", "what", "wanted", "measured", "")
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


def markdown(samples: Samples) -> str:
    parts = [
        "# Results of `make bench`",
        f"{time.strftime('%Y-%m-%d')}, {machine()}. Medians of rounds; each tool was measured right "
        "after the same load without it, and the tools in turn. Ratios are of pairs of one round.",
        "![added time](results.svg)",
        "## Targets",
        targets_table(samples),
    ]
    for measure in samples.measures():
        parts += [f"## {measure}", measure_table(samples, measure)]
    if samples.absent:
        parts += ["## Not measured"]
        parts += ["\n".join(f"- {name}: {why}" for name, why in samples.absent.items())]
    return "\n\n".join(parts) + "\n"


def write(samples: Samples, folder: Path) -> None:
    """results.md, results.json with every sample, and results.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(samples))
    (folder / "results.svg").write_text(chart(samples))
    document = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "absent": samples.absent,
        "samples": [asdict(sample) for sample in samples.all],
    }
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n")
