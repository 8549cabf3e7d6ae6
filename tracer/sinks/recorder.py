"""Events into a store, as ``--json`` prints them, and marks of the recorder's own sight among them."""

from __future__ import annotations

import json
import time

from tracer.model.event import Loss, Mark, Series, lost
from tracer.model.spelling import to_object
from tracer.model.times import SECOND, utc
from tracer.sinks.json import JsonSink
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracer.model.event import Details, Event
    from tracer.recording.store import Store

SOURCE = "recorder"
SYNC = 1.0  # seconds
STATE = 60.0  # seconds between two marks of how things stand
STEP = SECOND // 10  # An NTP slew moves the clock by less in a minute.


class _Lines:
    """Collects what a JsonSink writes: whole lines each time."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> None:
        if text:
            self._parts.append(text)

    def flush(self) -> None:
        """Nothing is kept elsewhere."""

    def taken(self) -> list[str]:
        taken, self._parts = self._parts, []
        return taken


class Recorder(Sink):
    """``about`` tells what is seen, and is asked for each piece; ``before`` opens the store and tells how the recorder
    before this one ended. Raises Problem where the store cannot go on.

    ``due`` says when it wants to be flushed though nothing comes.
    """

    def __init__(
        self,
        store: Store,
        host: str,
        about: Callable[[], Details],
        before: Callable[[], Details],
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
    ) -> None:
        self._store = store
        self._host = host
        self._about = about
        self._open = before
        self._before: Details | None = None
        self._wall, self._steady = wall, steady
        self._lines = _Lines()
        stream: Any = self._lines
        self._json = JsonSink(stream)
        self._first: int | None = None
        self._last = 0
        # How many lines wait. To look for their ends afterwards takes as long as to write them.
        self._waiting = 0
        self._offset = wall() - steady()
        self._synced = self._stated = steady()
        self._is_dirty = self._has_begun = False
        self.events = self.lost = self.unkept = 0
        self._unwritten = 0
        store.head = self._head

    def start(self) -> None:
        """The mark of a beginning, on disk when this returns."""
        self._before = self._open()
        self._has_begun = True
        self._mark("state", self._totals())
        self._flush(sync=True)

    def write(self, event: Event) -> None:
        times = [event.time]
        if isinstance(event, Series) and event.later:
            times.append(event.later[-1])
        elif isinstance(event, Loss):
            self.lost += event.count or 1
        lines = len(event) if isinstance(event, Series) else 1
        self.events += lines
        self._waiting += lines
        self._note(times)
        self._json.write(event)

    def due(self) -> float:
        """Seconds until it has something to do by itself."""
        now = self._steady()
        due = self._stated + STATE * SECOND
        if self._is_dirty:
            due = min(due, self._synced + SYNC * SECOND)
        return max(0.0, (due - now) / SECOND)

    def flush(self) -> None:
        """Hand all to the kernel; to the disk once a second."""
        now = self._steady()
        offset = self._wall() - now
        if abs(offset - self._offset) >= STEP:
            self._mark("clock step", {"by_ns": offset - self._offset})
            self._offset = offset
        if now - self._stated >= STATE * SECOND:
            self._stated = now
            self._mark("state", self._totals())
        self._flush(sync=now - self._synced >= SYNC * SECOND)

    def close(self) -> None:
        """The mark of a clean end, if it has begun."""
        if not self._has_begun:
            return
        self._has_begun = False
        self._mark("end", self._totals())
        self._flush(sync=True)
        self._store.close()

    def _totals(self) -> Details:
        return {"events": self.events, "lost": self.lost, "bytes": self._store.size}

    def _note(self, times: list[int | None]) -> None:
        known = [time for time in times if time is not None]
        if known:
            self._first = min(known) if self._first is None else min(self._first, *known)
            self._last = max(self._last, *known)

    def _mark(self, what: str, details: Details) -> None:
        mark = self._marked(what, details)
        self._note([mark.time])
        self._waiting += 1
        self._json.write(mark)

    def _marked(self, what: str, details: Details) -> Mark:
        now = self._wall()
        return Mark(now, f"{now:x}-{what.replace(' ', '-')}", SOURCE, what, details, self._host)

    def _head(self) -> bytes:
        """What stands first in each piece: who writes it, and what can be seen in it."""
        if self._before is None:
            mark = self._marked("rotate", self._about())
        else:
            mark = self._marked("begin", {**self._about(), **self._before})
        return (json.dumps(to_object(mark)) + "\n").encode()

    def _flush(self, *, sync: bool) -> None:
        self._json.flush()
        if parts := self._lines.taken():
            self._append(parts)
        if sync:
            self._store.sync()
            self._store.tidy(self._wall())
            self._synced, self._is_dirty = self._steady(), False

    def _append(self, parts: list[str]) -> None:
        now = self._wall()
        first = now if self._first is None else self._first
        last = max(self._last, first)
        lines = missing = self._waiting
        self._first, self._last, self._waiting = None, 0, 0
        if not self._unwritten or self._tells_what_is_missing(now):
            missing = sum([self._store.append(part.encode("ascii"), first, last) for part in parts])
        if missing < lines:
            self._is_dirty = True
            self._before = None
        self._unwritten += missing
        self.unkept += missing
        self.lost += missing

    def _tells_what_is_missing(self, now: int) -> bool:
        """Whether there is room again for a line that says so."""
        gap = lost(now, SOURCE, self._unwritten, "no room on the disk", self._host)
        if self._store.append((json.dumps(to_object(gap)) + "\n").encode(), now, now):
            return False
        self._unwritten = 0
        return True


def said(moment: int | None) -> str:
    """A time in the details of a mark; "" for none."""
    return "" if moment is None else utc(moment)
