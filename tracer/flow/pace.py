"""A source read at its own pace: a recorder, which nobody watches, drains once a second and wakes up as seldom."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.flow.source import Descriptors, LiveSource
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event

REST = 1.0  # seconds
# Meanwhile it is looked at so often: more often after a read of much.
SELDOM, OFTEN = 0.1, 0.02
MUCH = 2000  # events


class Paced:
    """``due`` says in how many seconds the sink wants to be flushed; None: not before something comes.

    A source that cannot say whether it is filling is read at once, as it would be without this.
    """

    def __init__(self, source: LiveSource, due: Callable[[], float | None]) -> None:
        self._source = source
        self._due = due
        self._is_filling: Callable[[], bool] | None = getattr(source, "is_filling", None)
        self._until = self._events = 0.0
        self.name = source.name
        self.grace = source.grace
        self.keeps = source.keeps

    def descriptors(self) -> Descriptors:
        """Nothing wakes a reader that rests."""
        return () if self._left() else self._source.descriptors()

    def due(self) -> float | None:
        """The sink's time, a look at the buffer, or the source's own."""
        left = self._left()
        step = min(left, OFTEN if self._events > MUCH else SELDOM) if left else self._source.due()
        sinks = self._due()
        if step is None or sinks is None:
            return sinks if step is None else step
        return min(step, sinks)

    def has_begun(self) -> bool:
        """As the source has."""
        return self._source.has_begun()

    def is_over(self) -> bool:
        """As the source is."""
        return self._source.is_over()

    def read(self, last: bool = False) -> Iterator[Event]:
        """What is there, or nothing during a rest."""
        if self._left() and not last and self._is_filling is not None and not self._is_filling():
            return
        told = 0
        for event in self._source.read(last):
            told += 1
            yield event
        self._events = told
        if told and self._is_filling is not None:
            self._until = time.monotonic() + REST

    def coverage(self) -> list[Coverage]:
        """That of the source."""
        return self._source.coverage()

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())
