"""The one loop: when it begins, ends, counts and waits, whatever the source."""

from __future__ import annotations

import os
import signal as signals
import threading
import time

import pytest
from fakes import Fake, Kept, signal

from tracer import session
from tracer.flow.filter import Filter
from tracer.flow.pipeline import Stop
from tracer.model.errors import Problem
from tracer.model.event import Exit, Process, lost

TARGET = Process(20, 20, b"app", start=5)


@pytest.fixture(autouse=True)
def handlers():
    """Stop takes Ctrl-C and its like over."""
    numbers = (signals.SIGINT, signals.SIGTERM, signals.SIGHUP)
    before = [signals.getsignal(number) for number in numbers]
    yield
    signals.set_wakeup_fd(-1)
    for number, handler in zip(numbers, before):
        signals.signal(number, handler)


def run(source, sink=None, begin=None, **limits):
    sink = sink or Kept()
    filter_ = limits.pop("filter_", Filter())
    return session.run(source, filter_, sink, begin, stop=Stop(None), **limits), sink


def test_a_source_that_ends_is_read_to_its_end_and_closed():
    source = Fake([signal(1)], [], [signal(2), lost(3, "fake", 7, "ring")])
    totals, sink = run(source)
    assert (totals.shown, totals.lost) == (2, 7)
    assert [event.time for event in sink.events] == [1, 2, 3]
    assert (sink.calls[0], sink.calls[-1], source.closed) == ("start", "close", True)


def test_the_sink_starts_when_the_source_has_begun():
    class Late(Fake):
        def has_begun(self):
            return self.reads > 2

    calls = []
    source, sink = Late([], [], [signal(1)]), Kept()
    run(source, sink, lambda: calls.append(source.reads))
    assert calls == [3]
    assert len(sink.events) == 1


def test_nothing_was_what_it_should_be_and_nothing_is_shown():
    def begin():
        raise Problem("no records", "none", "another file")

    source, sink = Fake([]), Kept()
    with pytest.raises(Problem):
        run(source, sink, begin)
    assert ("start" in sink.calls, source.closed) == (False, True)


@pytest.mark.parametrize("live", [True, False])
def test_count_is_exact_and_only_losses_and_deaths_follow(live):
    end = Exit(4, "x", "fake", TARGET, number=9)
    batch = [signal(1), signal(2, 9), signal(3), end, lost(5, "fake", 1, "ring")]
    totals, sink = run(Fake(batch, [signal(6)], live=live), count=2)
    assert totals.shown == 2
    assert [event.time for event in sink.events] == [1, 2, 4, 5]
    assert sink.events[2].cause == "fake-2"


def test_a_duration_ends_an_idle_source():
    began = time.monotonic()
    totals, _ = run(Fake(live=True), duration=0.05)
    assert totals.shown == 0
    assert time.monotonic() - began >= 0.05


def test_the_death_of_who_was_sent_something_deadly_is_waited_for():
    source = Fake([signal(1, 9)], live=True, grace=20.0)
    end = Exit(2, "x", "fake", TARGET, number=9)
    late = threading.Timer(0.05, source.tell, [end])
    late.start()
    _, sink = run(source, count=1)
    late.join()
    assert [type(event).__name__ for event in sink.events] == ["Signal", "Exit"]


def test_ctrl_c_ends_the_wait_for_an_idle_source():
    source = Fake([signal(1)], live=True)
    asks = threading.Timer(0.05, os.kill, (os.getpid(), signals.SIGINT))
    asks.start()
    totals, _ = run(source)
    asks.join()
    assert (totals.shown, source.closed) == (1, True)


def test_a_source_that_fails_is_closed():
    class Broken(Fake):
        def read(self, last=False):
            raise Problem("cannot read", "it is broken", "mend it")

    source = Broken([])
    with pytest.raises(Problem):
        run(source)
    assert source.closed
