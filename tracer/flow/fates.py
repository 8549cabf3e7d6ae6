"""What came of a signal's target: signals wait until that is known, and those with another fate are left out.

Behind the join: a death names its signal there (``cause``), or the one that was handled before an exit (``handled``).
"""

from __future__ import annotations

from tracer.flow.filter import outcome_word
from tracer.model.event import Exit, Failed, Probe, Series, Signal, moment
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.flow.filter import Filter
    from tracer.model.event import Event

# Who has not ended by then has survived.
SURVIVED = 5 * SECOND
# Signals that wait at most; the oldest are told as survivors when there are more.
WAITING_MAX = 8192  # some 5 KB each


class Fates:
    """Lets through what has one of the wanted fates or outcomes; everything if no fate is asked for."""

    def __init__(self, filter_: Filter) -> None:
        self._fates = filter_.fates
        self._outcomes = filter_.outcomes
        self._waiting: dict[str, list[Signal]] = {}
        self._count = 0

    def wait(self) -> bool:
        """Whether some signals wait for what comes of them."""
        return bool(self._waiting)

    def feed(self, event: Event) -> Iterator[Event]:
        """What is known with this event."""
        if not self._fates:
            yield event
            return
        if isinstance(event, Series):
            for signal in event.signals():
                yield from self.feed(signal)
            return
        if event.time is not None:
            yield from self.pass_time(event.time)
        if isinstance(event, Signal):
            if outcome_word(event) in self._outcomes:
                yield event
                return
            # The victims of a wide kill share an id.
            self._waiting.setdefault(event.id, []).append(event)
            self._count += 1
            if self._count > WAITING_MAX:
                yield from self._survivors(next(iter(self._waiting)))
        elif isinstance(event, Exit):
            yield from self._ended(event)
        elif not isinstance(event, (Failed, Probe)) or outcome_word(event) in self._outcomes:
            yield event

    def pass_time(self, now: int) -> Iterator[Event]:
        """Those that have waited long enough have survived. ``now`` is in nanoseconds since the epoch."""
        while self._waiting:
            first = next(iter(self._waiting))
            if now - moment(self._waiting[first][0]) <= SURVIVED:
                return
            yield from self._survivors(first)

    def end(self) -> Iterator[Event]:
        """Nothing more comes."""
        while self._waiting:
            yield from self._survivors(next(iter(self._waiting)))

    def _survivors(self, id_: str) -> Iterator[Event]:
        signals = self._waiting.pop(id_)
        self._count -= len(signals)
        if "survived" in self._fates:
            yield from signals

    def _ended(self, event: Exit) -> Iterator[Event]:
        fate = "died" if event.number is not None else "exited"
        id_ = event.cause if event.number is not None else event.handled
        signals = self._waiting.get(id_ or "", [])
        mine = [one for one in signals if one.target is None or one.target.pid == event.process.pid]
        for signal in mine:
            signals.remove(signal)
            self._count -= 1
        if id_ in self._waiting and not signals:
            del self._waiting[id_]
        if fate in self._fates:
            yield from mine
            yield event
