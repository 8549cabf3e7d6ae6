"""Boot time to wall time."""

from __future__ import annotations

import time

# An NTP slew is slower than this; a step of the wall clock is followed.
STEP = 1_000_000


class BootClock:
    """Turns nanoseconds of CLOCK_BOOTTIME into nanoseconds since the epoch, UTC."""

    def __init__(self) -> None:
        self.offset = _measure()

    def adjust(self) -> bool:
        """Follow a wall clock that was set; True when it was."""
        offset = _measure()
        if abs(offset - self.offset) < STEP:
            return False
        self.offset = offset
        return True


def boot_now() -> int:
    """Nanoseconds of CLOCK_BOOTTIME, the clock of the wire records."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _measure() -> int:
    """Wall time minus boot time, from the tightest of a few readings."""
    return min((_bracket() for _ in range(3)), key=lambda pair: pair[0])[1]


def _bracket() -> tuple[int, int]:
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    wall = time.time_ns()
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return after - before, wall - (before + after) // 2
