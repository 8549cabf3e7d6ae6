"""Sources and sinks for tests: what they tell, and when, is a list."""

from __future__ import annotations

import os
import select

from tracer.model.event import Process, Signal
from tracer.sinks.sink import Sink


def signal(time, number=10, name="fake", **fields):
    fields.setdefault("target", Process(20, 20, b"app", start=5))
    fields = {"id": f"{name}-{time}", "outcome": "delivered", **fields}
    return Signal(time, source=name, number=number, **fields)


class Fake:
    """``batches``: what each read gives. A live one has a pipe that is ready while there are any, and never ends."""

    keeps = ()

    def __init__(self, *batches, live=False, name="fake", grace=0.0):
        self.name, self.grace, self.live = name, grace, live
        self.batches = list(batches)
        self.reads, self.closed, self.ended = 0, False, False
        self.covered = []
        self._ready, self._tell = os.pipe() if live else (-1, -1)
        if live:
            os.write(self._tell, bytes(len(self.batches)))

    def tell(self, *events):
        """Another batch, now."""
        self.batches.append(list(events))
        os.write(self._tell, b"\0")

    def descriptors(self):
        return [(self._ready, select.POLLIN)] if self.live else []

    def due(self):
        return None if self.live else 0.0

    def has_begun(self):
        return True

    def is_over(self):
        return not self.live and (self.ended or not self.batches)

    def read(self, last=False):
        self.reads += 1
        if not self.batches:
            self.ended = self.ended or last
            return
        if self.live:
            os.read(self._ready, 1)
        yield from self.batches.pop(0)

    def coverage(self):
        return self.covered

    def close(self):
        self.closed = True
        if self.live:
            os.close(self._ready)
            os.close(self._tell)


class Kept(Sink):
    """Keeps what it is told."""

    def __init__(self):
        self.events, self.calls = [], []

    def start(self):
        self.calls.append("start")

    def tell(self, event):
        self.events.append(event)

    def flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")
