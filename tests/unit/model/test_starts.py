"""Starts of one process, as witnesses tell them."""

from __future__ import annotations

import pytest

from tracer.model.starts import starts_fit
from tracer.model.times import SECOND

BORN = 1_795_780_800 * SECOND
FINE = BORN + SECOND // 4
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("whole", "fine", "end", "fit"),
    [
        (BORN, FINE, None, True),
        (BORN + HOUR, FINE, None, False),
        (BORN + HOUR, FINE, BORN + 2 * HOUR, True),
        (BORN + HOUR, FINE, BORN + HOUR - 2 * SECOND, False),
        (BORN, FINE + SECOND, BORN + HOUR, False),
        (BORN, FINE + HOUR, BORN + 2 * HOUR, False),
        (None, FINE, BORN + HOUR, True),
    ],
)
def test_a_whole_second_may_be_late_and_is_never_early(whole, fine, end, fit):
    assert starts_fit(whole, fine, end) is fit
    assert starts_fit(fine, whole, end) is fit


@pytest.mark.parametrize("least", [0, 1])
def test_two_of_one_kind_are_not_late(least):
    """Two records of accounting, or two that know fractions."""
    assert not starts_fit(BORN + least, BORN + least + HOUR, BORN + 2 * HOUR)
