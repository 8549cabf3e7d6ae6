"""The live source for hosts without BPF: the kernel's audit records, as they are written.

They go through the same parser as logs do. /proc and the process connector add what records do not
have: the start of a process, its parents, its cgroup, and how it ended.
"""

from __future__ import annotations

import errno
import re
import select
import time
from typing import TYPE_CHECKING

from tracer.audit import record
from tracer.audit.coalesce import Coalescer
from tracer.audit.evidence import Evidence
from tracer.audit.known import Known
from tracer.audit.meaning import NotUnderstood, events_of
from tracer.audit.record import Group
from tracer.flow.source import GRACE
from tracer.host import procfs
from tracer.host.clock import BootClock, boot_now
from tracer.host.from_proc import LivingProcesses, ancestors_of
from tracer.host.name import HOST
from tracer.host.privileges import require
from tracer.host.process_connector import Ended, Exits
from tracer.model.errors import MISSING, REFUSED, Problem
from tracer.model.event import (
    Exit,
    Failed,
    Probe,
    Process,
    Series,
    Signal,
    exit_id,
    lost,
    moment,
)
from tracer.model.frozen import replace
from tracer.model.memo import Bounded
from tracer.model.times import MILLISECOND, SECOND
from tracer.sources.audit.ends import WAIT, Ends
from tracer.sources.audit.link import Link, Records
from tracer.sources.audit.missed import Serials, Untold
from tracer.sources.audit.setting import PANIC, Setting
from tracer.sources.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.flow.source import Descriptors
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event, Loss
    from tracer.sources.wanted import Wanted

NAME = "audit"
CAPABILITIES = ("CAP_AUDIT_CONTROL", "CAP_AUDIT_READ")
# The reader rests this long between two reads, as for the ring buffer.
REST = 0.02
# An event whose end got lost is told when nothing has come for so long; seconds.
QUIET = 0.5
_COMPLETED_MAX = 1024
_ASK_LOST = 1.0  # seconds between two looks at the kernel's counter
# Seconds between two looks at our rules, beside those at each change of which the kernel tells.
_LOOK_AT_RULES = 10.0
# What is queued when it is to end is told for so many seconds, and then counted.
_TELL = 1.0
_LATEST = 10_000_000  # ns: stamps are those of the kernel's last tick
_GAP = 20  # ms without a record, and an empty queue of the kernel's, are the end
_GAPS_MAX = 50
# An event whose end got lost is over when so many bytes of others have come. A process may rest between two of its records.
_AWAY = 1 << 20
_TEXT = re.compile(rb"audit\((\d{1,12})\.(\d{3}):(\d{1,19})\): ?(.*)", re.DOTALL)


class AuditSource:
    """Puts its rules in place, and takes them away when it is closed."""

    name = NAME
    grace = GRACE
    keeps: tuple[str, ...] = CAPABILITIES[:1]  # to undo what was changed

    def __init__(self, wanted: Wanted) -> None:
        preflight()
        self._wanted = wanted
        self._clock = BootClock()
        self._processes = LivingProcesses()
        self._coalescer = Coalescer(at_ends=True, away=_AWAY)
        self._known, self._evidence = Known(sees_ends=True), Evidence()
        self._came_bytes = 0
        self._ends = Ends()
        self._completed_ends: Bounded[tuple[Process, int], Process] = Bounded(_COMPLETED_MAX)
        self._asked = self._came = self._looked = time.monotonic()
        self._changed = False
        self._serials = Serials()
        self._read_some = False
        self._looks_around = True
        self._records: Records | None = None
        self._exits: Exits | None = None
        self._setting: Setting | None = None
        try:
            self._open()
        except OSError as error:
            self.close()
            raise refusal(error) from None
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._link = Link()
        status = self._link.status()
        if status.failure == PANIC:
            raise Problem(
                "cannot trace through audit",
                "the kernel is set to panic when an audit record is lost (auditctl -f 2)",
                "auditctl -f 1",
            )
        self._records = Records(self._wanted.buffer)
        self._overflows = 0
        self._setting = Setting(self._link, self._wanted)
        self._watch = Watch(NAME, self._wanted)
        if self._wanted.deaths:
            try:
                self._exits = Exits(self._processes.remember)
            except OSError:
                why = "deaths are not seen: the process connector is out of reach"
                self._watch.hidden(why, "deaths")
        for note in self._setting.notes:
            self._watch.hidden(note)
        self._lost = self._link.status().lost

    def descriptors(self) -> Descriptors:
        """The records' and the process connector's, unless the reader rests."""
        if self._read_some:
            return ()
        return [(it.fileno(), select.POLLIN) for it in (self._records, self._exits) if it]

    def due(self) -> float | None:
        """Not before a rest is over, nor later than what is open is waited for, and our rules are looked at."""
        if self._read_some:
            return REST
        if self._looks_around:
            return 0.0
        return WAIT / SECOND if self._ends or self._coalescer.is_open() else _LOOK_AT_RULES

    def has_begun(self) -> bool:
        """Once its rules are in place, it has."""
        return True

    def is_over(self) -> bool:
        """The kernel goes on."""
        return False

    def coverage(self) -> list[Coverage]:
        """From the beginning to now."""
        return [self._watch.coverage()]

    def read(self, last: bool = False) -> Iterator[Event]:
        """Every event that is there now, and the deaths that waited for theirs.

        Old processes are looked at while nothing happens.
        """
        self._looks_around = self._processes.look_around()
        self._read_some = False
        self._clock.adjust()
        if self._exits:
            self._ends.add(self._ended(self._exits))
        yield from self._to_the_end() if last else self._events()
        if not last and time.monotonic() - self._came < QUIET:
            groups: Iterator[Group] = iter(())
        else:
            groups = self._coalescer.flush(complete_only=not last)
        for group in groups:
            yield from self._told(group)
        yield from self._deaths(last)
        yield from self._losses(last)

    def close(self) -> None:
        if self._setting:
            self._setting.undo()
        for opened in (self._records, self._exits, getattr(self, "_link", None)):
            if opened:
                opened.close()

    def _ended(self, exits: Exits) -> Iterator[Ended]:
        """The ends of now; their pids may be others' from now on."""
        for one in exits.read():
            self._known.ended(None, one.pid, one.time + self._clock.offset)
            yield one
        if exits.lost:
            self._known.forget()
            self._ends.forget()
            self._processes.forget_all()

    def _to_the_end(self) -> Iterator[Event]:
        """What the kernel has queued by now, in front of the first record of a later moment."""
        end, patience = time.time_ns() + _LATEST, time.monotonic() + _TELL
        untold, is_over, gaps = Untold(), self._records is None, 0
        ready = select.poll()
        if self._records:
            ready.register(self._records.fileno(), select.POLLIN)
        while not is_over:
            if not ready.poll(_GAP):
                gaps += 1
                is_over = gaps > _GAPS_MAX or not self._link.status().backlog
            for one in self._read():
                if time.monotonic() < patience:
                    yield from self._fed(one)
                else:
                    untold.add(one)
                is_over = is_over or one.stamp.time > end
            if is_over and self._serials.is_open() and self._setting and gaps < _GAPS_MAX:
                # The last ones were lost, and no number has come after them.
                self._setting.be_numbered()
                gaps, is_over = _GAPS_MAX, False
        if untold.signals:
            where = "queued when it was to end"
            yield self._lost_now(untold.signals, where)

    def _events(self) -> Iterator[Event]:
        for one in self._read():
            yield from self._fed(one)

    def _read(self) -> Iterator[record.Record]:
        if self._records is None:
            return
        for kind, text in self._records.read():
            self._read_some = True
            self._changed = self._changed or kind == record.CONFIG_CHANGE
            if self._records.overflows != self._overflows:
                self._overflows = self._records.overflows
                self._serials.overflow()
            one = record_of(kind, text, self._came_bytes)
            self._came_bytes += len(text)
            if one:
                self._serials.feed(one.stamp.serial)
                yield one

    def _fed(self, one: record.Record) -> Iterator[Event]:
        self._came = time.monotonic()
        for group in self._coalescer.feed(one):
            yield from self._told(group)

    def _told(self, group: Group) -> Iterator[Event]:
        if self._exits is None:
            self._known.forget()  # Whoever it was, its pid may be another's by now.
        try:
            events = list(events_of(group, self._known, self._evidence))
        except NotUnderstood as trouble:
            loss = lost(group.stamp.time, NAME, 1, f"audit record: {trouble.why}", HOST)
            self._watch.lost(loss)
            yield loss
            return
        for event in events:
            told = self._completed(event)
            if told is not None:
                yield told

    def _completed(self, event: Event) -> Event | None:
        """The event as a live one; None for what was not asked for."""
        if isinstance(event, Exit) and self._exits:
            return None  # The process connector tells it, and of every death.
        if isinstance(event, Failed) and not self._wanted.refused:
            return None
        if isinstance(event, Probe) and not self._wanted.probes:
            return None
        if isinstance(event, Series):
            return event  # Audit has records for each.
        if not isinstance(event, (Signal, Failed, Probe)):
            return replace(event, source=NAME, host=HOST)
        at = moment(event)
        sender = event.sender and self._complete(event.sender, at)
        target = event.target and self._complete(event.target, at)
        if isinstance(event, Signal) and target and target.pid and not event.target_is_asked:
            # Records have milliseconds.
            self._ends.sent(target, at - self._clock.offset - 1_000_000)
        return replace(event, source=NAME, host=HOST, sender=sender, target=target)

    def _complete(self, process: Process, at: int) -> Process:
        """What /proc knows of it, if it is the same process: one that was there at that time."""
        if process.pid is None:
            return self._processes.complete(process, 0)
        offset = self._clock.offset
        start = procfs.start_of(process.pid) or self._start_of_the_gone(process.pid, at) or 0
        if start + offset > at + procfs.TICK:
            start = 0
        # A storm, whose records all say the same of a process, looks at /proc once.
        key = process, start
        known = self._completed_ends.get(key)
        if known is None:
            known = self._completed_ends[key] = self._from_proc(process, start, at)
        return known

    def _start_of_the_gone(self, pid: int, at: int) -> int | None:
        """As it was seen when it ran, if nobody of that pid has ended since."""
        start = self._processes.start_of(pid) if self._exits else None
        if start is None or not self._known.is_still(pid, start + self._clock.offset, at):
            return None
        return start

    def _from_proc(self, process: Process, start: int, at: int) -> Process:
        offset = self._clock.offset
        if start:
            process = replace(process, start=start + offset)
        process = self._processes.complete(process, start)
        if process.ppid and not process.ancestors:
            ancestors = ancestors_of(process.ppid, offset, at)
            process = replace(process, ancestors=ancestors)
        return process

    def _deaths(self, last: bool) -> Iterator[Event]:
        for one, process in self._ends.due(boot_now(), last=last):
            self._processes.forget(one.pid)
            if process is not None:
                number = one.status & 0x7F
                moment = one.time + self._clock.offset
                yield Exit(
                    moment,
                    exit_id(moment, process.pid),
                    NAME,
                    process,
                    number=number or None,
                    status=None if number else one.status >> 8 & 0xFF,
                    core=bool(one.status & 0x80) if number else None,
                    host=HOST,
                )

    def _losses(self, last: bool) -> Iterator[Event]:
        now = time.monotonic()
        overflow = self._serials.settled(last=last)
        if overflow:
            yield self._lost_now(overflow.events, "audit socket")
        if self._exits and self._exits.lost:
            self._exits.lost = 0
            yield self._lost_now(None, "process connector")
        if last or (self._read_some and now - self._asked > _ASK_LOST):
            self._asked = now
            before, self._lost = self._lost, self._link.status().lost
            if self._lost > before:
                yield self._lost_now(self._lost - before, "audit backlog")
            self._watch.looked()
        if last or self._changed or now - self._looked > _LOOK_AT_RULES:
            self._changed, self._looked = False, now
            if self._setting and self._setting.is_broken(put_back=not last):
                yield self._lost_now(None, "audit rules were taken away, or auditing turned off")

    def _lost_now(self, count: int | None, where: str) -> Loss:
        loss = lost(time.time_ns(), NAME, count, where, HOST)
        self._watch.lost(loss)
        return loss


def record_of(kind: int, text: bytes, at: int = 0) -> record.Record | None:
    """A record as netlink carries it, ``at`` bytes behind the first; None for what is none."""
    found = _TEXT.match(text)
    if found is None:
        return None
    seconds, fraction, serial, body = found.groups()
    when = int(seconds) * SECOND + int(fraction) * MILLISECOND
    return record.Record(kind, record.Stamp(None, when, int(serial)), body, at=at)


def preflight() -> None:
    """Name the capability that is missing: the kernel says EPERM for each, and in a container."""
    require("cannot trace through audit", *CAPABILITIES)


def refusal(error: OSError) -> Problem:
    """What the kernel's answer means."""
    why = {
        errno.EPERM: "only the host's first pid namespace may set audit rules",
        errno.ECONNREFUSED: "only the host's first user namespace may use audit",
        errno.EPROTONOSUPPORT: "this kernel has no audit (CONFIG_AUDIT)",
    }.get(error.errno or 0, str(error))
    kind = REFUSED if error.errno in (errno.EPERM, errno.ECONNREFUSED) else MISSING
    return Problem("cannot trace through audit", why, "sigtrace doctor", kind=kind)
