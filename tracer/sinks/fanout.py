"""Several sinks in one run: the table and a recording, for one."""

from __future__ import annotations

from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.model.event import Event


class Fanout(Sink):
    """What each of the others does, in their order; an error of one ends the run."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def start(self) -> None:
        for sink in self._sinks:
            sink.start()

    def write(self, event: Event) -> None:
        for sink in self._sinks:
            sink.write(event)

    def flush(self) -> None:
        for sink in self._sinks:
            sink.flush()

    def due(self) -> float | None:
        dues = [due for sink in self._sinks if (due := sink.due()) is not None]
        return min(dues, default=None)

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()
