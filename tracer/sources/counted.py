"""What the kernel's counters could have shown."""

from __future__ import annotations

import time

from tracer.host import counters
from tracer.host.clock import BootClock
from tracer.model.coverage import Coverage, Span


def of_host(host: str) -> list[Coverage]:
    """The sight of a counter that is 0: nobody was killed for want of memory since boot. More than that proves nothing."""
    if counters.of_host() != 0:
        return []
    boot = BootClock().offset
    source = f"{counters.VMSTAT} (oom_kill 0 since boot)"
    return [Coverage(source, ("oom count",), (Span(boot, time.time_ns()),), host=host)]
