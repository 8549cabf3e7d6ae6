"""The check of a quick run: each tool saw its streams, and kept + lost = sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.samples import Sample, Samples


def complaints(samples: Samples, tools: Iterable[str]) -> list[str]:
    """What is wrong; nothing if each of these tools accounted for every signal of some stream."""
    wrong = [f"{name}: {why}" for name, why in samples.absent.items()]
    for tool in tools:
        runs = [run for run in samples.all if run.tool == tool and "sent" in run.values]
        if not runs:
            wrong.append(f"{tool}: it was given no stream")
        wrong += [f"{tool}, {run.measure}: {why}" for run in runs for why in _of_run(run)]
    return wrong


def _of_run(run: Sample) -> list[str]:
    sent, kept, lost = (run.values.get(name) for name in ("sent", "kept", "lost"))
    wrong = []
    if not sent:
        wrong.append("nothing was sent")
    if not kept:
        wrong.append("nothing was kept")
    if lost is None:
        wrong.append("it does not say what it lost")
    elif (kept or 0) + lost != sent:
        wrong.append(f"kept {kept:,.0f} + lost {lost:,.0f} is not the {sent:,.0f} sent")
    return wrong
