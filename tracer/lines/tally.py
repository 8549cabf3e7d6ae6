"""The account of a reading: what was read, from when to when, and what could not be understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from tracer.audit.record import Record

FIRST_BAD = 5
# Told of a line that was not understood: the log's name, the line's number and text, and why.
Keep = Callable[[str, int, bytes, str], None]


class Tally:
    """Counts of one log. ``keep`` (if given) is told every line that could not be read.

    ``path`` is the file of the log that is being read, ``lines`` the number of its last line.
    """

    def __init__(self, name: str, keep: Keep | None = None, log: int = 0) -> None:
        self.name = name
        self.path = name
        self.log = log
        self.lines = 0
        self.records = 0
        self.bad = 0
        self.bad_lines: list[str] = []
        self.first: int | None = None
        self.last: int | None = None
        self.local_dates = False
        self.undated = 0
        self.first_process = False
        self._keep = keep

    def record(self, one: Record) -> None:
        """Count a record, and the time it bears."""
        self.records += 1
        time = one.stamp.time
        self.local_dates = self.local_dates or one.interpreted
        self.time(time)

    def time(self, time: int) -> None:
        """Widen the span of times; 0 is not known."""
        if time:
            if self.first is None or time < self.first:
                self.first = time
            if self.last is None or time > self.last:
                self.last = time

    def bad_line(self, number: int, line: bytes, why: str) -> None:
        """Count a line that could not be understood; the first few numbers are remembered."""
        self.bad += 1
        if len(self.bad_lines) < FIRST_BAD:
            many = self.path != self.name
            self.bad_lines.append(f"{self.path}:{number}" if many else str(number))
        if self._keep is not None:
            self._keep(self.path, number, line, why)
