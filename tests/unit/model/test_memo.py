"""What @memo remembers, and that it forgets."""

from __future__ import annotations

import pytest

from tracer.model.memo import memo


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


def test_all_is_forgotten_when_it_is_full():
    asked = []
    same = memo(2)(lambda number: asked.append(number) or number)
    assert [same(number) for number in (1, 2, 3, 3, 1)] == [1, 2, 3, 3, 1]
    assert asked == [1, 2, 3, 1]


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
