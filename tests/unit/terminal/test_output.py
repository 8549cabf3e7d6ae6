"""What is said beside the data."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.text import columns, wrapped
from tracer.terminal import output

WORDS = st.lists(st.text("ab←,;漢", max_size=30), min_size=1).map(" ".join)


@given(WORDS, st.integers(20, 200), st.sampled_from(["", "  why     "]))
def test_lines_are_broken_between_words(line, width, first):
    lines = wrapped(line, width, first, "  ")
    assert lines[0].startswith(first)
    bare = [one[len("  " if at else first) :] for at, one in enumerate(lines)]
    assert all(columns(one) <= width or " " not in text for one, text in zip(lines, bare))
    assert " ".join(bare).split() == line.split()
    assert not any(one.startswith(" ") for one in bare[1:])


@pytest.mark.parametrize(
    ("own", "asked", "width"),
    [
        (None, None, None),
        (None, "60", None),
        (200, None, 200),
        (60, None, 60),
        (200, "60", 60),
        (60, "200", 60),
        (200, "0", 200),
        (200, "wide", 200),
        (200, "", 200),
        (0, None, 80),
    ],
)
def test_how_wide_it_is(own, asked, width, monkeypatch, tmp_path):
    """COLUMNS, as POSIX has it, and no wider than the terminal."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if asked is not None:
        monkeypatch.setenv("COLUMNS", asked)
    if own is None:
        with (tmp_path / "piped").open("w") as file:
            assert output.width_of(file) == width
        return
    reader, writer = os.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, own, 0, 0))
    with os.fdopen(writer, "w") as terminal:
        assert output.width_of(terminal) == width
    os.close(reader)


def test_a_terminal_gets_whole_words_and_a_file_whole_lines(monkeypatch, tmp_path):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = "tracing SIGKILL; to orders-api, helper.py, worker*; source core; Ctrl-C stops"
    reader, writer = os.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    monkeypatch.setattr(sys, "stderr", os.fdopen(writer, "w"))
    output.say(text)
    shown = os.read(reader, 1000).decode()
    assert shown.split("\r\n") == [
        "sigtrace: tracing SIGKILL; to orders-api, helper.py,",
        "  worker*; source core; Ctrl-C stops",
        "",
    ]
    sys.stderr.close()
    os.close(reader)
    with (tmp_path / "said").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        output.say(text)
    assert (tmp_path / "said").read_text() == f"sigtrace: {text}\n"
