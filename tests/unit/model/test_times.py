"""Durations and times as people type them."""

from __future__ import annotations

import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model import times
from tracer.model.errors import Problem


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("30s", 30),
        ("500ms", 0.5),
        ("500 ms", 0.5),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("10 min", 600),
        ("2 days", 172800),
        ("x", None),
        ("", None),
        ("30x", None),
        ("1h30", 3630),
        ("-5", None),
    ],
)
def test_durations(text, seconds):
    assert times.parse_duration(text) == seconds


NOON = datetime.datetime(2026, 11, 23, 12, 0, 0).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10 min ago", NOON - 600),
        ("-10m", NOON - 600),
        ("10m", NOON - 600),
        ("1h30m", NOON - 5400),
        ("2 days", NOON - 172_800),
        ("now", NOON),
        ("today", datetime.datetime(2026, 11, 23).timestamp()),
        ("yesterday", datetime.datetime(2026, 11, 22).timestamp()),
        ("12:30", NOON + 1800),
        ("9:05", datetime.datetime(2026, 11, 23, 9, 5).timestamp()),
        ("12:30:15", NOON + 1815),
        ("2026-11-23", datetime.datetime(2026, 11, 23).timestamp()),
        ("2026-11-23 01:14", datetime.datetime(2026, 11, 23, 1, 14).timestamp()),
        ("2026-11-23T01:14:05.5Z", 1795396445.5),
        ("2026-11-23T01:14:05+02:00", 1795396445 - 7200),
        ("@1514202775.088", 1514202775.088),
    ],
)
def test_times(text, moment):
    assert times.parse_time(text, "--since", now=NOON) == round(moment * 1_000_000) * 1000


@pytest.mark.parametrize(
    "text", ["", "soon", "30", "25:00", "2026-13-01", "ago", "x ago", "@x", "@1e400"]
)
def test_what_is_no_time_is_named(text):
    with pytest.raises(Problem, match="--since"):
        times.parse_time(text, "--since", now=NOON)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_problem(text):
    with contextlib.suppress(Problem):
        times.parse_time(text, "--since", now=NOON)


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_utc_agrees_with_datetime(moment):
    whole = datetime.datetime.fromtimestamp(moment // 10**9, datetime.timezone.utc)
    assert times.utc(moment) == f"{whole:%Y-%m-%dT%H:%M:%S}.{moment % 10**9:09d}Z"


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (52_000, "52 µs"),
        (999_600, "1.0 ms"),
        (9_960_000, "10 ms"),
        (999_600_000, "1.0 s"),
        (59_960_000_000, "1 min"),
        (1_800_000, "1.8 ms"),
        (120_000_000, "120 ms"),
        (5_000_000_000, "5 s"),
        (200_000_000_000, "3 min 20 s"),
        (7_500_000_000_000, "2 h 5 min"),
    ],
)
def test_spans(nanoseconds, text):
    assert times.span(nanoseconds) == text
