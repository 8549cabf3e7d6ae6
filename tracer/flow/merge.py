"""Several sources as one: their events by time, each source in its own order.

An event goes out when no other source can tell of anything earlier. A file is read on until it tells; one that has
nothing for the moment (a ring, a pipe, a log that grows) holds the others up for its own bound at most.
"""

from __future__ import annotations

import select
import time
from collections import deque

from tracer.model.event import Series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracer.flow.source import Descriptors, Source
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event

# How long the others wait for a source that has nothing for the moment, in seconds: longer than a SIGKILL waits for
# the OOM killer's mark, or a death for its audit record.
LATE = 0.2
# So many events may wait at most: then the first goes out though an earlier one may come.
HELD_MAX = 1 << 16
BATCH = 512  # events told at once


def _apart(event: Event) -> Iterator[Event]:
    if isinstance(event, Series):
        yield from event.signals()
    else:
        yield event


class Lane:
    """One source and what it has told that has not gone out: time, when it came (monotonic), the event."""

    def __init__(self, source: Source, late: float) -> None:
        self.source = source
        self.late = late
        self.waiting: deque[tuple[int, float, Event]] = deque()
        self._time = 0
        self._read = 0.0

    def take(self, now: float, *, last: bool, apart: bool) -> None:
        """Read what is there. A loss without a time stays where it was told.

        ``apart``: others' events may have to come between signals that travel together.
        """
        self._read = now
        for event in self.source.read(last):
            for one in _apart(event) if apart else (event,):
                self._time = max(self._time, one.time or 0)
                self.waiting.append((self._time, now, one))

    def is_file(self) -> bool:
        """Whether more is there at once: it waits in the file, not here."""
        return self.source.due() == 0.0 and not self.source.descriptors()

    def due(self, now: float) -> float | None:
        """Seconds until it is to be read, whatever its descriptors say."""
        due = self.source.due()
        return None if due is None else max(0.0, self._read + due - now)

    def is_due(self, now: float) -> bool:
        """Whether to read it now."""
        if self.source.is_over():
            return False
        if self.is_file():
            return not self.waiting
        if self.due(now) == 0.0:
            return True
        poll = select.poll()
        for fd, events in self.source.descriptors():
            poll.register(fd, events)
        return bool(poll.poll(0))

    def is_done(self) -> bool:
        """Whether it has nothing, and never will."""
        return not self.waiting and self.source.is_over()

    def may_tell(self) -> bool:
        """Whether something earlier than what the others have may come."""
        return not self.waiting and not self.source.is_over()


class Merge:
    """``sources`` each with the seconds that others wait for it: LATE, unless something else is known."""

    name = "several"

    def __init__(self, sources: Sequence[tuple[Source, float]], held_max: int = HELD_MAX) -> None:
        self._lanes = [Lane(source, late) for source, late in sources]
        self._held_max = held_max
        self.grace = max(lane.source.grace for lane in self._lanes)

    def descriptors(self) -> Descriptors:
        """Those of all that are not over."""
        return [pair for lane in self._open() for pair in lane.source.descriptors()]

    def due(self) -> float | None:
        """When the first of them is, or the first of their events has waited long enough."""
        now = time.monotonic()
        dues = [lane.due(now) for lane in self._open() if not (lane.is_file() and lane.waiting)]
        first = self._first()
        if first is not None:
            dues.append(max(0.0, first.waiting[0][1] + self._bound() - now))
        return min((due for due in dues if due is not None), default=None)

    def has_begun(self) -> bool:
        """Whether one of them has."""
        return any(lane.source.has_begun() for lane in self._lanes)

    def is_over(self) -> bool:
        """Whether all are, and everything has gone out."""
        return all(map(Lane.is_done, self._lanes))

    def read(self, last: bool = False) -> Iterator[Event]:
        """What nobody can tell anything earlier than, or has waited for its time: about BATCH of it."""
        now = time.monotonic()
        apart = len(self._lanes) - sum(map(Lane.is_done, self._lanes)) > 1
        for lane in self._open():
            if last or lane.is_due(now):
                lane.take(now, last=last, apart=apart)
        told = 0
        while last or told < BATCH:
            first = self._first()
            if first is None or not (last or self._may_go(first, now)):
                return
            told += 1
            yield first.waiting.popleft()[2]
            if not last and first.is_file() and first.may_tell():
                first.take(now, last=False, apart=apart)

    def coverage(self) -> list[Coverage]:
        """What each of them saw."""
        return [one for lane in self._lanes for one in lane.source.coverage()]

    def close(self) -> None:
        """Close all, even if one of them cannot be closed well."""
        error: Exception | None = None
        for lane in self._lanes:
            try:
                lane.source.close()
            except Exception as one:
                error = error or one
        if error is not None:
            raise error

    def _open(self) -> list[Lane]:
        return [lane for lane in self._lanes if not lane.source.is_over()]

    def _first(self) -> Lane | None:
        lanes = [lane for lane in self._lanes if lane.waiting]
        return min(lanes, key=lambda lane: lane.waiting[0][0], default=None)

    def _bound(self) -> float:
        """How long the others' silence may hold an event up."""
        return max((lane.late for lane in self._lanes if lane.may_tell()), default=0.0)

    def _may_go(self, first: Lane, now: float) -> bool:
        if sum(len(lane.waiting) for lane in self._lanes) > self._held_max:
            return True
        return now - first.waiting[0][1] >= self._bound()
