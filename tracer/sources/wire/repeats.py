"""Records in runs: signals that differ in nothing but their time are one run, all else is by itself."""

from __future__ import annotations

from struct import Struct

from tracer.libbpf.ring import HEADER, kept
from tracer.model.frozen import frozen
from tracer.sources.wire import records as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.libbpf.ring import Stretch

_HEAD_TIME_REST = Struct(f"={HEADER}x8sQ{wire.SIGNAL_RECORD.size - 16}s")
_NUMBER = 4  # offset of the signal's number
_SIGKILL = 9


@frozen
class Run:
    """A record at ``at`` of ``taken``; for a signal the boot times of it and of those alike after it."""

    taken: bytes
    at: int
    times: list[int]


def runs(taken: bytes) -> list[Run]:
    """What ``Ring.take`` returned, in its order."""
    found: list[Run] = []
    for stretch in kept(taken):
        if stretch.size == wire.SIGNAL_RECORD.size:
            _add_signals(found, taken, stretch)
        else:
            ends = range(stretch.at, stretch.end, stretch.step)
            found += [Run(taken, at, []) for at in ends]
    return found


def _add_signals(found: list[Run], taken: bytes, stretch: Stretch) -> None:
    """SIGKILL is never folded: each may be the OOM killer's, and is the end of its target."""
    bodies = memoryview(taken)[stretch.at - HEADER : stretch.end]
    times: list[int] = []
    last_head = last_rest = None
    for index, (head, time, rest) in enumerate(_HEAD_TIME_REST.iter_unpack(bodies)):
        if head == last_head and rest == last_rest:
            times.append(time)
            continue
        times = [time]
        found.append(Run(taken, stretch.at + index * stretch.step, times))
        last_head, last_rest = (None, None) if head[_NUMBER] == _SIGKILL else (head, rest)
