"""Serial numbers that a log skips: events that were written and are not there.

The kernel counts events from 1 at boot (audit_serial(), kernel/audit.c), so a log of everything has
no gaps; one that was filtered (``ausearch -sc kill``) has many, which mean nothing. A gap counts only
where the log was dense before it, and only when the missing numbers do not come late. Which they are is a matter of
what is there, not of the order in which CPUs have written it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tracer.model.frozen import frozen
from tracer.model.times import SECOND

DENSE = 32  # of the WINDOW serials before a gap
WINDOW = 64
_SETTLED = 64  # serials, after which a missing one will not come any more
_BOOT = 10_000


@frozen
class Gap:
    """``count`` events that are missing after ``time`` (ns)."""

    time: int
    count: int


class _Run:
    """Serials that are there without a gap; ``time`` is the last one's."""

    __slots__ = ("first", "last", "time")

    def __init__(self, first: int, last: int, time: int) -> None:
        self.first = first
        self.last = last
        self.time = time


class Gaps:
    """The gaps of one node's serials in one log. ``last`` is the highest serial."""

    def __init__(self) -> None:
        self.last: int | None = None
        self._time = 0
        # Ascending and apart from each other. What lies between them is not certain yet.
        self._runs: list[_Run] = []
        # Those before, as far as a WINDOW reaches, and how many serials they are.
        self._before: deque[_Run] = deque()
        self._count = 0

    def feed(self, serial: int, time: int) -> list[Gap]:
        """Take an event's serial and time; the gaps that are certain by now."""
        last = self.last
        if serial == last:
            return []
        if last is not None and serial == last + 1 and len(self._runs) == 1:
            run = self._runs[0]
            run.last = self.last = serial
            run.time = self._time = time
            return []
        return self.run(serial, serial, time, time)

    def run(self, first: int, last: int, began: int, ended: int) -> list[Gap]:
        """Take serials ``first``..``last``, and the times of both; likewise."""
        told: list[Gap] = []
        highest = self.last
        if highest is not None and (
            first < highest - _BOOT or (last < highest and began > self._time + 5 * SECOND)
        ):
            told = list(self.end())
            self._runs.clear()
            self._before.clear()
            self._count = 0
            self.last = None
        self._insert(first, last, ended)
        if self.last is None or last > self.last:
            self.last, self._time = last, ended
        told += self._settled(self.last)
        return told

    def end(self) -> Iterator[Gap]:
        """The gaps that are still open when the log, or a boot, ends."""
        return self._settled(None)

    def _insert(self, first: int, last: int, time: int) -> None:
        runs = self._runs
        # What is missing before is certain.
        first = max(first, runs[0].first if self._before else 0, (self.last or 0) - _SETTLED + 1)
        if first > last:
            return
        at = len(runs)
        while at and runs[at - 1].first > first:
            at -= 1
        if at and runs[at - 1].last >= first - 1:
            at -= 1
            if last > runs[at].last:
                runs[at].last, runs[at].time = last, time
        else:
            runs.insert(at, _Run(first, last, time))
        while at + 1 < len(runs) and runs[at + 1].first <= runs[at].last + 1:
            following = runs.pop(at + 1)
            if following.last > runs[at].last:
                runs[at].last, runs[at].time = following.last, following.time

    def _settled(self, highest: int | None) -> Iterator[Gap]:
        """Tell the gaps that will not be filled any more."""
        runs = self._runs
        while len(runs) > 1 and (highest is None or highest >= runs[1].first + _SETTLED):
            run = runs.pop(0)
            self._before.append(run)
            self._count += run.last - run.first + 1
            if self._is_dense(run.last):
                yield Gap(run.time, runs[0].first - run.last - 1)

    def _is_dense(self, last: int) -> bool:
        begin = last - WINDOW
        while self._before[0].last <= begin:
            run = self._before.popleft()
            self._count -= run.last - run.first + 1
        return self._count - max(0, begin + 1 - self._before[0].first) >= DENSE
