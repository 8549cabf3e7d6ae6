"""One death, one row: a signal that ends its target waits for the end, for 5 ms at most.

All others wait for nothing but the end of what is read at once: until then they keep their order.
"""

from __future__ import annotations

import time

from tracer.model.event import Exit, Signal
from tracer.model.signals import HARMLESS
from tracer.model.times import MILLISECOND, SECOND
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from tracer.model.event import Event

    class Rows(Protocol):
        """A sink that can tell a signal together with the end of its target."""

        def start(self) -> None: ...
        def write(self, event: Event) -> None: ...
        def died(self, signal: Signal, end: Exit) -> None: ...
        def flush(self) -> None: ...
        def due(self) -> float | None: ...
        def close(self) -> None: ...


PATIENCE = 5 * MILLISECOND
MOST = 8192  # events that are held back


def ends_its_target(event: Event) -> bool:
    """Whether a signal has the default action, and that is to end the process."""
    return (
        isinstance(event, Signal) and event.outcome == "delivered" and event.number not in HARMLESS
    )


class _Held:
    """An event, and of one that waits until when (of a monotonic clock); its end once that has come."""

    __slots__ = ("end", "event", "until")

    def __init__(self, event: Event, until: int | None) -> None:
        self.event = event
        self.until = until
        self.end: Exit | None = None


class Waiting(Sink):
    """Goes before a table."""

    def __init__(self, rows: Rows, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._rows = rows
        self._now = now
        self._held: list[_Held] = []
        # By the signal's id and the target's pid: the victims of a wide kill share an id.
        self._waits: dict[tuple[str, int | None], _Held] = {}

    def start(self) -> None:
        self._rows.start()

    def write(self, event: Event) -> None:
        waits = ends_its_target(event)
        if not (waits or self._held):
            self._rows.write(event)
            return
        if isinstance(event, Exit) and self._joins(event):
            self._pass(event.time)
            return
        held = _Held(event, self._now() + PATIENCE if waits else None)
        if isinstance(event, Signal) and waits:
            self._waits[event.id, _pid_of(event)] = held
        self._held.append(held)
        self._pass(event.time)

    def due(self) -> float | None:
        """Until the first that waits has waited long enough."""
        behind = self._rows.due()
        until = [held.until for held in self._held if held.until is not None]
        own = max(0, min(until) - self._now()) / SECOND if until else None
        return behind if own is None else own if behind is None else min(own, behind)

    def flush(self) -> None:
        """What does not wait, or has waited, is told."""
        if self._held:
            now = self._now()
            held, self._held = self._held, []
            for one in held:
                if one.until is not None and one.until > now:
                    self._held.append(one)
                else:
                    self._tell(one)
        self._rows.flush()

    def close(self) -> None:
        for held in self._held:
            self._tell(held)
        self._held.clear()
        self._rows.close()

    def _joins(self, end: Exit) -> bool:
        """Whether a row waits for this end, and it came soon enough to stand in it."""
        held = self._waits.pop((end.cause or "", end.process.pid), None)
        if held is None:
            return False
        held.until = None
        if end.after_ns is None or end.after_ns > PATIENCE:
            return False
        held.end = end
        return True

    def _pass(self, moment: int | None) -> None:
        """Tell from the front what need not wait at this time of an event."""
        ready = 0
        for held in self._held:
            is_over = held.until is None or (
                moment is not None and moment - (held.event.time or 0) > PATIENCE
            )
            if not is_over and len(self._held) - ready <= MOST:
                break
            ready += 1
        for held in self._held[:ready]:
            self._tell(held)
        del self._held[:ready]

    def _tell(self, held: _Held) -> None:
        signal = held.event
        if not isinstance(signal, Signal):
            self._rows.write(signal)
            return
        self._waits.pop((signal.id, _pid_of(signal)), None)
        if held.end is None:
            self._rows.write(signal)
        else:
            self._rows.died(signal, held.end)


def _pid_of(signal: Signal) -> int | None:
    return None if signal.target is None else signal.target.pid
