"""Signals that are kept back do not come after what followed them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.event import Process, Signal
from tracer.model.times import SECOND
from tracer.sources.wire import asleep


def sent(number, pid, state="uninterruptible"):
    return Signal(number, f"{number}", "core", number, target=Process(pid), target_state=state)


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(asleep, "_sleeps", lambda _: True)
    return asleep.Asleep()


def test_what_sleeps_is_kept_back(kept):
    assert list(kept.passed(iter([sent(15, 7)]))) == []
    assert kept.due() > 0
    (one,) = kept.awake(last=True)
    assert one.target_state is None


def brief(events):
    return [(one.number, one.target.pid, one.target_state) for one in events]


@pytest.fixture
def clock(monkeypatch):
    """The time, and the tids that sleep."""
    now = SimpleNamespace(time=0, asleep={7, 8})
    monkeypatch.setattr(asleep, "boot_now", lambda: now.time)
    monkeypatch.setattr(asleep, "_sleeps", lambda event: event.target.pid in now.asleep)
    return now


STATE = "uninterruptible"


def test_each_of_many_to_what_sleeps_on_is_told_so(clock):
    """while kill -9 $PID; do sleep .3; done"""
    kept, told = asleep.Asleep(), []
    for clock.time in range(0, 3 * SECOND, 3 * SECOND // 10):
        told += kept.passed(iter([sent(9, 7)]))
        told += kept.awake(last=False)
    clock.time += SECOND
    told += kept.awake(last=False)
    assert brief(told) == [(9, 7, STATE)] * 10
    assert kept.due() is None


def test_a_later_signal_waits_behind_the_earlier_one(clock):
    kept = asleep.Asleep()
    first = [sent(15, 7), sent(15, 8), sent(9, 7, "stopped"), sent(10, 9, None)]
    assert brief(kept.passed(iter(first))) == [(10, 9, None)]
    clock.time = SECOND // 2
    assert not list(kept.passed(iter([sent(1, 7)])))
    assert not list(kept.awake(last=False))
    clock.time = SECOND
    assert brief(kept.awake(last=False)) == [(15, 7, STATE), (9, 7, "stopped"), (15, 8, STATE)]
    assert kept.due() == 0.5
    clock.asleep.clear()
    assert brief(kept.awake(last=False)) == [(1, 7, None)]
    assert kept.due() is None


def test_who_awakes_is_told_at_once(clock):
    kept = asleep.Asleep()
    list(kept.passed(iter([sent(15, 7), sent(15, 8), sent(9, 7, None)])))
    clock.asleep.remove(7)
    assert not list(kept.passed(iter([sent(2, 7)])))
    assert brief(kept.awake(last=False)) == [(15, 7, None), (9, 7, None), (2, 7, None)]
    assert brief(kept.before(8)) == [(15, 8, None)]


def test_more_than_may_wait_are_told_without_it(clock):
    kept, count = asleep.Asleep(), asleep.KEPT_MAX
    told = list(kept.passed(sent(number, 7) for number in range(count + 1)))
    assert brief(told) == [(number, 7, None) for number in range(count)]
    assert [one.number for one in kept.before(7)] == [count]


@given(st.data())
def test_whatever_comes_all_of_it_is_told_and_of_one_process_in_its_order(data):
    now = SimpleNamespace(time=0, asleep=set())
    kept, told, number = asleep.Asleep(), [], 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asleep, "boot_now", lambda: now.time)
        patch.setattr(asleep, "_sleeps", lambda event: event.target.pid in now.asleep)
        for step in data.draw(
            st.lists(st.sampled_from(["send", "sleep", "wake", "wait", "look", "end"]))
        ):
            pid = data.draw(st.sampled_from([7, 8]))
            if step == "send":
                state = data.draw(st.sampled_from([STATE, "stopped", None]))
                told += kept.passed(iter([sent(number, pid, state)]))
                number += 1
            elif step == "sleep":
                now.asleep.add(pid)
            elif step == "wake":
                now.asleep.discard(pid)
            elif step == "wait":
                now.time += SECOND // 3
            elif step == "look":
                told += kept.awake(last=False)
            else:
                told += kept.before(pid)
                assert not list(kept.before(pid))
        told += kept.awake(last=True)
    assert kept.due() is None
    assert sorted(one.number for one in told) == list(range(number))
    for pid in (7, 8):
        mine = [one.number for one in told if one.target.pid == pid]
        assert mine == sorted(mine)


def test_its_end_brings_it_too(kept):
    list(kept.passed(iter([sent(3, 7)])))
    assert not list(kept.before(8))
    assert [one.number for one in kept.before(7)] == [3]
    assert kept.due() is None
