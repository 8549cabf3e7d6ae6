"""Keys on a real terminal: told at once, shown not at all, and the terminal is left as it was."""

from __future__ import annotations

import os
import pty
import select
import termios

import pytest
from fakes import Fake, signal

from tracer.terminal.keys import Keyboard, Keyed


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(theirs)


def test_keys_wake_a_source_and_end_it(terminal):
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    pressed = []
    with_keys = Keyboard(theirs)
    source = Keyed(Fake([signal(1)], live=True), with_keys, pressed.append, lambda: "q" in pressed)
    assert (theirs, select.POLLIN) in source.descriptors()
    assert [event.time for event in source.read()] == [1]
    os.write(ours, b"q")
    assert select.select([theirs], [], [], 5)[0]
    assert list(source.read()) == []
    assert (pressed, source.is_over()) == (["q"], True)
    source.close()
    with_keys.close()
    assert termios.tcgetattr(theirs) == before
    os.close(ours)


def test_a_terminal_that_has_gone_ends_it(terminal):
    ours, theirs = terminal
    source = Keyed(Fake(live=True), Keyboard(theirs), lambda typed: None, lambda: False)
    assert list(source.read()) == []
    assert not source.is_over()
    os.close(ours)
    assert list(source.read()) == []
    assert source.is_over()
    source.close()
