"""Several sources as one: by time, each in its own order, nothing lost, nobody held up for long."""

from __future__ import annotations

import time
from itertools import chain

import pytest
from fakes import Fake, signal
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow.merge import BATCH, Merge
from tracer.flow.source import every
from tracer.model.event import Series, lost

HOURS = 3600.0


def merged(*sources, late=HOURS, **settings):
    return Merge([(source, late) for source in sources], **settings)


def times(events):
    return [event.time for event in events]


BATCHES = st.lists(st.lists(st.integers(0, 60), max_size=5), max_size=5)
ORDERED = st.lists(st.integers(0, 60), max_size=15).map(
    lambda times: [sorted(times)[at : at + 4] for at in range(0, len(times), 4)]
)


@given(st.lists(st.one_of(BATCHES, ORDERED), min_size=1, max_size=4))
def test_files_come_by_time_and_each_in_its_own_order(files):
    told = [list(chain(*batches)) for batches in files]
    sources = [
        Fake(*([signal(at, name=str(n)) for at in batch] for batch in batches), name=str(n))
        for n, batches in enumerate(files)
    ]
    out = list(every(merged(*sources)))
    assert len(out) == sum(map(len, told))
    for n, own in enumerate(told):
        assert times(one for one in out if one.source == str(n)) == own
    if all(own == sorted(own) for own in told):
        assert times(out) == sorted(times(out))


def test_one_that_is_silent_holds_others_up_until_its_bound():
    silent, file = Fake(live=True), Fake([signal(1), signal(2)])
    both = merged(silent, file, late=0.05)
    began = time.monotonic()
    assert list(both.read()) == []
    assert 0 < both.due() <= 0.05
    while not (out := list(both.read())):
        time.sleep(both.due())
    assert times(out) == [1, 2]
    assert time.monotonic() - began >= 0.05
    both.close()


def test_one_that_tells_earlier_things_within_its_bound_comes_first():
    slow, quick = Fake(live=True, name="slow"), Fake([signal(2)], live=True)
    both = merged(slow, quick)
    assert list(both.read()) == []
    slow.tell(signal(1), signal(3))
    assert times(both.read()) == [1, 2]
    assert times(both.read(last=True)) == [3]
    both.close()


def test_what_waits_for_a_silent_one_is_bounded():
    silent, busy = Fake(live=True), Fake([signal(at) for at in range(100)], live=True)
    both = merged(silent, busy, held_max=10)
    assert times(both.read()) == list(range(90))
    both.close()


def test_a_file_is_not_read_ahead_and_a_read_ends():
    files = [Fake(*([signal(at)] for at in range(2 * BATCH))) for _ in range(2)]
    both = merged(*files)
    assert len(list(both.read())) == BATCH
    assert sum(file.reads for file in files) <= BATCH + 2
    assert both.due() == 0.0


def test_a_source_is_not_read_before_it_is_due():
    resting, other = Fake(live=True), Fake([signal(1)], live=True)
    resting.descriptors, resting.due = list, lambda: HOURS
    both = merged(resting, other)
    list(both.read())
    reads = resting.reads
    list(both.read())
    assert resting.reads == reads
    both.close()


def test_signals_that_travel_together_let_others_between():
    like = signal(1)
    series = Series(like, [3, 5])
    out = list(every(merged(Fake([series]), Fake([signal(2), signal(4)]))))
    assert times(out) == [1, 2, 3, 4, 5]
    assert list(every(merged(Fake([series])))) == [series]


def test_a_loss_without_a_time_stays_where_it_was_told():
    loss = lost(None, "fake", 3, "cut file")
    out = list(every(merged(Fake([signal(5), loss, signal(6)]), Fake([signal(1), signal(7)]))))
    assert times(out) == [1, 5, None, 6, 7]


def test_all_are_closed_even_if_one_cannot_be():
    def broken():
        raise OSError("no")

    sources = [Fake(), Fake(), Fake()]
    sources[0].close = broken
    with pytest.raises(OSError, match="no"):
        merged(*sources).close()
    assert [source.closed for source in sources] == [False, True, True]
