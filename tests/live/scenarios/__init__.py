"""Signals whose sender, outcome or end is easily mistaken, and plain ones. Each is played on a Stage (stage.py), which it
tells what may be said of them: all else is false."""

from scenarios import by_calls, by_kernel, by_tracers, outcomes

__all__ = ["by_calls", "by_kernel", "by_tracers", "outcomes"]
