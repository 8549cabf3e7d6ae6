"""Records → events: those with the same node, time and serial belong together, and stand near each other.

The kernel writes an event's records one by one (audit_log_exit(), kernel/auditsc.c), other CPUs write theirs between
them, and whoever sorts or prints a log turns their order round. An event is over when AWAY bytes of the log have
passed since its last record. Neither the clock nor the stamps decide, for a call that takes long is stamped with its
beginning: so an event is the same by whatever way the log is read. Who waits for more of the log need not wait for that:
an event is complete with its EOE record, with SYSCALL and PROCTITLE behind it (auditd keeps no EOE), or with the only
record that it ever has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from tracer.audit import record
from tracer.audit.record import Group, Record, Stamp
from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.audit.usual import Usual

AWAY = 1 << 15  # bytes
BYTES_MAX = 16 << 20
_PAST = -1 << 62  # where nothing can follow
TOLD_MAX = 32_768
# A change of the rules has a system call and an end in new kernels; on 5.10 it comes alone.
_ALONE = record.ALONE | {record.CONFIG_CHANGE}


class Told:
    """Events that were told, so that their repetition (a log that holds an event twice) is not."""

    def __init__(self) -> None:
        self._stamps: Bounded[int, None] = Bounded(2 * TOLD_MAX)

    def has(self, group: Group) -> bool:
        return hash(group.stamp) in self._stamps

    def add(self, group: Group) -> None:
        if group.kind != record.LOST:
            self._stamps[hash(group.stamp)] = None


class _Open:
    """An event in the making; ``last`` is where its last record stands."""

    __slots__ = ("ended", "first", "last", "records", "size", "stamp", "whole")

    def __init__(self, stamp: Stamp, first: int, last: int, whole: Group | None = None) -> None:
        self.stamp = stamp
        self.first = first
        self.last = last
        self.records: dict[tuple[int, bytes], Record] = {}
        self.ended = False
        self.size = 0
        self.whole = whole  # instead of records, as long as no other comes to them

    def is_complete(self) -> bool:
        """Whether the kernel has written all of it."""
        if self.whole is not None or not self.records:
            return self.ended or self.whole is not None
        types = [kind for kind, _ in self.records]
        if self.ended:
            # Whose call stands behind its end, in a log whose lines have changed places.
            return record.SYSCALL in types or record.OBJ_PID not in types
        return (
            types[0] in record.ALONE
            or types == [record.CONFIG_CHANGE]
            or (types[0] == record.SYSCALL and record.PROCTITLE in types)
        )


class Coalescer:
    """Feed it records in the order of the log; it gives groups back in the order of their first record.

    ``given_up`` counts events closed before their end because too much was open. ``at_ends``: as the kernel's socket
    has them, each event ends with EOE, if it has more than one record. ``away``: bytes without a record of an event, by
    which it is over. ``falls``: the log is read from its end.
    """

    def __init__(
        self, bytes_max: int = BYTES_MAX, *, at_ends: bool = False, away: int = AWAY
    ) -> None:
        self.given_up = 0
        self.falls = False
        self._at_ends = at_ends
        self._away = away
        self._queue: deque[_Open] = deque()
        self._open: dict[Stamp, _Open] = {}
        self._bytes_max = bytes_max
        self._size = 0

    def feed(self, one: Record) -> Sequence[Group]:
        """Take one record in; the groups that have ended by it."""
        kind, stamp, at = one.type, one.stamp, one.at
        group = self._open.get(stamp)
        if group is not None and abs(at - group.last) > self._away:
            self._end(group)
            group = None
        if kind in record.KEPT:
            if group is None:
                group = self._begun(one)
            self._add(group, one)
            if self._at_ends and kind in _ALONE:
                self._end(group)
        elif kind == record.EOE and group is not None:
            # Records that have changed places may follow in a log.
            group.ended = True
            if self._at_ends:
                self._end(group)
        return self._ended(at) if self._queue else ()

    def insert(self, group: Group) -> Sequence[Group]:
        """Give this group back, too, in the place that it has now between the others."""
        if not self._queue:
            return (group,)
        self._queue.append(_Open(group.stamp, _PAST, _PAST, group))
        return self._ended(group.records[-1].at)

    def feed_whole(self, group: Usual) -> Sequence[Group]:
        """Take the records of an event that follow each other."""
        stamp, at, length = group.stamp, group.at, group.length
        known = self._open.get(stamp)
        if known is not None:
            if abs(at - known.last) <= self._away:
                return [given for one in group.records for given in self.feed(one)]
            self._end(known)
        last = at + group.last
        made = self._open[stamp] = _Open(stamp, at, last, group)
        made.size = length
        self._size += length
        self._queue.append(made)
        return self._ended(last)

    def flush(self, complete_only: bool = False) -> Iterator[Group]:
        """Yield what is open; with ``complete_only`` just what is complete, wherever it stands."""
        kept = []
        for group in list(self._queue):
            if complete_only and not group.is_complete():
                kept.append(group)
            else:
                self._end(group)
                yield from self._given(group)
        self._queue = deque(kept)

    def ready(self) -> Iterator[Group]:
        """Yield what is complete and need not wait for another before it."""
        while self._queue and self._queue[0].is_complete():
            self._end(self._queue[0])
            yield from self._given(self._queue.popleft())

    def is_open(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._queue)

    def _begun(self, one: Record) -> _Open:
        twin = None if one.twin is None else self._open.pop(one.twin, None)
        # What was told already is told by the stamp that it had then.
        group = twin or _Open(one.twin or one.stamp, one.at, one.at)
        if twin is None:
            self._put_in_place(group)
        else:
            group.stamp = one.stamp
        self._open[one.stamp] = group
        return group

    def _put_in_place(self, group: _Open) -> None:
        """The sieve comes late to what stands before lines that it has read already; what it has looked up for this group
        goes along."""
        queue, late = self._queue, len(self._queue)
        while late and queue[late - 1].first == _PAST:
            late -= 1
        at = late
        while at and not self.falls and not _PAST < queue[at - 1].first <= group.first:
            at -= 1
        if at == late:
            queue.append(group)
            return
        for one in (group, *(queue.pop() for _ in range(len(queue) - late))):
            queue.insert(at, one)

    def _add(self, group: _Open, one: Record) -> None:
        if group.whole is not None:
            group.records = {(had.type, had.body): had for had in group.whole.records}
            group.whole = None
        key = one.type, one.body
        group.last = one.at
        if key in group.records:
            return
        group.records[key] = one
        size = len(one.body) + 200
        group.size += size
        self._size += size

    def _end(self, group: _Open) -> None:
        group.ended = True
        if group.whole is not None:
            if self._open.get(group.stamp) is group:
                del self._open[group.stamp]
            return
        for stamp in {group.stamp, *(one.stamp for one in group.records.values())}:
            if self._open.get(stamp) is group:
                del self._open[stamp]

    def _ended(self, now: int) -> Sequence[Group]:
        ended: list[Group] = []
        while self._queue:
            group = self._queue[0]
            if abs(now - group.last) <= self._away and not (group.ended and self._at_ends):
                if self._size <= self._bytes_max:
                    break
                self.given_up += not group.is_complete()
            self._end(group)
            ended += self._given(self._queue.popleft())
        return ended

    def _given(self, group: _Open) -> Sequence[Group]:
        self._size -= group.size
        if group.whole is not None:
            return (group.whole,)
        records = [
            one._replace(stamp=group.stamp) if one.stamp != group.stamp else one
            for one in group.records.values()
        ]
        return (Group(group.stamp, tuple(records)),) if records else ()
