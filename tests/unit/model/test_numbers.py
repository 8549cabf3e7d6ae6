"""Numbers in texts of others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.numbers import whole


@given(st.text(st.characters(categories=["Nd", "No", "Nl", "Lu", "Zs"]), max_size=6))
def test_ascii_digits_alone_are_a_number(text):
    assert whole(text, 4) == (int(text) if re.fullmatch("[0-9]{1,4}", text) else None)


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "1_0", " 1", "9" * 5000])
def test_what_is_none(text):
    assert whole(text) is None
