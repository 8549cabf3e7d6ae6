"""The overview that grows: what it shows, and what keys do to it."""

from __future__ import annotations

import io

import pytest
from fakes import signal
from hypothesis import given
from hypothesis import strategies as st
from test_summary import SECOND, drill, kill

from tracer.model.event import Process
from tracer.model.text import columns
from tracer.sinks.top import ENTER, LEAVE, Screen, keys_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def screen(events=(), size=(80, 24)):
    stream, clock = io.StringIO(), Clock()
    made = Screen(stream, lambda: size, colour=False, now=clock)
    made.start()
    for event in events:
        made.write(event)
    return made, stream, clock


def picture(typed="", events=None, size=(80, 24)):
    made, _, _ = screen(drill() if events is None else events, size)
    made.press(typed)
    return made.lines(*size)


def test_what_ended_processes_comes_first():
    lines = picture()
    assert lines[0] == "12 signals, 8 deaths; 4 rows, by deaths"
    assert lines[1].split() == ["COUNT", "EVERY", "SIGNAL", "FROM", "TO", "DIED", "LAST"]
    assert [line.replace("\33[7m", "").split()[0] for line in lines[2:6]] == ["5", "3", "3", "1"]
    assert "20 s" in lines[3]


@pytest.mark.parametrize(
    ("typed", "state", "first"),
    [
        ("s", "by count", "SIGSEGV"),
        ("ss", "by last", "SIGKILL"),
        ("sss", "by signal", "SIGKILL"),
        ("ssss", "by deaths", "SIGSEGV"),
        ("/cron\r", "1 row, those with 'cron', by deaths", "SIGKILL"),
        ("/crom\x7fn", "1 row, those with 'cron', by deaths", "SIGKILL"),
        ("/cron\r\33", "4 rows, by deaths", "SIGSEGV"),
        ("/cron\33", "4 rows, by deaths", "SIGSEGV"),
    ],
)
def test_keys_sort_and_narrow(typed, state, first):
    lines = picture(typed)
    assert lines[0].endswith(state)
    assert first in lines[2]


def test_the_last_signals_of_a_row_are_opened():
    text = "\n".join(picture("j\r"))
    assert text.count("pkill[") == 3
    assert text.count("died") == 3
    assert "died" not in "\n".join(picture("j\r\r"))


def test_letters_that_narrow_are_no_commands():
    made, _, _ = screen()
    made.press("/quit")
    assert not made.is_over()
    made.press("\rq")
    assert made.is_over()


def test_a_pause_holds_the_picture_and_counts_on():
    made, stream, clock = screen()
    made.press("p")
    made.flush()
    made.write(kill(1, 2))
    clock.now = 5.0
    made.flush()
    assert "paused" in stream.getvalue()
    assert "1 signal," not in stream.getvalue()
    made.press("p")
    made.flush()
    assert "1 signal," in stream.getvalue()


def test_it_is_drawn_once_a_second_and_leaves_the_terminal_as_it_was():
    made, stream, clock = screen()
    assert made.due() == 1.0
    size = len(stream.getvalue())
    made.write(kill(1, 2))
    made.flush()
    assert len(stream.getvalue()) == size
    clock.now = 1.0
    made.flush()
    assert len(stream.getvalue()) > size
    made.close()
    assert stream.getvalue().startswith(ENTER)
    assert stream.getvalue().endswith(LEAVE)


KEYS = st.lists(st.sampled_from(["s", "/", "p", "\r", "\33", "\33[A", "\33[B", "x", "\x7f", "進"]))


@given(KEYS, st.integers(20, 200), st.integers(4, 50), st.binary(max_size=30))
def test_every_picture_fits(typed, width, height, name):
    """Whatever is typed, and whatever they call themselves."""
    hostile = Process(5, comm=name, argv=(name, name))
    events = [*drill(), signal(200 * SECOND, sender=hostile, target=hostile)]
    made, _, _ = screen(events, (width, height))
    for key in typed:
        made.press(key)
        lines = made.lines(width, height)
        plain = [line.replace("\33[7m", "").replace("\33[0m", "") for line in lines]
        assert len(plain) <= height
        assert all(line.isprintable() for line in plain)
        if width >= 60:
            assert all(columns(line) <= width for line in plain)


@given(st.text(alphabet="\33[OABq", max_size=12))
def test_keys_are_all_that_was_typed(text):
    assert "".join(keys_of(text)) == text
