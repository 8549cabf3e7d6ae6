"""What a sink remembers of the signals and commands before a death, to say whose it was."""

from __future__ import annotations

from tracer.model.event import Exec, Series, Signal
from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Event, Exit

_SIGNALS, _EXECS = 2048, 64


class Near:
    """The last signals by their ids, and the last starts of commands."""

    def __init__(self) -> None:
        self._signals: Bounded[str, Signal] = Bounded(_SIGNALS)
        self._execs: list[Exec] = []

    def remember(self, event: Event) -> None:
        if isinstance(event, Signal):
            self._signals[event.id] = event
        elif isinstance(event, Series):
            self.remember(event.first)
            self.remember(event.last())
        elif isinstance(event, Exec):
            self._execs = [*self._execs[1 - _EXECS :], event]

    def cause_of(self, end: Exit) -> Signal | None:
        """The signal that it died of."""
        return self._signals.get(end.cause or "")

    def story_of(self, end: Exit) -> list[Signal | Exec | Exit]:
        """That signal, the commands before it, and the end."""
        cause = self.cause_of(end)
        return [*([] if cause is None else [cause]), *self._execs, end]
