"""What @memo remembers, and that it forgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.memo import Bounded, memo


def test_an_answer_is_worked_out_once():
    asked = []
    double = memo(10)(lambda number: asked.append(number) or 2 * number)
    assert [double(2), double(3), double(2)] == [4, 6, 4]
    assert asked == [2, 3]


def test_none_is_an_answer():
    asked = []
    nothing = memo(10)(asked.append)
    assert [nothing(1), nothing(1)] == [None, None]
    assert asked == [1]


def test_the_older_half_is_forgotten_when_it_is_full():
    asked = []
    same = memo(2)(lambda number: asked.append(number) or number)
    assert [same(number) for number in (1, 2, 3, 3, 2, 1)] == [1, 2, 3, 3, 2, 1]
    assert asked == [1, 2, 3, 1]


@given(st.integers(1, 9), st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=60))
def test_what_is_kept_is_the_newest_and_at_least_half(most, steps):
    kept, model = Bounded(most), []
    for number, (renewed, key) in enumerate(steps):
        if renewed:
            kept.renew(key, number)
        else:
            kept[key] = number
        if key in model and not renewed:
            continue
        model = [*(other for other in model if other != key), key]
        if len(model) > most:
            model = model[-len(kept) :]
            assert len(kept) >= most // 2 + 1
        assert list(kept) == model


def test_what_is_renewed_outlives_what_is_older():
    kept = Bounded(4)
    for key in (1, 2, 3, 4):
        kept[key] = key
    kept.renew(1, "again")
    kept[5] = 5
    assert dict(kept) == {4: 4, 1: "again", 5: 5}


def test_an_error_is_no_answer():
    asked = []

    def refuse(number):
        asked.append(number)
        raise KeyError(number)

    refusing = memo(10)(refuse)
    for _ in range(2):
        with pytest.raises(KeyError):
            refusing(1)
    assert asked == [1, 1]
