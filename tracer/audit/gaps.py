"""Serial numbers that a log skips: events that were written and are not there.

The kernel counts events from 1 at boot (audit_serial(), kernel/audit.c), so a log of everything has
no gaps; one that was filtered (``ausearch -sc kill``) has many, which mean nothing. A gap counts only
where the log was dense before it, and only when the missing numbers do not come late.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer.model.frozen import frozen
from tracer.model.times import SECOND

DENSE = 32
_DENSE_MAX = 64
_SETTLED = 64  # serials, after which a missing one will not come any more
_PENDING_MAX = 1000


@frozen
class Gap:
    """``count`` events that are missing after ``time`` (ns)."""

    time: int
    count: int


class Gaps:
    """The gaps of one node's serials in one log. ``last`` is the highest serial, ``time`` when it was."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.time = 0
        self._dense = 0
        self._pending: list[tuple[int, int, int]] = []

    def feed(self, serial: int, time: int) -> Iterator[Gap]:
        """Take the next record's serial and time; yield the gaps that are certain by now."""
        last = self.last
        if serial == last:
            return
        if (
            last is None
            or serial < last - 10_000
            or (serial < last and time > self.time + 5 * SECOND)
        ):
            yield from self.end()
            self._dense = 0
        elif serial == last + 1:
            self._dense = min(self._dense + 1, _DENSE_MAX)
        elif serial < last:
            self._came_late(serial)
            return
        else:
            self._skip(last + 1, serial - 1)
        self.last, self.time = serial, time
        if self._pending:
            yield from self._settled(serial)

    def run(self, first: int, last: int, began: int, ended: int) -> Iterator[Gap]:
        """Take serials ``first``..``last``, and the times of both; yield likewise."""
        yield from self.feed(first, began)
        while first < last and (self._pending or self.last != first):
            first += 1
            yield from self.feed(first, ended)
        if first < last:
            self._dense = min(self._dense + last - first, _DENSE_MAX)
            self.last, self.time = last, ended

    def end(self) -> Iterator[Gap]:
        """The gaps that are still open when the log, or a boot, ends."""
        for _, _, gap in self._gaps(self._pending):
            yield gap
        self._pending.clear()

    def _skip(self, first: int, last: int) -> None:
        if self._dense >= DENSE and len(self._pending) < _PENDING_MAX:
            self._pending.append((first, last, self.time))
        self._dense = max(0, self._dense - DENSE // 4)

    def _came_late(self, serial: int) -> None:
        for at, (first, last, time) in enumerate(self._pending):
            if first <= serial <= last:
                rest = [(first, serial - 1, time), (serial + 1, last, time)]
                self._pending[at : at + 1] = [piece for piece in rest if piece[0] <= piece[1]]
                return

    def _settled(self, serial: int) -> Iterator[Gap]:
        for first, last, gap in self._gaps([p for p in self._pending if p[1] < serial - _SETTLED]):
            self._pending.remove((first, last, gap.time))
            yield gap

    @staticmethod
    def _gaps(pieces: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, Gap]]:
        for first, last, time in list(pieces):
            yield first, last, Gap(time, last - first + 1)
