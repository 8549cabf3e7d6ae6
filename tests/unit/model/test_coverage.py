"""A negative is claimed only where the sight covers it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.coverage import (
    Blind,
    Coverage,
    Gap,
    Gaps,
    GapsBetween,
    Span,
    lacking,
)
from tracer.model.event import Exit, Process, lost


def saw(*spans, gaps=(), blind=(), kinds=("sends", "deaths"), source="core"):
    spans = tuple(Span(*span) for span in spans)
    return Coverage(source, kinds, spans, tuple(gaps), tuple(blind))


@pytest.mark.parametrize(
    ("coverages", "whys"),
    [
        ([], ["there is no record of how processes end"]),
        ([saw((0, 100))], []),
        ([saw((0, None))], []),
        ([saw((0, 15))], ["core ends at 1970-01-01 00:00:00"]),
        ([saw((15, 100))], ["core begins at 1970-01-01 00:00:00"]),
        ([saw((0, 100), kinds=("sends",))], ["there is no record of how processes end"]),
        ([saw((0, 14)), saw((15, 30), source="log")], []),
        (
            [saw((0, 12), (14, 30))],
            ["core saw nothing from 1970-01-01 00:00:00 to 1970-01-01 00:00:00"],
        ),
        ([saw()], ["core saw nothing then"]),
        ([saw((0, 100), gaps=[Gap(0, 9, 3, "ring")])], []),
        ([saw((0, 100), gaps=[Gap(20, 20, 3, "ring")])], ["ring"]),
        ([saw((0, 100), gaps=[Gap(None, 10, None, "cut")])], ["cut"]),
        ([saw((0, 100), gaps=[Gap(5, None, None, "cut")])], ["cut"]),
        ([saw((0, 100), gaps=[Gap(12, 13, 1, "ring")]), saw((11, 14), source="log")], []),
        ([saw((0, 100), blind=[Blind(("deaths",), ("no exits",))])], ["no exits"]),
        ([saw((0, 100), blind=[Blind((), ("locked",))])], ["locked"]),
        ([saw((0, 100), blind=[Blind(("sends",), ("no rule",))])], []),
        ([saw((0, 100), blind=[Blind(("deaths",), ("no exits",))]), saw((0, 100))], []),
    ],
)
def test_what_is_lacking(coverages, whys):
    assert lacking(coverages, "deaths", 10, 20) == whys


MOMENTS = st.integers(0, 40)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS).map(lambda two: (min(two), max(two))), max_size=4)


@given(st.lists(st.tuples(SPANS, SPANS), max_size=3), MOMENTS, MOMENTS)
def test_every_moment_of_what_is_not_lacking_was_seen(sources, one, other):
    """An oracle of moments: each was in a span of a source that had no gap there."""
    began, ended = min(one, other), max(one, other)
    coverages = [
        saw(*spans, gaps=[Gap(*gap, 1, "ring") for gap in gaps]) for spans, gaps in sources
    ]

    def is_seen(moment):
        return any(
            any(first <= moment <= last for first, last in spans)
            and not any(first <= moment <= last for first, last in gaps)
            for spans, gaps in sources
        )

    all_seen = all(map(is_seen, range(began, ended + 1)))
    assert (lacking(coverages, "deaths", began, ended) == []) == all_seen


@given(st.lists(st.tuples(MOMENTS, MOMENTS), min_size=6, max_size=30))
def test_many_gaps_are_kept_together_and_none_is_forgotten(times):
    gaps = Gaps(most=8)
    kept = [Gap(at, at + more, 2, "ring") for at, more in sorted(times)]
    for gap in kept:
        gaps.add(gap)
    told = gaps.told()
    assert len(told) <= 8
    assert sum(gap.count for gap in told) == 2 * len(kept)
    for gap in kept:
        assert any(one.began <= gap.began and gap.ended <= one.ended for one in told)


def test_a_log_misses_something_between_what_it_told():
    def end(time):
        return Exit(time, "x", "audit log", Process(1))

    gaps = GapsBetween()
    gaps.note(lost(5, "audit log", 1, "gap"))
    assert gaps.told() == (Gap(None, None, 1, "gap"),)
    gaps.note(end(10))
    gaps.note(end(20))
    gaps.note(lost(22, "audit log", 2, "gap"))
    gaps.note(lost(None, "audit log", None, "cut"))
    gaps.note(end(22))
    gaps.note(end(30))
    gaps.note(lost(40, "audit log", 4, "gap"))
    assert gaps.told() == (
        Gap(None, 10, 1, "gap"),
        Gap(20, 22, None, "cut"),
        Gap(20, 30, 2, "gap"),
        Gap(30, None, 4, "gap"),
    )


def test_many_sources_with_many_gaps_do_not_multiply():
    """Twenty gaps in each of forty sources would be 20^40 common times."""
    gaps = [Gap(at, at + 30, None, f"cut at {at}") for at in range(0, 200, 10)]
    assert lacking([saw((0, 300), gaps=gaps)] * 40, "deaths", 0, 100) == [
        gap.why for gap in gaps[:11]
    ]
