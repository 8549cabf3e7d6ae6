"""When a pid may be another process's, though no record says so: a process that is born by fork(2) alone is not logged.

The kernel gives pids one after the other, and from the lowest again behind the highest (alloc_pid(), kernel/pid.c). So one that is
given anew proves that all others that were free meanwhile may be, too.
"""

from __future__ import annotations

from typing import Optional

from tracer.model.memo import Bounded
from tracer.model.times import SECOND

Key = tuple[Optional[bytes], int]
ENDS_MAX = 4  # of one pid
KEPT_MAX = 16_384
# So long a pid is believed to be its owner's where births are not logged at all: 32,768 pids last a busy host that long.
BLIND = 60 * SECOND


class Rounds:
    """What a log, or the process connector, shows of pids that are used again. ``sees_ends``: nothing but what is told to
    ``ended`` makes one free."""

    def __init__(self, *, sees_ends: bool = False) -> None:
        self._sees_ends = sees_ends
        self._births: set[bytes | None] = set()
        self._last: dict[bytes | None, tuple[int, int]] = {}
        self._ends: Bounded[Key, tuple[int, ...]] = Bounded(KEPT_MAX)

    def shows_births(self, node: bytes | None) -> None:
        """A host's log has programs that begin, as a rule: pids that are given anew are seen in it."""
        self._births.add(node)

    def over(self, node: bytes | None, since: int, until: int) -> None:
        """A pid that was somebody's at ``since`` is another's at ``until``."""
        known = self._last.get(node)
        if known is None or known[0] < since:
            self._last[node] = since, until

    def ended(self, key: Key, time: int) -> None:
        """A process ended, and its pid was free."""
        self._ends.renew(key, (*self._ends.get(key, ()), time)[-ENDS_MAX:])

    def holds(self, key: Key, seen: int, now: int) -> bool:
        """Whether what was seen of a pid may be believed of who has it now."""
        if any(seen <= end < now for end in self._ends.get(key, ())):
            return False
        if self._sees_ends:
            return True
        since, until = self._last.get(key[0], (-1, 0))
        if seen <= since and now >= until:
            return False
        return key[0] in self._births or now - seen <= BLIND
