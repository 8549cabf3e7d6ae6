"""Text of the traced world cannot act on a terminal."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.text import command_line, plain, printable, quoted, shown, typed


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"bash", "bash"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("grün".encode(), "grün"),
        ("\u202egnp".encode(), "\\u202egnp"),
        ("\x9b31m".encode(), "\\u009b31m"),
        (b"\x9b31m", "\\x9b31m"),
        (rb"\x1b[0m", r"\\x1b[0m"),
        (b"\\\x1b", r"\\\x1b"),
        (rb"C:\Users\xyz \n", r"C:\Users\xyz \n"),
        ("init\ufe0f\u3164".encode(), "init\\ufe0f\\u3164"),
        ("sshd\u2800\u115f\U000e0100".encode(), "sshd\\u2800\\u115f\\U000e0100"),
        (("e" + "\u0301" * 6).encode(), "e" + "\u0301" * 4 + "\\u0301" * 2),
        ("\u0301x".encode(), "\\u0301x"),
        ("\U000e0001".encode(), "\\U000e0001"),
        (b"tmux: server", "tmux: server"),
    ],
)
def test_shown(raw, wanted):
    assert shown(raw) == wanted


# Bytes that are likely to meet: letters that show nothing, accents, backslashes and what reads like an escape.
AWKWARD = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\\", b"x1b", b"u202e", b"U000e0100", b"\x1b", b"\x9b", b"'", b'"', b"[1]", b" "]
            + [letter.encode() for letter in "\u2190\u202e\u3164\u0301\ufe0f\U000e0100\u2026"]
        ),
        st.binary(max_size=3),
        st.text(max_size=2).map(lambda text: text.encode("utf-8", "surrogatepass")),
    ),
    max_size=8,
).map(b"".join)


def unshown(text):
    """The bytes that ``shown`` was given: there is one answer."""

    def letter(found):
        slashes, kind, digits = found[1], found[2], found[3]
        half = slashes[: len(slashes) // 2].encode()
        if len(slashes) % 2 == 0:
            return (half + (kind + digits).encode()).decode("latin-1")
        code = int(digits, 16)
        raw = bytes([code]) if kind == "x" else chr(code).encode()
        return (half + raw).decode("latin-1")

    text = text.encode().decode("latin-1")
    return re.sub(
        r"(\\+)(?:(x)([0-9a-f]{2})|(u)([0-9a-f]{4})|(U)([0-9a-f]{8}))",
        lambda it: letter([None, it[1], it[2] or it[4] or it[6], it[3] or it[5] or it[7]]),
        text,
    ).encode("latin-1")


@given(AWKWARD)
def test_no_two_names_look_alike(raw):
    assert unshown(shown(raw)) == raw


@given(AWKWARD)
def test_a_name_is_no_place_between_names(raw):
    """Beside quotes nothing of theirs reads as a blank, a bracket, an arrow, a dash for the unknown or the end of it."""
    text = quoted(raw)
    bare = text.startswith("'") or not set(text) & set(" []'\"←•└…")
    assert bare
    assert text not in ("", "-")
    if text.startswith("'"):
        assert shlex.split(text) == [shown(raw)]


@given(st.lists(AWKWARD, min_size=1, max_size=4).map(tuple))
def test_no_command_line_has_an_arrow_or_bracket_of_ours(argv):
    words = command_line(argv)
    assert shlex.split(words) == [shown(word) for word in argv]
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", words)
    assert not set(outside) & set("←[]()•└…")


@given(st.binary())
def test_nothing_raw_is_left(raw):
    assert all(letter.isprintable() for letter in shown(raw))
    plain(raw).encode("utf-8")


@given(st.lists(st.from_regex(r"[ -~]*", fullmatch=True), min_size=1))
def test_a_command_line_can_be_typed_again(words):
    line = command_line(tuple(word.encode() for word in words))
    assert shlex.split(line) == [shown(word.encode()) for word in words]


def test_a_cut_command_line_says_so():
    assert command_line((b"a", b"b c"), cut=True) == "a 'b c' …"


@given(AWKWARD.map(lambda raw: raw.decode("utf-8", "surrogateescape")) | st.text(st.characters(max_codepoint=0x7F)))  # fmt: skip
def test_what_is_to_be_pasted_is_one_word_to_a_shell(text):
    """And nothing in it is the shell's: what shlex leaves bare, too."""
    word = typed(text)
    assert shlex.split(word) == [printable(text)]
    bare = re.sub(r"'[^']*'|\"[^\"$`\\!]*\"", "", word)
    assert not set(bare) & set(";|&<>()*?~\\$`!#[]{} \n\"'")
