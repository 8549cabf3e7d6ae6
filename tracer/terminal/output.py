"""Standard output and standard error: which sink, how wide, in colour or not, and what is said beside."""

from __future__ import annotations

import errno
import io
import os
import sys

from tracer.model.errors import Problem
from tracer.model.text import counted, printable, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import IO, TextIO

    from tracer.flow.pipeline import Totals
    from tracer.options.table import Output
    from tracer.sinks.ends import Users
    from tracer.sinks.sink import Sink


_UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def open_sink(
    options: Output, here: str | None = None, users: Users | None = None, *, deaths: bool = True
) -> Sink:
    """The sink on standard output that the options ask for; ``here`` is the host that is traced, ``users`` the names
    of its uids; ``deaths``: they are told."""
    stream = standard_output()
    if options.summary:
        # All is loaded now: what runs later may not see our folder.
        from tracer.host.packages import find_packages
        from tracer.sinks import summary

        find_packages()
        return summary.open_summary(stream, options.json, terminal_width())
    if options.json:
        from tracer.sinks.json import JsonSink

        return JsonSink(stream)
    from tracer.sinks.again import Again
    from tracer.sinks.ends import nobody
    from tracer.sinks.table import TableSink
    from tracer.sinks.waiting import Waiting

    table = TableSink(
        stream,
        width=terminal_width(),
        colour=wants_colour(),
        brief=options.brief,
        wide=options.wide,
        here=here,
        users=users or nobody,
        measure=terminal_width,
    )
    rows = table if options.wide else Again(table, say, terminal_height if can_go_up() else None)
    return Waiting(rows) if deaths else rows


def standard_output() -> IO[str]:
    """Standard output with a buffer of its own, and escapes for what the locale cannot write.

    With PYTHONUNBUFFERED, as containers like to set it, sys.stdout has no buffer, and CPython then loses
    the rest of a write that a signal interrupts (io.RawIOBase.write: "may be less than len(b)").
    """
    try:
        fd = output_fd()
    except io.UnsupportedOperation:
        return sys.stdout  # A stream in memory: a test's.
    encoding = sys.stdout.encoding
    return open(fd, "w", encoding=encoding, errors="backslashreplace", closefd=False)


def output_fd() -> int:
    """Its descriptor. Raises Problem where it is closed: what is opened next would have its number."""
    if sys.stdout is None:
        raise Problem("cannot show anything", "standard output is closed", "sigtrace > FILE")
    return sys.stdout.fileno()


def terminal_width() -> int | None:
    """Columns of the terminal on standard output; None when it is none: rows for a program are never cut."""
    return width_of(sys.stdout)


def text_width() -> int | None:
    """Columns for sentences on standard output, of which none is cut; None where neither a terminal nor COLUMNS says how
    many."""
    return width_of(sys.stdout) or _asked_width()


def width_of(stream: TextIO | None) -> int | None:
    """Columns of a terminal: as many as COLUMNS asks for (POSIX, Base Definitions 8.3), and no more than it has, for rows
    that are written over may not be broken by it. None for what is none, whatever COLUMNS says: who starts us may have
    it from readline(3), which sets it for every child."""
    if stream is None or not stream.isatty():
        return None
    try:
        own = os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        own = 80
    return min(own, _asked_width() or own)


def _asked_width() -> int | None:
    text = os.environ.get("COLUMNS", "")[:6]
    return int(text) or None if text.isascii() and text.isdigit() else None


def wants_colour() -> bool:
    """Only on a terminal that can, and not when NO_COLOR is set (no-color.org)."""
    return can_go_up() and not os.environ.get("NO_COLOR")


def terminal_height() -> int:
    """Lines of the terminal on standard output; 24 where it does not tell."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or 24
    except OSError:
        return 24


def can_go_up() -> bool:
    """Whether standard output is a terminal on which what is written can be written over."""
    is_one = sys.stdout is not None and sys.stdout.isatty()
    return is_one and os.environ.get("TERM") not in (None, "", "dumb")


def write_out(text: str) -> None:
    """All that a command has to say, on standard output. Raises Problem where there is no room, BrokenPipeError where
    nobody reads it."""
    stream = standard_output()
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go(error)


def let_go(error: OSError) -> None:
    """After an error of a loop that writes: what cannot be written is given up, or Python complains of it
    again when it ends (of a full disk since 3.13).

    Raises Problem for a full disk, and every other error again; a reader that has gone away is none.
    """
    if error.errno not in _UNWRITABLE:
        raise error
    _to_nowhere(sys.stdout)
    if error.errno != errno.EPIPE:
        why = (error.strerror or "").lower()
        raise Problem(
            "cannot write to standard output", why, "make room, and start again"
        ) from None


def say(text: str) -> None:
    """A line beside the data, broken between words where there is a width; lost when nobody reads standard error any
    more."""
    line = f"sigtrace: {printable(text)}"
    try:
        width = width_of(sys.stderr)
        if width is not None:
            line = "\n".join(wrapped(line, width, rest="  "))
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        # What was not taken is tried again when Python ends, which makes 120 of the exit status.
        _to_nowhere(sys.stderr)
    except AttributeError:
        pass


def say_each(lines: Iterable[str]) -> None:
    """``say`` them, one after the other."""
    for line in lines:
        say(line)


def _to_nowhere(stream: TextIO) -> None:
    """Whatever is still written there, and what waits in it, is taken by nobody."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _size(count: int) -> str:
    """A number of bytes as --buffer takes it: 64K, 8M."""
    return f"{count >> 20}M" if count >> 20 else f"{count >> 10}K"


def _lost(totals: Totals) -> str:
    """0, some, or 5,071 signals and 5,081 descriptions."""
    if totals.lost is None:
        return "some"
    signals_first = sorted(totals.things, key=lambda pair: pair[0] != "signal")
    things = [counted(count, thing) for thing, count in signals_first]
    *most, last = things or [f"{totals.lost:,}"]
    return f"{', '.join(most)} and {last}" if most else last


def unfit(totals: Totals, words: Iterable[str]) -> list[str]:
    """Why a replay shows no signal though some were read, and which ``words`` fitted nobody; [] if it shows one."""
    if totals.shown or not totals.hidden:
        return []
    whole = f"no signal is shown: {counted(totals.hidden, 'other')} did not fit the options"
    return [whole, *words]


def summary(totals: Totals, buffer: int | None = None, wanted: Sequence[str] = ()) -> str:
    """The last line: what was shown, what was lost, and what a filter of ends hid."""
    signals = counted(totals.shown - totals.attempts, "signal")
    if totals.attempts:
        signals += f" and {counted(totals.attempts, 'attempt')}"
    text = f"{signals} shown, {_lost(totals)} lost, {totals.seconds:.1f} s"
    if totals.hidden and wanted:
        text += f"; {counted(totals.hidden, 'other')} did not fit: {'; '.join(wanted)}"
    if totals.is_broken_off:
        text += "; broken off: what nobody took of it is not counted"
    if totals.lost != 0 and buffer is not None:
        text += f"; raise --buffer (now {_size(buffer)}) or narrow the filter"
    return text
