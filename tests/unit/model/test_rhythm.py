"""A rhythm is one usual pause, of three at least."""

from __future__ import annotations

import pytest

from tracer.model.rhythm import rhythm


@pytest.mark.parametrize(
    ("times", "usual"),
    [
        ([], None), ([1], None), ([1, 5], None), ([0, 10, 20], None), ([0, 10, 20, 30], 10), ([30, 0, 20, 10], 10),
        ([0, 10, 20, 50], None), ([0, 100, 205, 300], 100), ([0, 100, 215, 315], None), ([7, 7, 7, 7], None),
    ],
)  # fmt: skip
def test_rhythm(times, usual):
    assert rhythm(times) == usual
