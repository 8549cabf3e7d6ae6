"""The account of a reading: what was read, from when to when, and what could not be understood."""

from __future__ import annotations

from typing import Callable

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
        # The first and last time, in ns, by the host that records name (node=).
        self.hosts: dict[bytes | None, tuple[int, int]] = {}
        self.local_dates = False
        self.undated = 0
        self.first_process = False
        self._keep = keep

    def record(self, time: int, interpreted: bool, node: bytes | None = None) -> None:
        """Count a record, and the time it bears; ``interpreted``: a local one."""
        self.records += 1
        self.local_dates = self.local_dates or interpreted
        self.time(time, node)

    def time(self, time: int, node: bytes | None = None) -> None:
        """Widen the span of a host's times; 0 is not known."""
        span = self.hosts.get(node)
        if span is None:
            if time:
                self.hosts[node] = time, time
        elif time > span[1]:
            self.hosts[node] = span[0], time
        elif 0 < time < span[0]:
            self.hosts[node] = time, span[1]

    @property
    def first(self) -> int | None:
        return min((first for first, _ in self.hosts.values()), default=None)

    @property
    def last(self) -> int | None:
        return max((last for _, last in self.hosts.values()), default=None)

    def bad_line(self, number: int, line: bytes, why: str) -> None:
        """Count a line that could not be understood; the first few numbers are remembered."""
        self.bad += 1
        if len(self.bad_lines) < FIRST_BAD:
            many = self.path != self.name
            self.bad_lines.append(f"{self.path}:{number}" if many else str(number))
        if self._keep is not None:
            self._keep(self.path, number, line, why)
