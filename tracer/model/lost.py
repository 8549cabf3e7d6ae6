"""What a loss is of: signals that are missing are not told in one number with the deaths of others."""

from __future__ import annotations

# By what stands in ``where`` behind the place, "ring buffer: processes", or by all of it.
_THINGS = {
    "processes": "description",
    "exits": "death",
    "oom kills": "OOM kill",
    "calls": "attempt",
    "commands": "command",
    "ends": "death",
    "argvs": "command line",
    "ring buffer": "signal",
    "perf buffer": "signal",
    "signals": "signal",
    "queued when it was to end": "signal",
    "audit socket": "audit event",
    "gap in the serial numbers": "audit event",
}


def lost_thing(where: str) -> str:
    """One of them, in a word: "signal", "description", "record"."""
    return _THINGS.get(where.rpartition(": ")[2], "record")
