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
# Of one process; when more come within the second, nothing is said of their sleep.
KEPT_MAX = 4096


class Asleep:
    """Keeps such signals back for as long as that, with what comes behind them to the same process; and the others not at
    all."""

    def __init__(self) -> None:
        # By pid, in their order. The first of each sleeps; one that need not wait itself has no time.
        self._waiting: dict[int | None, list[tuple[int | None, Sent]]] = {}

    def passed(self, events: Iterator[Sent]) -> Iterator[Sent]:
        """Those that need not wait."""
        for event in events:
            due = None
            if _signal_of(event).target_state == _STATE:
                if _sleeps(event):
                    due = boot_now() + SECOND
                else:
                    event = _awoken(event)
            if due is None and not self._waiting:
                yield event
                continue
            pid = _pid_of(event)
            queue = self._waiting.get(pid)
            if queue is not None and len(queue) >= KEPT_MAX:
                yield from self.before(pid)
                queue = None
            if queue is not None:
                queue.append((due, event))
            elif due is None:
                yield event
            else:
                self._waiting[pid] = [(due, event)]

    def before(self, pid: int | None) -> Iterator[Sent]:
        """Those to a process of which the end is told."""
        if self._waiting:
            for due, event in self._waiting.pop(pid, ()):
                yield event if due is None else _awoken(event)

    def awake(self, last: bool) -> Iterator[Sent]:
        """Those whose time is over, or whose target sleeps no more, and what waits for nothing but them; with ``last`` all."""
        for pid, queue in list(self._waiting.items()):
            over = list(_over(queue, last))
            if len(over) == len(queue):
                del self._waiting[pid]
            else:
                del queue[: len(over)]
            yield from over

    def due(self) -> float | None:
        """Seconds until the next look; None where nothing waits."""
        first = min((queue[0][0] or 0 for queue in self._waiting.values()), default=None)
        return None if first is None else max(0, first - boot_now()) / SECOND


def _over(queue: list[tuple[int | None, Sent]], last: bool) -> Iterator[Sent]:
    """Those at its beginning that need not wait any longer. Each thread is looked at once."""
    now = boot_now()
    sleeps: dict[int | None, bool] = {}
    for due, event in queue:
        if due is None:
            yield event
            continue
        tid = _tid_of(event)
        if tid not in sleeps:
            sleeps[tid] = _sleeps(event)
        if not sleeps[tid] or (last and now < due):
            yield _awoken(event)
        elif now >= due:
            yield event
        else:
            return


def _signal_of(event: Sent) -> Signal:
    return event.first if isinstance(event, Series) else event


def _pid_of(event: Sent) -> int | None:
    target = _signal_of(event).target
    return None if target is None else target.pid


def _tid_of(event: Sent) -> int | None:
    target = _signal_of(event).target
    return None if target is None else target.tid or target.pid


def _sleeps(event: Sent) -> bool:
    tid = _tid_of(event)
    return tid is not None and procfs.state_of(tid) == b"D"


def _awoken(event: Sent) -> Sent:
    first = replace(_signal_of(event), target_state=None)
    return Series(first, event.later) if isinstance(event, Series) else first
