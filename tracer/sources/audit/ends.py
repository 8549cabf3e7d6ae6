"""Ends of processes, each held until the records of what it died of have come.

Records come through a kernel thread (kauditd_thread(), kernel/audit.c), and may come later than the death,
on a busy machine much later. Times are nanoseconds of boot time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tracer.model.memo import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.host.process_connector import Ended
    from tracer.model.event import Process

WAIT = 100_000_000
# So many ends of processes that nothing is known to have been sent are kept, should it come after all.
KEPT = 4096


class Ends:
    """Told of ends and of what is sent to whom, in any order; gives an end after both."""

    def __init__(self) -> None:
        self._targets: dict[int, Process] = {}
        self._waiting: deque[Ended] = deque()
        self._unasked: Bounded[int, Ended] = Bounded(KEPT)
        self._asked: list[Ended] = []  # which had waited in vain

    def __bool__(self) -> bool:
        """Whether an end waits."""
        return bool(self._waiting or self._asked)

    def add(self, ends: Iterable[Ended]) -> None:
        self._waiting.extend(ends)

    def sent(self, target: Process, at: int) -> None:
        """A signal was sent to a process, at this time."""
        if target.pid is None:
            return
        self._targets[target.pid] = target
        end = self._unasked.get(target.pid)
        if end and end.time >= at:
            del self._unasked[target.pid]
            self._asked.append(end)

    def due(self, now: int, *, last: bool) -> Iterator[tuple[Ended, Process | None]]:
        """The ends that have waited long enough, or all, each with the target that it is of, if any."""
        self._asked.sort(key=lambda end: end.time)
        while self._asked:
            end = self._asked.pop(0)
            yield end, self._targets.pop(end.pid, None)
        while self._waiting and (last or now - self._waiting[0].time > WAIT):
            end = self._waiting.popleft()
            target = self._targets.pop(end.pid, None)
            if target is None:
                self._unasked[end.pid] = end
            yield end, target
