"""``sigtrace top``: who sends what to whom, counted as it happens, on the whole terminal. Plain ANSI (ECMA-48)."""

from __future__ import annotations

import io
import time

from tracer.model.event import Exit, Series, Signal
from tracer.model.text import columns, counted, cut, printable
from tracer.model.times import clock, span
from tracer.sinks.layout import fitting
from tracer.sinks.sink import Sink
from tracer.sinks.table import BOLD, DIM, RED, RESET, TableSink
from tracer.sinks.tally import Tally, deadly_first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO, Any

    from tracer.model.event import Event
    from tracer.sinks.tally import Key, Row

EVERY_SECONDS = 1.0  # between two pictures
KEPT = 10  # last signals of each row
PAIRS_KEPT = 512
# The other screen, and back; the cursor hidden, and shown.
ENTER, LEAVE = "\33[?1049h\33[?25l", "\33[?25h\33[?1049l"
HOME, CLEAR_LINE, CLEAR_REST, REVERSE = "\33[H", "\33[K", "\33[J", "\33[7m"
HELP = "s sort · / narrow · ↑↓ choose · Enter open · p pause · q quit"

ORDERS: dict[str, Callable[[Row], Any]] = {
    "deaths": deadly_first,
    "count": lambda row: -row.count,
    "last": lambda row: -(row.last or 0),
    "signal": lambda row: row.key,
}
# What terminals send for keys that are no letters.
UP, DOWN = ("\33[A", "\33OA", "k"), ("\33[B", "\33OB", "j")
_ENTER, _ESCAPE, _BACKSPACE = ("\r", "\n"), "\33", ("\x7f", "\b")


def keys_of(text: str) -> list[str]:
    """The keys in what was typed: letters, and sequences of three that begin with an escape."""
    keys = []
    while text:
        length = 3 if text[:2] in ("\33[", "\33O") else 1
        keys.append(text[:length])
        text = text[length:]
    return keys


class Choice:
    """What the user has chosen to see."""

    def __init__(self) -> None:
        self.order = "deaths"
        self.text = ""
        self.is_typing = self.is_paused = self.is_over = self.is_open = False
        self.at = 0

    def press(self, key: str) -> None:
        """Do what a key asks for; ``is_over`` after q."""
        if self.is_typing:
            self._type(key)
        elif key == "q":
            self.is_over = True
        elif key == "/":
            self.is_typing, self.text = True, ""
        elif key == "p":
            self.is_paused = not self.is_paused
        elif key == "s":
            names = [*ORDERS]
            self.order = names[(names.index(self.order) + 1) % len(names)]
        elif key in _ENTER:
            self.is_open = not self.is_open
        elif key == _ESCAPE:
            self.text, self.is_open = "", False
        elif key in UP or key in DOWN:
            self.at = max(0, self.at + (1 if key in DOWN else -1))

    def _type(self, key: str) -> None:
        self.at = 0
        if key in _ENTER:
            self.is_typing = False
        elif key == _ESCAPE:
            self.is_typing, self.text = False, ""
        elif key in _BACKSPACE:
            self.text = self.text[:-1]
        elif key.isprintable():
            self.text += key

    def fits(self, key: Key) -> bool:
        """Whether the words of a row hold what was typed."""
        return self.text.lower() in " ".join(key).lower()


class Screen(Sink):
    """``size`` tells columns and lines now."""

    def __init__(
        self,
        stream: IO[str],
        size: Callable[[], tuple[int, int]],
        *,
        colour: bool,
        here: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._size = size
        self._colour = colour
        self._here = here
        self._now = now
        self._tally = Tally()
        self._choice = Choice()
        self._last: dict[Key, list[tuple[Signal, Exit | None]]] = {}
        self._notes: list[str] = []
        self._due: float | None = None
        self._drawn: tuple[int, int] | None = None

    def start(self) -> None:
        self._stream.write(ENTER)
        self._due = self._now()
        self.flush()

    def say(self, text: str) -> None:
        """Something beside the data: it stands above them."""
        self._notes = [*self._notes[-1:], printable(text)]

    def press(self, typed: str) -> None:
        """What was typed; the picture follows at once."""
        for key in keys_of(typed):
            self._choice.press(key)
        self._due = self._now()

    def is_over(self) -> bool:
        """Whether the user has had enough."""
        return self._choice.is_over

    def write(self, event: Event) -> None:
        row = self._tally.add(event)
        if row is None:
            return
        kept = self._last.get(row.key)
        if kept is None:
            if len(self._last) >= PAIRS_KEPT:
                return
            kept = self._last[row.key] = []
        if isinstance(event, Series):
            event = event.last()
        if isinstance(event, Signal):
            kept.append((event, None))
            del kept[:-KEPT]
        elif isinstance(event, Exit):
            for at, (signal, _) in enumerate(kept):
                pid = None if signal.target is None else signal.target.pid
                if signal.id == event.cause and pid == event.process.pid:
                    kept[at] = signal, event

    def due(self) -> float | None:
        return None if self._due is None else max(0.0, self._due - self._now())

    def flush(self) -> None:
        if self._due is None or self._now() < self._due:
            return
        self._due = self._now() + EVERY_SECONDS
        if self._choice.is_paused and self._drawn == self._size():
            width, height = self._drawn
            paused = self._paint(REVERSE, cut("paused: p goes on", width))
            self._stream.write(f"\33[{height};1H{paused}{CLEAR_LINE}")
        else:
            self._draw()
        self._stream.flush()

    def close(self) -> None:
        self._stream.write(LEAVE)
        self._stream.flush()
        self._due = None

    def _draw(self) -> None:
        width, height = self._drawn = self._size()
        lines = self.lines(width, height)
        self._stream.write(HOME + "\r\n".join(line + CLEAR_LINE for line in lines) + CLEAR_REST)

    def lines(self, width: int, height: int) -> list[str]:
        """The picture, a line for each of the terminal's."""
        choice, tally = self._choice, self._tally
        rows = [row for row in tally.rows.values() if choice.fits(row.key)]
        rows.sort(key=ORDERS[choice.order])
        choice.at = min(choice.at, max(0, len(rows) - 1))
        above = [cut(note, width) for note in self._notes[-1:]]
        above.append(cut(self._state(len(rows)), width))
        opened = self._opened(rows[choice.at], width) if choice.is_open and rows else []
        room = max(1, height - len(above) - 2)
        if opened:
            opened = opened[-max(2, room - 1) :]
            room = max(1, room - len(opened))
        first = max(0, choice.at - room + 1)
        shown = [
            self._row(row, width, chosen=first + at == choice.at)
            for at, row in enumerate(rows[first : first + room])
        ]
        empty = [""] * (room - len(shown))
        lines = [*above, self._paint(BOLD, _line(_TITLES, width)), *shown, *opened, *empty]
        prompt = f"/{choice.text}" if choice.is_typing else HELP
        return [*lines[: height - 1], self._paint(DIM, cut(printable(prompt), width))]

    def _state(self, rows: int) -> str:
        tally, choice = self._tally, self._choice
        lost = (
            ", some lost" if tally.lost is None else f", {tally.lost:,} lost" if tally.lost else ""
        )
        narrowed = f", those with {printable(choice.text)!r}" if choice.text else ""
        total = f"{counted(tally.signals, 'signal')}, {counted(tally.deaths, 'death')}{lost}"
        return f"{total}; {counted(rows, 'row')}{narrowed}, by {choice.order}"

    def _row(self, row: Row, width: int, *, chosen: bool) -> str:
        line = _line(_cells(row), width)
        return self._paint(REVERSE if chosen else RED if row.died else "", line)

    def _opened(self, row: Row, width: int) -> list[str]:
        """The last signals of a row, as the table has them."""
        stream = io.StringIO()
        table = TableSink(stream, width=width, colour=self._colour, here=self._here)
        for signal, end in self._last.get(row.key, []):
            if end is None or end.after_ns is None:
                table.write(signal)
            else:
                table.died(signal, end)
        table.close()
        return stream.getvalue().splitlines()

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{RESET}" if code and (self._colour or code == REVERSE) else text


_TITLES = ("COUNT", "EVERY", "SIGNAL", "FROM", "TO", "DIED", "LAST")
_WIDTHS = (7, 7, 11, 0, 0, 5, 8)
_RIGHT = frozenset((0, 1, 5))


def _cells(row: Row) -> tuple[str, ...]:
    every = row.every()
    often = "" if every is None else span(every)
    died = f"{row.died:,}" if row.died else ""
    return (f"{row.count:,}", often, *row.key, died, clock(row.last, 8))


def _line(cells: Sequence[str], width: int) -> str:
    """FROM and TO share what the others leave."""
    ends = max(8, (width - sum(_WIDTHS) - len(_WIDTHS) + 1) // 2)
    made = []
    for at, (cell, size) in enumerate(zip(cells, _WIDTHS)):
        text = fitting((cell,), size or ends)
        padding = " " * ((size or ends) - columns(text))
        made.append(padding + text if at in _RIGHT else text + padding)
    return cut(" ".join(made).rstrip(), width)
