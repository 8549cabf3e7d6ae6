"""What is said beside the data."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios

from hypothesis import given
from hypothesis import strategies as st

from tracer.terminal import output


@given(st.lists(st.text("ab←,;", max_size=30), min_size=1).map(" ".join), st.integers(20, 200))
def test_lines_are_broken_between_words(line, width):
    lines = output._broken(line, width).split("\n")
    assert all(len(one) <= width or " " not in one.strip() for one in lines)
    assert " ".join(one[2:] if at else one for at, one in enumerate(lines)) == line


def test_a_terminal_gets_whole_words_and_a_file_whole_lines(monkeypatch, tmp_path):
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
