"""``sigtrace top``: an overview of who sends what to whom, as it grows."""

from __future__ import annotations

import os
import sys

from tracer.commands.live import start
from tracer.host.name import HOST
from tracer.model.errors import Problem
from tracer.options.top import EPILOG
from tracer.options.top import Top as Options
from tracer.sinks.top import Screen
from tracer.terminal.keys import Keyboard, Keyed
from tracer.terminal.output import can_go_up, standard_output, wants_colour
from tracer.tracing import Manner

__all__ = ["EPILOG", "Options", "run"]


def run(options: Options) -> int:
    """Until q, a limit or Ctrl-C. Returns the exit status; raises Problem."""
    if not (can_go_up() and sys.stdin is not None and sys.stdin.isatty()):
        why = "standard input and output must be a terminal that can be written all over"
        raise Problem("cannot show an overview that grows", why, "sigtrace --summary")
    screen = Screen(standard_output(), _size, colour=wants_colour(), here=HOST)
    keyboard = Keyboard(sys.stdin.fileno())
    try:
        manner = Manner(
            around=lambda source: Keyed(source, keyboard, screen.press, screen.is_over),
            say=screen.say,
        )
        return start(options, None, lambda: screen, manner)
    finally:
        keyboard.close()


def _size() -> tuple[int, int]:
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns or 80, size.lines or 24
