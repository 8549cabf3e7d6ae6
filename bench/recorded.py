"""Events into a recording, by the recorder's own sink and store; the clock is that of the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.recording_maker import BOOT, HOST, KINDS
from tracer.model.event import moment
from tracer.recording.store import Limits, Store
from tracer.sinks.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tracer.model.event import Details, Event

FLUSH_EVERY = 100


class Clock:
    """A host's, which is that of its last event."""

    def __init__(self, begin: int) -> None:
        self.now = begin

    def read(self) -> int:
        return self.now


def write(folder: Path, begin: int, events: Iterable[Event], limits: Limits) -> int:
    """All of them, in the order of their times, from ``begin`` (ns) on. Returns how many there were."""
    clock = Clock(begin)
    store = Store(str(folder), HOST, BOOT, limits)

    def opened() -> Details:
        store.open()
        return {"before": "none"}

    def about() -> Details:
        return {"version": "0.1.0", "kernel": "6.18.44", "boot": BOOT, "source": "core", "kinds": KINDS,
                "unseen": [], "signals": "all", "exits": "worth telling", "folded": True, "arguments": "kept"}  # fmt: skip

    recorder = Recorder(store, HOST, about, opened, clock.read, clock.read)
    recorder.start()
    for number, event in enumerate(events):
        clock.now = max(clock.now, moment(event))
        recorder.write(event)
        if number % FLUSH_EVERY == 0:
            recorder.flush()
    recorder.close()
    return recorder.events
