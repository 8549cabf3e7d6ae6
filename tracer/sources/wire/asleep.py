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
        """Those that need not wait, after those to the same target that do."""
        for event in events:
            if self._waiting:
                yield from self.before(_pid_of(event))
            if _signal_of(event).target_state != _STATE:
                yield event
            elif _sleeps(event):
                self._waiting.append((boot_now() + SECOND, event))
            else:
                yield _awoken(event)

    def before(self, pid: int | None) -> Iterator[Sent]:
        """Those to a process of which something is told that came later: its end, or another signal."""
        mine = [event for _, event in self._waiting if _pid_of(event) == pid]
        if mine:
            self._waiting = [pair for pair in self._waiting if _pid_of(pair[1]) != pid]
            yield from map(_awoken, mine)

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


def _pid_of(event: Sent) -> int | None:
    target = _signal_of(event).target
    return None if target is None else target.pid


def _sleeps(event: Sent) -> bool:
    target = _signal_of(event).target
    tid = None if target is None else target.tid or target.pid
    return tid is not None and procfs.state_of(tid) == b"D"


def _awoken(event: Sent) -> Sent:
    first = replace(_signal_of(event), target_state=None)
    return Series(first, event.later) if isinstance(event, Series) else first
