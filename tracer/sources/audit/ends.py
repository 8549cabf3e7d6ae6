"""Ends of processes, each held until the records of what it died of have come.

Records come through a kernel thread (kauditd_thread(), kernel/audit.c), and may come later than the death,
on a busy machine much later. What is sent to a pid behind its end was for a zombie, or for the pid's next owner.
Times are nanoseconds of boot time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tracer.model.memo import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.host.process_connector import Ended
    from tracer.model.event import Process

    Sent = tuple[Process, int]

WAIT = 100_000_000
# So long a target that was gone when it was looked at may still be told to have ended.
GONE = 1_000_000_000
# So many ends of processes that nothing is known to have been sent are kept, should it come after all.
KEPT = 4096


class Ends:
    """Told of ends and of what is sent to whom, in any order; gives an end after both."""

    def __init__(self) -> None:
        self._targets: dict[int, Sent] = {}
        self._next: dict[int, Sent] = {}  # of pids whose ends wait
        self._waiting: deque[Ended] = deque()
        self._waits: dict[int, int] = {}
        self._unasked: Bounded[int, Ended] = Bounded(KEPT)
        self._asked: list[Ended] = []  # which had waited in vain

    def __bool__(self) -> bool:
        """Whether an end waits."""
        return bool(self._waiting or self._asked)

    def add(self, ends: Iterable[Ended]) -> None:
        for end in ends:
            self._waiting.append(end)
            self._waits.setdefault(end.pid, end.time)

    def sent(self, target: Process, at: int) -> None:
        """A signal was sent to a process, at this time."""
        if target.pid is None:
            return
        ended = self._waits.get(target.pid)
        is_less_known = target.start is None and target.pid in self._targets
        if ended is not None and (ended < at or is_less_known):
            self._next[target.pid] = target, at
            return
        self._targets[target.pid] = target, at
        end = self._unasked.get(target.pid)
        if end and end.time >= at:
            del self._unasked[target.pid]
            self._asked.append(end)

    def forget(self) -> None:
        """Ends were missed: whose pids are used again is not known."""
        self._targets.clear()
        self._next.clear()

    def due(self, now: int, *, last: bool) -> Iterator[tuple[Ended, Process | None]]:
        """The ends that have waited long enough, or all, each with the target that it is of, if any."""
        self._asked.sort(key=lambda end: end.time)
        while self._asked:
            end = self._asked.pop(0)
            yield end, self._target_of(end)
        while self._waiting and (last or now - self._waiting[0].time > WAIT):
            end = self._waiting.popleft()
            self._waits.pop(end.pid, None)
            target = self._target_of(end)
            if end.pid in self._next:
                self._targets[end.pid] = self._next.pop(end.pid)
            if target is None:
                self._unasked[end.pid] = end
            yield end, target

    def _target_of(self, end: Ended) -> Process | None:
        """Who was sent something under that pid; of whom is not known when it was born, it was just before its end."""
        target, at = self._targets.pop(end.pid, (None, 0))
        if target is not None and target.start is None and end.time - at > GONE:
            return None
        return target
