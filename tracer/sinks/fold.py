"""Storms folded: of one sender, target and signal a hundred a second go on as they are, the rest as one."""

from __future__ import annotations

from bisect import bisect_left
from time import time_ns

from tracer.model.event import Series, Signal
from tracer.model.frozen import replace
from tracer.model.times import SECOND
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.model.event import Event, Process

PLAIN = 100  # signals of a second that are not folded
_KEPT_MAX = 4096


class Storm:
    """One second of signals that are alike; ``first`` is the first that is folded, and stands for ``count``."""

    __slots__ = ("began", "count", "first", "last", "seen")

    def __init__(self, began: int) -> None:
        self.began = began
        self.seen = 0
        self.first: Signal | None = None
        self.count = 0
        self.last = 0

    def fold(self, signal: Signal, count: int, last: int) -> None:
        self.first = self.first or signal
        self.count += count
        self.last = max(self.last, last)

    def folded(self) -> Signal | None:
        """The one row for all that was held back; one alone is told as it is."""
        if self.first is None or self.count == 1:
            return self.first
        return replace(self.first, count=self.count, last=self.last)


class Folding(Sink):
    """Goes before another sink. What was folded is told a second after it began, with the first that was."""

    def __init__(self, sink: Sink, now: Callable[[], int] = time_ns) -> None:
        self._sink = sink
        self._now = now
        self._storms: dict[object, Storm] = {}

    def start(self) -> None:
        self._sink.start()

    def signal(self, signal: Signal) -> None:
        if signal.time is None:
            self._sink.write(signal)
        else:
            self._alike(signal, [signal.time])

    def series(self, series: Series) -> None:
        self._alike(series.first, series.times())

    def tell(self, event: Event) -> None:
        self._sink.write(event)

    def due(self) -> float | None:
        """Until something that is held back has to be told, or the sink behind it wants to."""
        held = [storm.began for storm in self._storms.values() if storm.first is not None]
        own = max(0.0, (min(held) + SECOND - self._now()) / SECOND) if held else None
        behind = self._sink.due()
        return behind if own is None else own if behind is None else min(own, behind)

    def flush(self) -> None:
        now = self._now()
        # A second that has not begun is one from before the clock was set back.
        over = [key for key, storm in self._storms.items() if not 0 <= now - storm.began < SECOND]
        for key in over:
            self._tell(self._storms.pop(key))
        self._sink.flush()

    def close(self) -> None:
        for storm in self._storms.values():
            self._tell(storm)
        self._storms.clear()
        self._sink.close()

    def _alike(self, signal: Signal, times: list[int]) -> None:
        at, key = 0, _key(signal)
        while at < len(times):
            storm = self._storm(key, times[at])
            # Times of several CPUs are not quite in order; at least one belongs here.
            end = max(at + 1, bisect_left(times, storm.began + SECOND, at))
            plain = max(0, min(PLAIN - storm.seen, end - at))
            storm.seen += end - at
            if plain:
                self._sink.write(_repeats(signal, times[at : at + plain]))
            if at + plain < end:
                first = _repeats(signal, times[at + plain : at + plain + 1])
                storm.fold(first, end - at - plain, times[end - 1])  # type: ignore[arg-type]
            at = end

    def _storm(self, key: object, time: int) -> Storm:
        storm = self._storms.get(key)
        if storm is None or not time < storm.began + SECOND:
            if storm is not None:
                self._tell(storm)
            elif len(self._storms) >= _KEPT_MAX:
                self.flush()
            storm = self._storms[key] = Storm(time)
        return storm

    def _tell(self, storm: Storm) -> None:
        folded = storm.folded()
        if folded is not None:
            self._sink.write(folded)


def _repeats(signal: Signal, times: list[int]) -> Signal | Series:
    """Some of the signals that differ from this one in time alone."""
    first = signal
    if times[0] != signal.time:
        own = signal.id.partition("-")[2]
        first = replace(signal, time=times[0], id=f"{times[0]:x}-{own}")
    return Series(first, times[1:]) if len(times) > 1 else first


def _key(signal: Signal) -> object:
    return (
        _own(signal.sender),
        _own(signal.target),
        *(signal.number, signal.code, signal.origin, signal.outcome, signal.why),
    )


def _own(process: Process | None) -> object:
    return process and (process.pid, process.start)
