"""Which ends are worth a line though no signal came before them."""

from __future__ import annotations

from tracer.flow.join import Joiner
from tracer.model.event import Exit
from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.model.event import Event

OLD = 10_000_000_000  # ns of life
_REMEMBERED = 4096


def is_worth(end: Exit) -> bool:
    """An end with a status other than 0, of what a unit or container was started for, or after ten seconds."""
    process = end.process
    if end.number is not None:
        return True
    if not end.status:
        return False
    if process.ppid == 1 or process.ns_pid == 1:
        return True
    return None not in (end.time, process.start) and end.time - process.start >= OLD  # type: ignore[operator]


class Keeper(Joiner):
    """Joins as a live trace does, and lets ends through that a live trace does not show.

    Where the kernel tells one end twice (bpf/exits.bpf.h), it is kept once.
    """

    def __init__(self, filter_: Filter, joining: frozenset[str], *, every_exit: bool) -> None:
        super().__init__(filter_, joining)
        self._every_exit = every_exit
        self._ended: Bounded[tuple[int | None, int | None], None] = Bounded(_REMEMBERED)

    def join(self, event: Event) -> Event | None:
        if not isinstance(event, Exit):
            return super().join(event)
        key = event.process.pid, event.process.start
        if key in self._ended:
            return None
        self._ended[key] = None
        joined = super().join(event)
        if joined is None and (self._every_exit or is_worth(event)):
            return event
        return joined
