"""Folding: what goes on as it is, what is held back, and that no signal is lost or counted twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracer.model.event import Process, Series, Signal
from tracer.model.frozen import replace
from tracer.sinks.fold import PLAIN, SECOND, Folding
from tracer.sinks.sink import Sink

NOON = 1_764_000_000 * SECOND


class Kept(Sink):
    def __init__(self) -> None:
        self.signals: list[Signal] = []

    def tell(self, event):
        self.signals.append(event)


def signal(time: int, pid: int = 2, number: int = 15) -> Signal:
    sender, target = Process(1, start=5), Process(pid, start=6)
    return Signal(time, f"{time:x}-{pid}", "core", number, sender=sender, target=target)


def folding(now: int):
    kept = Kept()
    return kept, Folding(kept, lambda: now)


def total(signals: list[Signal]) -> int:
    return sum(one.count or 1 for one in signals)


def test_a_hundred_a_second_are_not_folded():
    kept, fold = folding(NOON)
    sent = [signal(NOON + n * SECOND // PLAIN) for n in range(3 * PLAIN)]
    for one in sent:
        fold.write(one)
    fold.close()
    assert kept.signals == sent


def test_the_rest_of_a_second_is_one_row_that_says_how_many_and_until_when():
    kept, fold = folding(NOON)
    sent = [signal(NOON + n * 1000) for n in range(PLAIN + 50)]
    for one in sent:
        fold.write(one)
    assert kept.signals == sent[:PLAIN]
    fold.close()
    assert kept.signals[PLAIN:] == [replace(sent[PLAIN], count=50, last=sent[-1].time)]


def test_signals_that_travel_together_fold_as_those_that_come_alone():
    times = [NOON + n * 1_000_000 for n in range(2500)]
    first = signal(times[0])
    alone, fold = folding(NOON)
    for time in times:
        fold.write(signal(time))
    fold.close()
    together, fold = folding(NOON)
    fold.write(Series(first, times[1:]))
    fold.close()
    assert together.signals == alone.signals
    assert total(alone.signals) == len(times)


def test_others_are_not_held_back_by_a_storm():
    kept, fold = folding(NOON)
    for n in range(500):
        fold.write(signal(NOON + n))
    fold.write(signal(NOON + 600, pid=3))
    fold.write(signal(NOON + 601, number=9))
    assert [one.target.pid for one in kept.signals[PLAIN:]] == [3, 2]


def test_what_is_held_back_is_due_a_second_after_it_began():
    now = [NOON]
    kept = Kept()
    fold = Folding(kept, lambda: now[0])
    assert fold.due() is None
    for n in range(PLAIN + 2):
        fold.write(signal(NOON + n))
    assert fold.due() == 1.0
    now[0] += SECOND
    assert fold.due() == 0.0
    fold.flush()
    assert kept.signals[-1].count == 2
    assert fold.due() is None


def test_a_clock_that_was_set_back_holds_nothing_back():
    now = [NOON]
    kept = Kept()
    fold = Folding(kept, lambda: now[0])
    for n in range(PLAIN + 2):
        fold.write(signal(NOON + n))
    now[0] -= 3600 * SECOND
    fold.flush()
    assert kept.signals[-1].count == 2


def test_a_series_is_folded():
    kept, fold = folding(NOON)
    like = signal(NOON)
    times = [NOON + n for n in range(PLAIN + 3)]
    fold.write(Series(replace(like, time=times[0], id=f"{times[0]:x}-2"), times[1:]))
    fold.close()
    assert [one.count for one in kept.signals[PLAIN:]] == [3]


@given(
    st.lists(
        st.tuples(st.integers(0, 5 * SECOND), st.integers(1, 2), st.integers(1, 300)), max_size=20
    )
)
def test_none_is_lost_and_none_told_twice(bursts):
    kept, fold = folding(NOON)
    sent = 0
    for begin, pid, count in sorted(bursts):
        times = [NOON + begin + n * 1000 for n in range(count)]
        first = signal(times[0], pid)
        fold.write(Series(first, times[1:]) if count > 1 else first)
        sent += count
    fold.close()
    assert total(kept.signals) == sent
    ids = [one.id for one in kept.signals]
    assert all(one.last >= one.time for one in kept.signals if one.count)
    assert len(ids) >= min(sent, PLAIN)
