"""Records in runs: signals that differ in nothing but their time are one run, all else is by itself."""

from __future__ import annotations

import sys
from struct import Struct

from tracer.libbpf.ring import HEADER, kept
from tracer.model.frozen import frozen
from tracer.sources.wire import records as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.libbpf.ring import Stretch

_PLACES = wire.SIGNAL_RECORD.at
_HEAD = _PLACES["time"]
_REST = _HEAD + 8
_HEAD_TIME_REST = Struct(f"={HEADER}x{_HEAD}sQ{wire.SIGNAL_RECORD.size - _REST}s")
_NUMBER = _PLACES["signal"]
# The byte of the flags that HAS_MORE is in, and its bit there.
_MORE = wire.HAS_MORE.to_bytes(4, sys.byteorder)
_MORE_AT = _PLACES["flags"] - _REST + [bool(byte) for byte in _MORE].index(True)
_MORE_BIT = max(_MORE)
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
    """SIGKILL is never folded: each may be the OOM killer's, and is the end of its target. Nor is what has more."""
    bodies = memoryview(taken)[stretch.at - HEADER : stretch.end]
    times: list[int] = []
    last_head = last_rest = None
    for index, (head, time, rest) in enumerate(_HEAD_TIME_REST.iter_unpack(bodies)):
        if head == last_head and rest == last_rest:
            times.append(time)
            continue
        times = [time]
        found.append(Run(taken, stretch.at + index * stretch.step, times))
        is_alone = head[_NUMBER] == _SIGKILL or rest[_MORE_AT] & _MORE_BIT
        last_head, last_rest = (None, None) if is_alone else (head, rest)
