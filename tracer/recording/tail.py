"""The end of a piece that was open when its recorder was killed, or still is."""

from __future__ import annotations

import json
import os

from tracer.model.times import nanoseconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROOM = 1 << 20  # No line is as long.


def last_line_of(path: str) -> tuple[int, bytes]:
    """How many bytes the whole lines have, and the last of these without its end; empty if there is none."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        begin = max(0, size - _ROOM)
        file.seek(begin)
        tail = file.read()
    end = tail.rfind(b"\n") + 1
    if not end:
        return 0, b""
    return begin + end, tail[tail.rfind(b"\n", 0, end - 1) + 1 : end - 1]


def whole_size_of(path: str) -> tuple[int, int | None]:
    """How many bytes the whole lines have, and the time of the last."""
    whole, line = last_line_of(path)
    return whole, time_of(line)


def object_of(line: bytes) -> dict[str, Any] | None:
    """What a line holds; None if that is no object of JSON."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def time_of(line: bytes) -> int | None:
    """The time of a line; None if it has none."""
    found = object_of(line) or {}
    try:
        return nanoseconds(found["time"])
    except (KeyError, TypeError, ValueError):
        return None
