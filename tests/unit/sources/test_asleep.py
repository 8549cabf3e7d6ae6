"""Signals that are kept back do not come after what followed them."""

from __future__ import annotations

import pytest

from tracer.model.event import Process, Signal
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


def test_a_later_signal_to_the_same_target_brings_the_earlier_one(kept):
    list(kept.passed(iter([sent(15, 7), sent(15, 8)])))
    told = list(kept.passed(iter([sent(9, 7, None)])))
    assert [(one.number, one.target_state) for one in told] == [(15, None), (9, None)]
    assert [one.target.pid for one in kept.awake(last=True)] == [8]


def test_its_end_brings_it_too(kept):
    list(kept.passed(iter([sent(3, 7)])))
    assert not list(kept.before(8))
    assert [one.number for one in kept.before(7)] == [3]
    assert kept.due() is None
