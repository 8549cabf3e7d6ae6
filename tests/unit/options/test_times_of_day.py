"""A time of day alone is the last such: what is asked for has been."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from tracer.options import meaning
from tracer.options.why import times_of

S = 1_000_000_000
NOW = datetime(2026, 11, 28, 4, 57)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    moment = NOW.timestamp()
    monkeypatch.setattr(time, "time", lambda: moment)
    monkeypatch.setattr(time, "time_ns", lambda: int(moment) * S)


def ns(day, hour, minute=0):
    return int(datetime(2026, 11, day, hour, minute).timestamp()) * S


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("12:18", ns(27, 12, 18)),
        ("12:18:00", ns(27, 12, 18)),
        ("04:57", ns(28, 4, 57)),
        ("04:00", ns(28, 4)),
        ("2026-11-28 12:18:00", ns(28, 12, 18)),
        ("1 h ago", int((NOW - timedelta(hours=1)).timestamp()) * S),
        (None, None),
    ],
)
def test_the_last_such(text, told):
    assert meaning.last_of(text, "--at") == told
    assert times_of(SimpleNamespace(since=None, until=None, at=text))[1] == told


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("12:10", "12:20", (ns(27, 12, 10), ns(27, 12, 20))),
        ("23:00", "01:00", (ns(27, 23), ns(28, 1))),
        ("04:00", "18:00", (ns(28, 4), ns(28, 18))),
        ("12:10", None, (ns(27, 12, 10), None)),
        (None, "12:20", (None, ns(27, 12, 20))),
        ("2026-11-20 00:00:00", "12:20", (ns(20, 0), ns(27, 12, 20))),
    ],
)
def test_from_one_to_the_other(since, until, told):
    assert times_of(SimpleNamespace(since=since, until=until, at=None))[0] == told
