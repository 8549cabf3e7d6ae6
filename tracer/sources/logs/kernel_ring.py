"""The kernel's own ring as a source: what is left of its messages where no log has kept them.

/dev/kmsg numbers its records, so what was overwritten is told as lost. Where that is not there (containers), it is
syslog(2)'s copy, which has no numbers. Times are since boot, and become the wall clock's as dmesg -T does it.
"""

from __future__ import annotations

import errno
import os
import re
import select
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.host import clock
from tracer.host.kernel_log import DEVICE
from tracer.lines.dates import DateStyle
from tracer.lines.entry import Entry, EntryReader
from tracer.lines.kmsg import Record, entries_of_record, record_of
from tracer.lines.mend import numbered
from tracer.model.coverage import Coverage, GapsBetween, Span
from tracer.model.event import lost
from tracer.model.frozen import frozen, replace
from tracer.model.times import SECOND

if TYPE_CHECKING:
    from typing import Callable, Union

    from tracer.audit.entries import AuditTeller
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event
    from tracer.statements.teller import Teller

    Ring = Union[int, bytes]

NAME = "kernel log"
KINDS = ("oom",)
QUIET = 1.0  # seconds without a record, after which a report that is open is taken to be whole
# PRINTKRB_RECORD_MAX is 1024, and each byte may be written as four: kernel/printk/printk.c.
_RECORD_MAX = 1 << 14
_AUDIT = b"audit: type="
# kernel/power/suspend.c, hibernate.c: the line before tasks run on.
_WOKE = re.compile(rb"PM: (?:hibernation: )?(?:suspend|hibernation) exit")


@frozen
class Clock:
    """``base`` is the wall clock minus the kernel's, in ns, now; ``slept`` how long the host has slept since boot, while
    the kernel's clock stood still."""

    base: int
    slept: int


def now() -> Clock:
    """This host's."""
    return Clock(time.time_ns() - clock.monotonic_now(), clock.suspended())


class KernelRing:
    """The events of the ring, and with ``follow`` of what comes. ``ring`` is what
    ``tracer.host.kernel_log.open_ring`` gives; it is closed with
    the source.

    Of a host that has slept, what was written before it last woke has no time: nobody knows how much of the sleep came
    before.
    """

    name = NAME
    grace = 0.0

    def __init__(
        self,
        teller: Teller,
        audit: AuditTeller,
        ring: Ring,
        *,
        follow: bool = False,
        measure: Callable[[], Clock] = now,
    ) -> None:
        self.entries = 0
        self.counts: Counter[str] = Counter()
        self._teller = teller
        self._audit = audit
        self._ring = ring
        self._follows = follow and isinstance(ring, int)
        self._measure = measure
        self._gaps = GapsBetween()
        self._next: int | None = None  # the sequence number that comes next
        self._first: int | None = None
        self._last: int | None = None
        self._undated = 0
        self._newest: float | None = None
        self._is_over = False

    @property
    def title(self) -> str:
        """The device, and what its times are worth."""
        undated = f"; {self._undated:,} from before it last woke have none" if self._undated else ""
        return f"{DEVICE} (times reckoned from those since boot, as dmesg -T does{undated})"

    def has_records(self) -> bool:
        """It is the ring: nothing else can be there."""
        return True

    def descriptors(self) -> Descriptors:
        return [(self._ring, select.POLLIN)] if self._follows and isinstance(self._ring, int) else ()  # fmt: skip

    def due(self) -> float | None:
        if not self._follows or not self.entries:
            return 0.0
        return None if self._newest is None else QUIET

    def has_begun(self) -> bool:
        return True

    def is_over(self) -> bool:
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """What the ring holds now. No input makes it raise."""
        for event in self._ended() if last else self._now():
            self.counts[type(event).__name__.lower()] += 1
            self._gaps.note(event)
            yield event

    def coverage(self) -> list[Coverage]:
        """From the first message that is left to the last."""
        if self._first is None or self._last is None:
            return []
        return [Coverage(NAME, KINDS, (Span(self._first, self._last),), self._gaps.told())]

    def close(self) -> None:
        if isinstance(self._ring, int):
            os.close(self._ring)

    def _ended(self) -> Iterator[Event]:
        if not self._is_over:
            self._is_over = True
            yield from self._complete()

    def _complete(self) -> Iterator[Event]:
        yield from self._teller.end()
        yield from self._audit.end()

    def _now(self) -> Iterator[Event]:
        dates = self._measure()
        came = False
        for entry in self._entries(dates):
            came = True
            if isinstance(entry, Entry):
                yield from self._told(entry)
            else:
                yield lost(self._last, NAME, entry, f"{DEVICE}: overwritten before they were read")
        if came:
            self._newest = time.monotonic()
        elif self._newest is not None and time.monotonic() - self._newest >= QUIET:
            self._newest = None
            yield from self._complete()
        if not self._follows:
            yield from self._ended()

    def _told(self, entry: Entry) -> Iterator[Event]:
        self.entries += 1
        if entry.time is None:
            self._undated += 1
        else:
            self._first = entry.time if self._first is None else min(self._first, entry.time)
            self._last = entry.time if self._last is None else max(self._last, entry.time)
        yield from self._teller.feed(entry)
        # Where no audit daemon takes them, the kernel prints its records (kauditd_printk_skb(), kernel/audit.c).
        if entry.tag == b"kernel" and entry.text.startswith(_AUDIT):
            yield from self._audit.feed_line(entry.text, entry.place)

    def _entries(self, dates: Clock) -> Iterator[Entry | int]:
        """All that is there, with how many are missing between them."""
        ring = self._ring
        if isinstance(ring, bytes):
            reader = EntryReader(DateStyle(), "syslog(2)")
            found = list(reader.all(numbered(ring.split(b"\n"))))
            woke = _last_of([_WOKE.match(one.text) is not None for one in found])
            for at, one in enumerate(found):
                known = one.since_boot is not None and (at >= woke or dates.slept < SECOND)
                yield replace(one, time=dates.base + (one.since_boot or 0) if known else None)
            return
        records = list(self._records(ring))
        woke = _last_of([isinstance(one, Record) and _WOKE.match(one.text) is not None for one in records])  # fmt: skip
        for at, record in enumerate(records):
            if isinstance(record, Record):
                known = at >= woke or dates.slept < SECOND
                moment = dates.base + record.since_boot if known else None
                yield from entries_of_record(record, moment, DEVICE)
            else:
                yield record

    def _records(self, ring: int) -> Iterator[Record | int]:
        while True:
            try:
                raw = os.read(ring, _RECORD_MAX)
            except OSError as error:
                # The one that was to come was overwritten (EPIPE), or does not fit (EINVAL): the numbers tell.
                if error.errno in (errno.EPIPE, errno.EINVAL, errno.EINTR):
                    continue
                return
            if not raw:
                return
            record = record_of(raw)
            if record is None:
                continue
            if self._next is not None and record.sequence > self._next:
                yield record.sequence - self._next
            self._next = record.sequence + 1
            yield record


def _last_of(found: list[bool]) -> int:
    """The place of the last that is true; 0 where none is."""
    return max((at for at, one in enumerate(found) if one), default=0)
