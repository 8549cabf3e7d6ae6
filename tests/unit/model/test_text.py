"""Text of the traced world cannot act on a terminal."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.text import command_line, plain, shown


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"bash", "bash"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("grün".encode(), "grün"),
        ("\u202egnp".encode(), "\\u202egnp"),
        ("\x9b31m".encode(), "\\x9b31m"),
        ("\U000e0001".encode(), "\\U000e0001"),
        (b"tmux: server", "tmux: server"),
    ],
)
def test_shown(raw, wanted):
    assert shown(raw) == wanted


@given(st.binary())
def test_nothing_raw_is_left(raw):
    assert all(letter.isprintable() for letter in shown(raw))
    plain(raw).encode("utf-8")


@given(st.lists(st.from_regex(r"[ -~]*", fullmatch=True), min_size=1))
def test_a_command_line_can_be_typed_again(words):
    line = command_line(tuple(word.encode() for word in words))
    assert shlex.split(line) == words


def test_a_cut_command_line_says_so():
    assert command_line((b"a", b"b c"), cut=True) == "a 'b c' …"
