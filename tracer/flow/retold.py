"""Events that were joined when they were recorded: which of them are shown again."""

from __future__ import annotations

from tracer.flow.join import IDS_REMEMBERED, Joiner
from tracer.model.event import Exit, Mark, Signal, Statement
from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.model.event import Event

# What a recorder notes for itself, minute by minute and piece by piece.
BOOKKEEPING = frozenset(("state", "rotate"))


class Retold(Joiner):
    """Nothing is joined a second time. An end is shown with the signal that it followed, and one that followed none
    where its process is wanted. ``whole``: the recorder's bookkeeping, too."""

    def __init__(self, filter_: Filter, *, whole: bool) -> None:
        super().__init__(filter_)
        self._filter = filter_
        self._whole = whole
        self._shown: Bounded[str, None] = Bounded(IDS_REMEMBERED)

    def join(self, event: Event) -> Event | None:
        if isinstance(event, Exit):
            return event if self._is_wanted(event) else None
        if isinstance(event, Mark) and event.what in BOOKKEEPING and not self._whole:
            return None
        if isinstance(event, Signal):
            self._shown[event.id] = None
        return event

    def _is_wanted(self, end: Exit) -> bool:
        if self._shown.keys() & {end.cause, end.handled}:
            return True
        if self.is_full:
            return False
        # An end has a process and no sender, as what is said of a process has.
        about = Statement(end.time, end.id, end.source, "", about=end.process)
        if self._filter.matches(about):
            return True
        if end.number is None or end.cause is not None:
            return False
        sent = Signal(end.time, end.id, end.source, end.number, target=end.process)
        return self._filter.matches(sent)
