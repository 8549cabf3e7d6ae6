"""Several sinks in one run."""

from __future__ import annotations

from fakes import Kept, signal

from tracer.model.event import Series
from tracer.sinks.fanout import Fanout


def test_each_sink_gets_everything_in_order():
    sinks = [Kept(), Kept()]
    fanout = Fanout(sinks)
    fanout.start()
    fanout.write(signal(1))
    fanout.write(Series(signal(2), [3]))
    fanout.flush()
    fanout.close()
    for sink in sinks:
        assert [event.time for event in sink.events] == [1, 2, 3]
        assert sink.calls == ["start", "flush", "close"]
