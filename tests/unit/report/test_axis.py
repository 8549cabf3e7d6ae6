"""The axis: order is kept, quiet times are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracer.report.axis import PIECES_MAX, axis_of

S = 1_000_000_000
MOMENTS = st.lists(st.integers(0, 10**18), min_size=1, max_size=200)


@given(MOMENTS)
def test_order_and_bounds(moments):
    axis = axis_of(moments, 190, 900)
    xs = [axis.x(moment) for moment in sorted(moments)]
    assert xs == sorted(xs)
    assert all(190 <= x <= 1090.5 for x in xs)
    assert 1 <= len(axis.pieces) <= PIECES_MAX


def test_a_quiet_night_is_cut_out():
    axis = axis_of([0, 5 * S, 40_000 * S, 40_010 * S], 0, 1000)
    assert len(axis.pieces) == 2
    ((_, length),) = axis.cuts()
    assert 39_900 * S < length < 40_000 * S
    assert axis.x(20_000 * S) == axis.cuts()[0][0]


def test_one_moment():
    axis = axis_of([7 * S], 0, 1000)
    assert 0 < axis.x(7 * S) < 1000
