"""A read of the wire ends, whatever comes meanwhile, and tells what was there when it began."""

from __future__ import annotations

import pytest

from tracer.flow.filter import Filter
from tracer.flow.kernel_filter import pushdown
from tracer.host.processes import Processes
from tracer.model.event import Loss, Series
from tracer.model.times import SECOND
from tracer.sources.wanted import Wanted
from tracer.sources.watch import Watch
from tracer.sources.wire import records as wire
from tracer.sources.wire import stream as wire_stream
from tracer.sources.wire.stream import AT_ONCE, RecordStream

SIZE = 1 << 23
BODY = wire.SIGNAL_RECORD.size
RECORD = (
    BODY.to_bytes(4, "little")
    + bytes(4)
    + wire.SIGNAL.to_bytes(4, "little")
    + b"\x1c"
    + bytes(BODY - 5)
)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine changes nothing here."""
    monkeypatch.setattr(wire_stream, "TELL", 3600 * SECOND)


def watch():
    return Watch("core", Wanted(pushdown(Filter())))


class Storm:
    """A ring into which ``rate`` records come for each one that is taken."""

    size = SIZE

    def __init__(self, there, rate):
        self.consumed, self._produced, self._rate = 0, there * len(RECORD), rate

    def produced(self):
        return self._produced

    def ahead(self):
        return 0

    def take(self, most):
        count = -(-min(self._produced - self.consumed, most) // len(RECORD))
        self.consumed += count * len(RECORD)
        self._produced += int(count * self._rate) * len(RECORD)
        return RECORD * count

    def close(self):
        pass


class Losses:
    """The reader is too slow: each look finds one more lost."""

    def __init__(self):
        self.lost = 0

    def counts(self):
        self.lost += 1
        return (self.lost, *(0 for _ in wire.LOSSES[1:]))

    def close(self):
        pass


def signals_in(events):
    return sum(len(it) if isinstance(it, Series) else not isinstance(it, Loss) for it in events)


@pytest.mark.parametrize("rate", [0, 1, 3])
@pytest.mark.parametrize("last", [False, True])
def test_a_read_ends_at_what_was_there_when_it_began(rate, last):
    there = 50_000
    stream = RecordStream(watch(), Storm(there, rate), Losses(), Processes(details=False))
    told = signals_in(stream.read(last))
    wanted = there if last else min(there, SIZE // 4 // len(RECORD))
    assert wanted <= told <= wanted + AT_ONCE // len(RECORD) + 1


def test_losses_of_a_storm_that_goes_on_are_told_at_the_end():
    losses = Losses()
    stream = RecordStream(watch(), Storm(10_000, 1), losses, Processes(details=False))
    told = [event for event in stream.read(last=True) if isinstance(event, Loss)]
    assert sum(loss.count for loss in told) == losses.lost


class NoLosses(Losses):
    def counts(self):
        return (0,) * len(wire.LOSSES)


def test_what_nobody_waits_for_is_counted(monkeypatch):
    monkeypatch.setattr(wire_stream, "TELL", -1)
    stream = RecordStream(watch(), Storm(50_000, 0), NoLosses(), Processes(details=False))
    events = list(stream.read(last=True))
    (loss,) = (event for event in events if isinstance(event, Loss))
    assert loss.where == wire_stream.QUEUED
    assert signals_in(events) + loss.count == 50_000
