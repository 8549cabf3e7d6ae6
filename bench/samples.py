"""Every figure that was measured, and what is asked of them: medians, and ratios of pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


class CannotRun(Exception):
    """A tool did not come up; the message says why."""


@dataclass(frozen=True)
class Sample:
    """What one run of one tool gave; names of values end in their unit."""

    measure: str
    tool: str
    round: int
    values: dict[str, float]


@dataclass
class Samples:
    """All samples of a run of the benchmark, and why tools are missing from it."""

    all: list[Sample] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    def of(self, measure: str, tool: str, value: str) -> dict[int, float]:
        """The value in each round that has it."""
        return {
            sample.round: sample.values[value]
            for sample in self.all
            if (sample.measure, sample.tool) == (measure, tool) and value in sample.values
        }

    def median(self, measure: str, tool: str, value: str) -> float | None:
        values = self.of(measure, tool, value)
        return median(values.values()) if values else None

    def ratio(self, measure: str, tool: str, other: str, value: str) -> float | None:
        """The median of the ratios of the two tools, each within its round."""
        ours, theirs = self.of(measure, tool, value), self.of(measure, other, value)
        ratios = [ours[turn] / theirs[turn] for turn in ours if theirs.get(turn, 0) > 0]
        return median(ratios) if ratios else None

    def measures(self) -> list[str]:
        """In the order in which they were measured."""
        return list(dict.fromkeys(sample.measure for sample in self.all))

    def tools(self, measure: str) -> list[str]:
        return list(dict.fromkeys(sample.tool for sample in self.all if sample.measure == measure))
