"""Runs: what differs in time alone is told once, and nothing is lost by that."""

from __future__ import annotations

import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow.filter import Filter
from tracer.flow.join import Joiner
from tracer.flow.pipeline import Pipeline
from tracer.model.event import Process, Series, Signal
from tracer.sinks.json import AT_ONCE, JsonSink
from tracer.sinks.table import TableSink
from tracer.sources.wire import records as wire
from tracer.sources.wire.repeats import runs

NOON = 1_800_000_000_000_000_000


def signal_record(number, tid, time, flags=0):
    end = (1, 7, tid, 0, b"kill", 0)
    body = wire.SIGNAL_RECORD.struct.pack(
        wire.SIGNAL, number, 0, 1, 1, time, 0, 9, flags, 0, 0, 0, 0, *end, *end
    )
    return struct.pack("=II", len(body), 0) + body


@given(st.lists(st.tuples(st.sampled_from((9, 10, 12)), st.sampled_from((1, 2)))))
def test_runs_hold_every_signal_in_its_order(signals):
    taken = b"".join(signal_record(number, tid, time) for time, (number, tid) in enumerate(signals))
    told = [
        (record.signal, record.sender.tid, time)
        for run in runs(taken)
        for record in [wire.SIGNAL_RECORD.read(run.taken, run.at)]
        for time in run.times
    ]
    assert told == [(number, tid, time) for time, (number, tid) in enumerate(signals)]


def test_a_storm_is_one_run_and_sigkill_never_is():
    assert [len(run.times) for run in runs(signal_record(10, 1, 5) * 300)] == [300]
    assert [len(run.times) for run in runs(signal_record(9, 1, 5) * 3)] == [1, 1, 1]


def test_what_has_more_to_tell_is_told_one_by_one():
    stormy = signal_record(10, 1, 5, wire.HAS_MORE) * 3
    assert [len(run.times) for run in runs(stormy)] == [1, 1, 1]


def storm(count, *, sender=True):
    known = Process(7, tid=7, comm=b"bash", argv=(b"bash",), start=NOON, uid=0, user="root")
    first = Signal(
        NOON,
        f"{NOON:x}-7",
        "core",
        10,
        0,
        "kill",
        "handled",
        sender=known if sender else None,
        target=Process(9, tid=9, comm=b"python", start=NOON),
    )
    return Series(first, [NOON + 300_000 * step for step in range(1, count)])


SINKS = {
    "json": JsonSink,
    "table": TableSink,
    "brief": lambda stream: TableSink(stream, brief=True),
    "wide": lambda stream: TableSink(stream, wide=True),
}


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("count", [2, 3, AT_ONCE, AT_ONCE + 1, 3000])
def test_a_sink_writes_a_run_as_it_writes_its_signals(sink, count):
    together, apart = io.StringIO(), io.StringIO()
    one, other = SINKS[sink](together), SINKS[sink](apart)
    one.write(storm(count))
    for signal in storm(count).signals():
        other.write(signal)
    one.flush()
    other.flush()
    assert together.getvalue() == apart.getvalue()


def test_a_run_over_midnight_tells_the_date():
    day = 86400 * 1_000_000_000
    run = Series(storm(2).first, [NOON + day])
    stream = io.StringIO()
    TableSink(stream, brief=True).write(run)
    sink = TableSink(stream, brief=True)
    sink.write(run)
    sink.flush()
    assert len([line for line in stream.getvalue().splitlines() if "SIGUSR1" not in line]) == 2


def test_count_ends_within_a_run():
    stream = io.StringIO()
    pipeline = Pipeline(Filter(), Joiner(Filter()), JsonSink(stream), count=3)
    pipeline.feed(iter([storm(10)]))
    assert pipeline.totals().shown == 3
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["id"] for line in lines] == [signal.id for signal in storm(3).signals()]
