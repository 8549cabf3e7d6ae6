"""Which signals are of one call: the victims of kill(-pgid) or kill(-1), of a pidfd's process group, of cgroup.kill."""

from __future__ import annotations

from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Signal

REMEMBERED = 1024
# Victims of one kill(-1) follow each other within microseconds; nothing else of that thread between.
GAP = 50_000_000  # ns
_CALLS = ("kill", "pidfd_send_signal")


def is_wide(signal: Signal) -> bool:
    """Whether its call may have had other victims."""
    if signal.origin == "cgroup.kill":
        return True
    return signal.asked is not None and signal.asked <= 0 and signal.call in _CALLS


class Wide:
    """Gives the victims of one call the id of the first of them."""

    def __init__(self) -> None:
        self._calls: Bounded[int, tuple[tuple[int, int, str | None], int, str, set[int]]] = Bounded(
            REMEMBERED
        )

    def id_of(self, time: int, signal: Signal, own: str) -> str:
        """The id to share, ``own`` for the first victim. A victim met twice begins another call."""
        if signal.sender is None or signal.target is None:
            return own
        tid, victim = signal.sender.tid or 0, signal.target.pid or 0
        call = (signal.asked or 0, signal.number, signal.origin)
        known = self._calls.get(tid)
        if known and known[0] == call and victim not in known[3] and time - known[1] < GAP:
            known[3].add(victim)
            self._calls[tid] = (call, time, known[2], known[3])
            return known[2]
        self._calls[tid] = (call, time, own, {victim})
        return own
