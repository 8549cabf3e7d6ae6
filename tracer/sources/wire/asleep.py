"""Signals to what sleeps uninterruptibly: most do so for a moment, and only what still does a second later is told."""

from __future__ import annotations

from tracer.host import procfs
from tracer.host.clock import boot_now
from tracer.model.event import Series
from tracer.model.frozen import replace
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    from tracer.model.event import Signal

    Sent = Union[Signal, Series]

_STATE = "uninterruptible"


class Asleep:
    """Keeps such signals back for as long as that, and the others not at all."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Sent]] = []

    def passed(self, events: Iterator[Sent]) -> Iterator[Sent]:
        """Those that need not wait."""
        for event in events:
            if _signal_of(event).target_state != _STATE:
                yield event
            elif _sleeps(event):
                self._waiting.append((boot_now() + SECOND, event))
            else:
                yield _awoken(event)

    def awake(self, last: bool) -> Iterator[Sent]:
        """Those whose time is over, or whose target sleeps no more; with ``last`` all."""
        waiting, self._waiting = self._waiting, []
        for due, event in waiting:
            is_due = boot_now() >= due
            if not _sleeps(event) or (last and not is_due):
                yield _awoken(event)
            elif is_due:
                yield event
            else:
                self._waiting.append((due, event))

    def due(self) -> float | None:
        """Seconds until the next look; None where nothing waits."""
        if not self._waiting:
            return None
        return max(0, self._waiting[0][0] - boot_now()) / SECOND


def _signal_of(event: Sent) -> Signal:
    return event.first if isinstance(event, Series) else event


def _sleeps(event: Sent) -> bool:
    target = _signal_of(event).target
    tid = None if target is None else target.tid or target.pid
    return tid is not None and procfs.state_of(tid) == b"D"


def _awoken(event: Sent) -> Sent:
    first = replace(_signal_of(event), target_state=None)
    return Series(first, event.later) if isinstance(event, Series) else first
