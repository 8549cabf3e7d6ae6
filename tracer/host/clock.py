"""Boot time to wall time. What a time namespace adds to both of its clocks is taken away again: the kernel's records
know nothing of it (time_namespaces(7))."""

from __future__ import annotations

import os
import time

from tracer.model.memo import memo
from tracer.model.times import SECOND

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
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - shift("boottime")


def monotonic_now() -> int:
    """Nanoseconds of CLOCK_MONOTONIC, which stands still while the host sleeps."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) - shift("monotonic")


def suspended() -> int:
    """How much of the time since boot the host slept."""
    return boot_now() - monotonic_now()


@memo(2)
def shift(clock: str) -> int:
    """What our time namespace adds to "boottime" or "monotonic"; /proc adds the former to the starts of processes."""
    try:
        ours, childrens = (os.readlink(f"/proc/self/ns/{name}") for name in _NAMESPACES)
        with open("/proc/self/timens_offsets") as file:
            offsets = {line.split()[0]: line.split()[1:] for line in file}
    except OSError:
        return 0  # A kernel without them, before v5.6.
    # The file is of the namespace that our children get.
    if ours != childrens:
        return 0
    seconds, fraction = map(int, offsets[clock])
    return seconds * SECOND + fraction


_NAMESPACES = ("time", "time_for_children")


def _measure() -> int:
    """Wall time minus boot time, from the tightest of a few readings."""
    return min((_bracket() for _ in range(3)), key=lambda pair: pair[0])[1]


def _bracket() -> tuple[int, int]:
    before = boot_now()
    wall = time.time_ns()
    after = boot_now()
    return after - before, wall - (before + after) // 2
