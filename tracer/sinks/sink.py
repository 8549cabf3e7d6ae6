"""Where events go."""

from __future__ import annotations

from tracer.model.event import Series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Event


class Sink:
    """Takes events one by one in ``tell``; who gains by taking many together overrides ``write``."""

    def start(self) -> None:
        """What stands above the events."""

    def write(self, event: Event) -> None:
        """Take an event, or signals that travel together."""
        if isinstance(event, Series):
            for signal in event.signals():
                self.tell(signal)
        else:
            self.tell(event)

    def tell(self, event: Event) -> None:
        """Take one event; no Series."""

    def flush(self) -> None:
        """Nothing more comes for the moment: what is held is written."""

    def due(self) -> float | None:
        """Seconds after which it wants to be flushed though nothing comes; None: it does not."""
        return None

    def close(self) -> None:
        """Nothing more comes."""
