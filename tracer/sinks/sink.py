"""Where events go."""

from __future__ import annotations

from tracer.model.event import (
    Exec,
    Exit,
    Failed,
    Loss,
    Mark,
    Probe,
    Series,
    Signal,
    Statement,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from tracer.model.event import Event

    Attempt = Union[Failed, Probe]
    Said = Union[Statement, Exec, Mark]

# Which method of a sink takes an event of each kind; a kind that is not here goes to ``tell``.
TAKES = {
    Signal: "signal",
    Series: "series",
    Failed: "attempt",
    Probe: "attempt",
    Exit: "exit",
    Loss: "loss",
    Statement: "said",
    Exec: "said",
    Mark: "said",
}


class Sink:
    """Takes each event by the method of its kind; who makes no difference has ``tell`` alone. Who gains by taking many
    signals together has ``series``."""

    def start(self) -> None:
        """What stands above the events."""

    def write(self, event: Event) -> None:
        """Take an event, or signals that travel together."""
        getattr(self, TAKES.get(type(event), "tell"))(event)

    def signal(self, signal: Signal) -> None:
        self.tell(signal)

    def series(self, series: Series) -> None:
        for signal in series.signals():
            self.signal(signal)

    def attempt(self, attempt: Attempt) -> None:
        self.tell(attempt)

    def exit(self, end: Exit) -> None:
        self.tell(end)

    def loss(self, loss: Loss) -> None:
        self.tell(loss)

    def said(self, said: Said) -> None:
        self.tell(said)

    def tell(self, event: Event) -> None:
        """Take one event of a kind that has no method here; no Series."""

    def flush(self) -> None:
        """Nothing more comes for the moment: what is held is written."""

    def due(self) -> float | None:
        """Seconds after which it wants to be flushed though nothing comes; None: it does not."""
        return None

    def close(self) -> None:
        """Nothing more comes."""
