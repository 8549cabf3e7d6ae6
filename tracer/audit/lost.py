"""What a log says of its own losses: gaps in the serials, the kernel's messages, cut files.

Each becomes a record of a type of ours, so that it travels in the stream at its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tracer.audit import record
from tracer.audit.gaps import Gap, Gaps
from tracer.audit.known import Known
from tracer.audit.record import NOWHERE, Group, Record, Stamp, host_of
from tracer.model.event import Loss, lost
from tracer.model.frozen import replace

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
        # Where the reading is.
        self.file = NOWHERE
        self.at = 0

    def after(self, one: Record) -> list[Record]:
        """The losses that a record shows."""
        kind = one.type
        if one.stamp.serial < 0 or kind in _DAEMON:
            return []
        if kind == record.KERNEL and b"state=initialized" in one.body:
            self._lost = 0
        return self.after_serial(one.stamp)

    def after_serial(self, stamp: Stamp) -> list[Record]:
        """The losses that an event's serial shows."""
        gaps = self._gaps.get(stamp.node)
        if gaps is None:
            gaps = self._gaps[stamp.node] = Gaps()
        found = gaps.feed(stamp.serial, stamp.time)
        return self._of_gaps(found, stamp.node) if found else []

    def run(self, first: int, last: int, began: int, ended: int) -> list[Record]:
        """The losses that serials of an unnamed host show, which are there without a gap; the times of both."""
        gaps = self._gaps.setdefault(None, Gaps())
        return self._of_gaps(gaps.run(first, last, began, ended), None)

    def _of_gaps(self, gaps: Iterable[Gap], node: bytes | None) -> list[Record]:
        where = "gap in the serial numbers"
        # What is not there has no place.
        return [self.made(gap.time, gap.count, where, node)._replace(file=NOWHERE) for gap in gaps]

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
            Stamp(node, time, -1_000_000_000 - self._made),
            number + b" " + where.encode("utf-8", "surrogateescape"),
            False,
            self.at,
            0,
            self.file,
        )

    def end(self) -> Iterator[Record]:
        """The gaps still open at the end of the log."""
        for node, gaps in self._gaps.items():
            yield from self._of_gaps(gaps.end(), node)


def loss(group: Group, one: Record, known: Known) -> Iterator[Loss]:
    """The event of a LOST record."""
    count, _, where = one.body.partition(b" ")
    number = int(count) if count.isdigit() else None
    text = where.decode("utf-8", "backslashreplace")
    made = lost(group.stamp.time or None, SOURCE, number, text, host_of(group.stamp))
    if text.startswith("cut"):
        made = replace(made, where=f"{one.file.path}: {text}")
    yield replace(made, place=group.place())
