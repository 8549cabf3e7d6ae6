"""Repeats: on a terminal the first has its row, and all further ones a line below that counts up; in a pipe each has
its row, and what came again and again is told at the end."""

from __future__ import annotations

import time

from tracer.model.event import Exit, Series, Signal
from tracer.model.memo import Bounded
from tracer.model.text import columns
from tracer.model.times import clock
from tracer.sinks import ends, words
from tracer.sinks.layout import fitting
from tracer.sinks.sink import Sink
from tracer.sinks.tally import Row, again, deadly_first, who, whom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Event
    from tracer.sinks.sink import Attempt
    from tracer.sinks.table import TableSink
    from tracer.sinks.tally import Sent

KINDS_KEPT = 1024
_IDS_KEPT = 16384
SHARE = 3  # of the lines of a terminal: a third may count up
OFTEN = 0.25  # seconds between two looks at what counts up
TOLD = 3  # kinds of repeats at the end of a pipe
MANY = 10


class Again(Sink):
    """Goes before a table. ``height`` tells the lines of the terminal; None: it is none, or cannot go up. ``say``
    tells what is to be said at the end."""

    def __init__(
        self,
        table: TableSink,
        say: Callable[[str], None],
        height: Callable[[], int] | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._say = say
        self._height = height
        self._now = now
        self._rows: Bounded[tuple[object, ...], Row] = Bounded(KINDS_KEPT)
        # Of signals: what they count in, and whether they have a row of their own. The ends of the others need none.
        self._told: Bounded[tuple[str, int | None], tuple[Row, bool]] = Bounded(_IDS_KEPT)
        # The wide kill whose victims the table tells together, and whether it is told.
        self._wide: tuple[str, bool] = ("", False)
        self._due: float | None = None
        self._looked = 0.0

    def start(self) -> None:
        self._table.start()

    def signal(self, signal: Signal) -> None:
        self._sent(signal, None, ())

    def series(self, series: Series) -> None:
        if self._height is None:
            self._count(series.first, series.later)
            self._table.write(series)
        else:
            self._sent(series.first, None, series.later)

    def attempt(self, attempt: Attempt) -> None:
        self._sent(attempt, None, ())

    def exit(self, end: Exit) -> None:
        if not self._ends(end):
            self._table.write(end)

    def tell(self, event: Event) -> None:
        self._table.write(event)

    def died(self, signal: Signal, end: Exit) -> None:
        """A signal, and the end of its target."""
        self._sent(signal, end, ())

    def due(self) -> float | None:
        return None if self._due is None else max(0.0, self._due - self._now())

    def flush(self) -> None:
        if self._due is not None and self._now() >= self._due:
            self._count_up()
        self._table.flush()

    def close(self) -> None:
        if self._height is not None:
            self._count_up()
        self._table.close()
        if self._height is None:
            often = [
                row for row in self._rows.values() if row.count >= MANY or row.every() is not None
            ]
            for row in sorted(often, key=deadly_first)[:TOLD]:
                self._say(f"{words.signal_name(_of(row))} {_pair(row)}: {again(row)}")

    def _sent(self, event: Sent, end: Exit | None, later: Sequence[int]) -> None:
        id_ = (event.id, None if event.target is None else event.target.pid)
        is_victim = event.asked is not None and event.asked <= 0 and self._wide[0] == event.id
        if is_victim and self._wide[1]:
            self._show(event, end)
            return
        row = self._count(event, later)
        row.died += end is not None
        shows = self._height is None or row.count == 1 + len(later)
        self._wide = (event.id, shows)
        self._told[id_] = row, shows
        if shows:
            self._show(event, end)
        if row.count > 1 and self._height is not None and self._due is None:
            self._due = max(self._now(), self._looked + OFTEN)

    def _show(self, event: Sent, end: Exit | None) -> None:
        if isinstance(event, Signal) and end is not None:
            self._table.died(event, end)
        else:
            self._table.write(event)

    def _count(self, event: Sent, later: Sequence[int]) -> Row:
        key = _kind(event)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row(("", "", ""), event)
        row.add([event.time, *later])
        row.of = event
        return row

    def _ends(self, end: Exit) -> bool:
        """Count the end of who was sent something; whether it needs no line."""
        told = self._told.get((end.cause or end.handled or "", end.process.pid))
        if told is None:
            return False
        row, has_row = told
        row.died += end.number is not None
        return not has_row

    def _count_up(self) -> None:
        self._due, self._looked = None, self._now()
        if self._height is None:
            return
        rows = [row for row in self._rows.values() if row.count > 1]
        room = max(1, self._height() // SHARE)
        newest = sorted(rows, key=lambda row: -(row.last or 0))[
            : room if len(rows) <= room else room - 1
        ]
        kept = set(map(id, newest))
        lines = [self._line(row) for row in rows if id(row) in kept]
        others = [row for row in rows if id(row) not in kept]
        if others:
            total = sum(row.count - 1 for row in others)
            lines.append(f"and {total:,} more of {len(others):,} other kinds; --summary tells all")
        self._table.foot(lines)

    def _line(self, row: Row) -> str:
        length, room = self._table.room()
        begin = f"{clock(row.last, length)} {words.signal_name(_of(row)):<9} "
        end = f": {again(row)}"
        left = room - columns(begin) - columns(end)
        return begin + fitting(_forms(row), max(8, left)) + end


def _kind(event: Sent) -> tuple[object, ...]:
    """What repeats have in common: signal, names and what is remarkable."""
    sender, target = event.sender, event.target
    above = sender.ancestors[:1] if sender is not None else ()
    remarkable: tuple[object, ...] = ()
    if isinstance(event, Signal):
        remarkable = (event.escalates is None, event.claim is None, event.origin)
    return (
        words.signal_name(event),
        words.outcome(event),
        words.sender(event) if sender is None else ends.bare(sender),
        *map(ends.bare, above),
        None if target is None else ends.bare(target),
        *remarkable,
    )


def _of(row: Row) -> Sent:
    return row.of  # type: ignore[return-value]  # No end has a row here.


def _pair(row: Row) -> str:
    return _forms(row)[0]


def _forms(row: Row) -> tuple[str, ...]:
    """Who → whom, the longest form first."""
    event = _of(row)
    by = words.sender(event) if event.sender is None else ends.bare(event.sender)
    to = ends.UNKNOWN if event.target is None else ends.bare(event.target)
    own = who(event).partition(" ← ")[0]
    return f"{who(event)} → {whom(event.target)}", f"{own} → {to}", f"{by} → {to}"
