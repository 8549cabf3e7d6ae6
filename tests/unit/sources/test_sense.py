"""Filters of which a live trace can decide a part alone, or nothing."""

from __future__ import annotations

import pytest

from tracer.flow.ends import parse_terms
from tracer.flow.filter import Filter
from tracer.sources.sense import half_decided


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("crashy.py", "crashy.py fits by comm alone"),
        ("a,b", "a, b fit by comm alone"),
        ("!crashy.py", "not crashy.py fits by comm alone"),
        ("4711", None),
    ],
)
def test_bare_says_that_it_knows_names_by_comm_alone(typed, said):
    """--bare --to crashy.py showed nothing of what python3 runs, and did not say why."""
    filter_ = Filter(target=tuple(parse_terms(typed, "--to")))
    assert half_decided(filter_, details=True) == []
    told = half_decided(filter_, details=False)
    assert [line.startswith(said) for line in told] == ([] if said is None else [True])
