"""One death, one row: what waits, how long, and in which order rows are told."""

from __future__ import annotations

import pytest
from fakes import signal
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.event import Exit, Process, Series
from tracer.model.signals import HARMLESS
from tracer.sinks.sink import Sink
from tracer.sinks.waiting import PATIENCE, Waiting, ends_its_target


class Rows(Sink):
    """Keeps what it is told; a death in its row as a pair."""

    def __init__(self):
        self.told = []

    def write(self, event):
        self.told.append(event)

    def died(self, signal, end):
        self.told.append((signal, end))


class Clock:
    now = 0

    def __call__(self):
        return self.now


def sent(at, number=9, pid=20, **fields):
    return signal(at, number, target=Process(pid, pid, b"app", start=5), **fields)


def end_of(one, after):
    return Exit(
        one.time + after, "x", "fake", one.target, number=one.number, cause=one.id, after_ns=after
    )


def waiting():
    rows, clock = Rows(), Clock()
    return Waiting(rows, clock), rows, clock


def test_a_death_that_comes_soon_stands_in_its_row():
    sink, rows, _ = waiting()
    kill = sent(100)
    sink.write(kill)
    sink.flush()
    assert rows.told == []
    end = end_of(kill, PATIENCE)
    sink.write(end)
    assert rows.told == [(kill, end)]


def test_a_death_that_comes_late_does_not():
    sink, rows, _ = waiting()
    kill = sent(100)
    end = end_of(kill, PATIENCE + 1)
    sink.write(kill)
    sink.write(end)
    assert rows.told == [kill, end]


def test_it_waits_no_longer_than_it_says():
    sink, rows, clock = waiting()
    kill = sent(100)
    sink.write(kill)
    assert sink.due() == PATIENCE / 1e9
    clock.now = PATIENCE - 1
    sink.flush()
    assert rows.told == []
    clock.now = PATIENCE
    sink.flush()
    assert rows.told == [kill]
    assert sink.due() is None


@pytest.mark.parametrize(
    "one",
    [
        sent(100, outcome="handled"),
        sent(100, outcome=None),
        *(sent(100, number) for number in sorted(HARMLESS)),
        Series(sent(100), [101, 102]),
    ],
)
def test_all_others_wait_for_nothing(one):
    sink, rows, _ = waiting()
    assert not ends_its_target(one)
    sink.write(one)
    assert rows.told == [one]
    sink.write(sent(103, pid=21))
    sink.write(one)
    assert rows.told == [one]
    sink.flush()
    assert rows.told == [one, one]


def test_the_victims_of_a_wide_kill_have_each_their_own_end():
    sink, rows, _ = waiting()
    kills = [sent(100, pid=pid, id="wide") for pid in (20, 21, 22)]
    ends = [end_of(one, 10) for one in reversed(kills)]
    for event in (*kills, *ends):
        sink.write(event)
    assert rows.told == list(zip(kills, reversed(ends)))


def test_what_waits_is_told_at_the_end():
    sink, rows, _ = waiting()
    kill, other = sent(100), sent(101, outcome="handled")
    sink.write(kill)
    sink.write(other)
    sink.close()
    assert rows.told == [kill, other]


@given(
    st.lists(st.tuples(st.integers(0, 20_000_000), st.booleans(), st.integers(-1, 9_000_000))),
    st.sets(st.integers(0, 60)),
)
def test_all_is_told_once_and_in_order_without_a_flush(signals, flushes):
    """Whatever the order of signals and deaths; flushes may let what does not wait go first."""
    events = []
    for n, (at, deadly, after) in enumerate(sorted(signals)):
        one = sent(at, pid=n + 1, id=str(n), outcome="delivered" if deadly else "handled")
        events.append(one)
        if deadly and after >= 0:
            events.append(end_of(one, after))
    events.sort(key=lambda one: one.time)
    sink, rows, _ = waiting()
    for n, event in enumerate(events):
        sink.write(event)
        if n in flushes:
            sink.flush()
    sink.close()
    singles = [one for told in rows.told for one in (told if isinstance(told, tuple) else (told,))]
    assert sorted(map(id, singles)) == sorted(map(id, events))
    if not flushes:
        firsts = [told[0] if isinstance(told, tuple) else told for told in rows.told]
        assert [one.time for one in firsts] == sorted(one.time for one in firsts)
