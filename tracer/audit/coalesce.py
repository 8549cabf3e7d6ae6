"""Records → events: those with the same node, time and serial belong together.

The kernel writes an event's records one by one (audit_log_exit(), kernel/auditsc.c), other CPUs write
theirs between them, and ausearch turns the order round. An event has ended with its EOE record, or when
the log's own time is two seconds away from it (auditd keeps no EOE): never by the clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tracer.audit import record
from tracer.audit.record import Record, Stamp
from tracer.model.memo import Bounded
from tracer.model.times import SECOND

APART = 2 * SECOND
OPEN_MAX = 10_000
BYTES_MAX = 16 << 20
TOLD_MAX = 32_768


class Group(NamedTuple):
    """One event: its records in the order of the log, without repetitions.

    ``seen``: it is no news, only to be remembered for what it says of a process.
    """

    stamp: Stamp
    records: tuple[Record, ...]
    seen: bool = False


class _Open:
    __slots__ = ("ended", "records", "size", "whole")

    def __init__(self) -> None:
        self.records: dict[tuple[int, bytes], Record] = {}
        self.ended = False
        self.size = 0
        self.whole: Group | None = None


class Coalescer:
    """Feed it records in the order of the log; it gives groups back in the order of their first record.

    ``given_up`` counts events closed before their end because too many were open, ``repeated`` records of
    events that were closed before (a log that holds the same event twice). ``in_order``: as the kernel writes them,
    nothing of an event after its EOE.
    """

    def __init__(
        self, open_max: int = OPEN_MAX, bytes_max: int = BYTES_MAX, *, in_order: bool = False
    ) -> None:
        self._in_order = in_order
        self.given_up = 0
        self.repeated = 0
        self._open: OrderedDict[Stamp, _Open] = OrderedDict()
        self._limits = open_max, bytes_max
        self._size = 0
        self._inserted = 0
        self._told: Bounded[int, None] = Bounded(2 * TOLD_MAX)

    def feed(self, one: Record) -> Sequence[Group]:
        """Take one record in; the groups that have ended by it."""
        stamp = one.stamp
        group = self._open.get(stamp)
        news = group is None
        if group is None:
            if hash(stamp) in self._told:
                self.repeated += 1
                return ()
            group = self._open[stamp] = _Open()
        if one.type in record.KEPT:
            self._add(group, one)
        elif one.type == record.EOE:
            group.ended = True
            # Records that have changed places may follow: it is closed when another begins.
            news = news or self._in_order
        # The time has gone on only if this is another event's record.
        return self._ended(stamp.time) if news or self._size > self._limits[1] else ()

    def insert(self, group: Group) -> None:
        """Give this group back, too, in the place that it has now between the others."""
        self._inserted += 1
        place = self._open[Stamp(None, 0, -(1 << 60) - self._inserted)] = _Open()
        place.ended, place.whole = True, group

    def flush(self, complete_only: bool = False) -> Iterator[Group]:
        """Yield what is open; with ``complete_only`` just what the kernel has written whole, and forget
        what has brought nothing yet that is kept: no end may come for it.

        The kernel writes SYSCALL first and PROCTITLE last before EOE, which a log that is being
        followed need not hold.
        """
        for stamp in list(self._open):
            group = self._open[stamp]
            if not complete_only or _is_complete(group) or not group.records:
                yield from self._close(stamp)

    def is_open(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._open)

    def knows(self, stamps: Sequence[Stamp]) -> bool:
        """Whether one of these events is open, or was reported."""
        return not (
            self._open.keys().isdisjoint(stamps) and self._told.keys().isdisjoint(map(hash, stamps))
        )

    def told(self, *stamps: Stamp) -> None:
        """Remember events that were reported, so that their repetition is not."""
        for stamp in map(hash, stamps):
            self._told[stamp] = None

    def _add(self, group: _Open, one: Record) -> None:
        key = one.type, one.body
        if key not in group.records:
            group.records[key] = one
            size = len(one.body) + 200
            group.size += size
            self._size += size

    def _ended(self, now: int) -> Sequence[Group]:
        ended: list[Group] = []
        while self._open:
            stamp, group = next(iter(self._open.items()))
            if not group.ended and abs(now - stamp.time) <= APART:
                if len(self._open) <= self._limits[0] and self._size <= self._limits[1]:
                    break
                self.given_up += bool(group.records) and not _is_complete(group)
            ended += self._close(stamp)
        return ended

    def _close(self, stamp: Stamp) -> Sequence[Group]:
        group = self._open.pop(stamp)
        self._size -= group.size
        if group.whole is not None:
            return (group.whole,)
        return (Group(stamp, tuple(group.records.values())),) if group.records else ()


def _is_complete(group: _Open) -> bool:
    if group.ended or not group.records:
        return group.ended
    types = [kind for kind, _ in group.records]
    # A change of the rules has a system call and an end in new kernels; on 5.10 it comes alone.
    return (
        types[0] in record.ALONE
        or types == [record.CONFIG_CHANGE]
        or (types[0] == record.SYSCALL and record.PROCTITLE in types)
    )
