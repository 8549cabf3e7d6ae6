"""What a log says of its own losses: gaps in the serials, the kernel's messages, cut files.

Each becomes a record of a type of ours, so that it travels in the stream at its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tracer.audit import record
from tracer.audit.coalesce import Group
from tracer.audit.gaps import Gap, Gaps
from tracer.audit.known import Known
from tracer.audit.record import Record, Stamp, host_of
from tracer.model.event import Loss, lost
from tracer.model.times import SECOND

SOURCE = "audit log"
# audit_log_lost() and audit_log_start(), kernel/audit.c. audit_lost counts from boot.
_LOST = re.compile(rb"audit: audit_lost=(\d{1,10})")
_BACKLOG = re.compile(
    rb"audit: (?:audit_backlog=\d+ > |backlog limit exceeded|rate limit exceeded"
    rb"|kauditd hold queue overflow|out of memory)"
)
# DAEMON_* records are numbered by auditd itself (audit-userspace src/auditd-event.c).
_DAEMON = range(1200, 1300)


class Losses:
    """Watches the records and other lines of one log, and makes LOST records of what is missing."""

    def __init__(self) -> None:
        self._gaps: dict[bytes | None, Gaps] = {}
        self._lost = 0
        self._made = 0

    def after(self, one: Record) -> Iterator[Record]:
        """The losses that a record shows."""
        if not is_numbered(one):
            return
        if one.type == record.KERNEL and b"state=initialized" in one.body:
            self._lost = 0
        gaps = self._gaps.get(one.stamp.node)
        if gaps is None:
            gaps = self._gaps[one.stamp.node] = Gaps()
        for gap in gaps.feed(one.stamp.serial, one.stamp.time):
            yield self.gap(gap, one.stamp.node)

    def gap(self, gap: Gap, node: bytes | None) -> Record:
        """The record of a gap."""
        return self.made(gap.time, gap.count, "gap in the serial numbers", node)

    def of_line(self, line: bytes, time: int | None) -> Record | None:
        """The loss that a kernel message tells, None if it is none."""
        lost = _LOST.search(line)
        if lost is not None and int(lost[1]):
            total = int(lost[1])
            count, self._lost = total - self._lost if total > self._lost else total, total
            return self.made(time or 0, count, "kernel: audit_lost")
        if _BACKLOG.search(line):
            return self.made(time or 0, None, "kernel: audit backlog or rate limit exceeded")
        return None

    def made(self, time: int, count: int | None, where: str, node: bytes | None = None) -> Record:
        """A LOST record; ``time`` 0 is not known."""
        self._made += 1
        number = b"?" if count is None else str(count).encode()
        return Record(
            record.LOST,
            Stamp(node, time, -SECOND - self._made),
            number + b" " + where.encode(),
        )

    def end(self) -> Iterator[Record]:
        """The gaps still open at the end of the log."""
        for node, gaps in self._gaps.items():
            for gap in gaps.end():
                yield self.gap(gap, node)


def is_numbered(one: Record) -> bool:
    """Whether the serial of a record is one that the kernel has counted."""
    return one.stamp.serial >= 0 and one.type not in _DAEMON


def loss(group: Group, one: Record, known: Known) -> Iterator[Loss]:
    """The event of a LOST record."""
    count, _, where = one.body.partition(b" ")
    yield lost(
        group.stamp.time or None,
        SOURCE,
        int(count) if count.isdigit() else None,
        where.decode("utf-8", "backslashreplace"),
        host_of(group.stamp),
    )
