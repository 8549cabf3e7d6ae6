"""From a buffer of wire records to events: what the core and the bcc source have in common."""

from __future__ import annotations

import mmap
from struct import Struct

from tracer.flow.source import GRACE
from tracer.host.clock import BootClock, boot_now
from tracer.host.kernel_log import KernelLog
from tracer.host.name import HOST
from tracer.libbpf.ring import kept
from tracer.model.event import Loss, lost
from tracer.model.origin import SI_KERNEL
from tracer.model.times import SECOND
from tracer.sources.wire import records as wire
from tracer.sources.wire.asleep import Asleep
from tracer.sources.wire.decode import Decoder
from tracer.sources.wire.repeats import Run, runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from tracer.flow.source import Descriptors
    from tracer.host.processes import Processes
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event
    from tracer.sources.watch import Watch
    from tracer.sources.wire.judged import Judged

    class Buffer(Protocol):
        """Where the kernel leaves its records; positions are bytes since it was made."""

        size: int

        @property
        def consumed(self) -> int: ...
        @property
        def descriptors(self) -> Descriptors: ...
        def produced(self) -> int: ...
        def ahead(self) -> int: ...
        def take(self, most: int) -> bytes: ...
        def close(self) -> None: ...

    class Losses(Protocol):
        """The totals of what found no room, in the order of ``wire.LOSSES``."""

        def counts(self) -> tuple[int, ...]: ...
        def close(self) -> None: ...


# The reader rests this long between two reads, in seconds, so that a storm costs fifty wake-ups a second.
REST = 0.02
# What is in the buffer when it is to end is told for so long, in nanoseconds, and then counted.
TELL = SECOND
QUEUED = "queued when it was to end"
# Bytes taken in one go: what is made of them stays in the CPU's cache.
AT_ONCE = 1 << 18
# How long a SIGKILL of the kernel's waits for the OOM killer's mark, in nanoseconds. It follows within
# microseconds, unless a busy host takes a virtual machine's CPU away in between.
OOM_WAIT = 100_000_000
_COUNTS = Struct(f"={len(wire.LOSSES)}Q")
_SIGKILL = 9
_NUMBER = wire.SIGNAL_RECORD.at["signal"]
# Where a map of the program was full, not the buffer.
_WHERE = {
    wire.LOSSES.index("ends"): "full table of processes: ends",
    wire.LOSSES.index("argvs"): "full table of command lines: argvs",
}


class MappedLosses:
    """The array of counters, mapped: readable when the right to call bpf(2) is given up."""

    def __init__(self, fd: int) -> None:
        self._page = mmap.mmap(fd, mmap.PAGESIZE, prot=mmap.PROT_READ)

    def counts(self) -> tuple[int, ...]:
        return _COUNTS.unpack_from(self._page)

    def close(self) -> None:
        self._page.close()


def as_they_are(taken: bytes) -> bytes:
    """Records that need no completion."""
    return taken


class RecordStream:
    """Events come out in the order the kernel wrote them.

    ``prepare`` may add to a batch of records what Python knows and the kernel side does not. ``judged`` keeps what the
    filter says of ends, where the kernel asks that.
    """

    keeps: tuple[str, ...] = ()
    grace = GRACE
    # What is polled beside the buffer.
    besides: Descriptors = ()

    def __init__(
        self,
        watch: Watch,
        buffer: Buffer,
        losses: Losses,
        processes: Processes,
        prepare: Callable[[bytes], bytes] = as_they_are,
        where: str = "ring buffer",
        judged: Judged | None = None,
    ) -> None:
        self.name = watch.source
        self.watch = watch
        self.clock = BootClock()
        self._ring = buffer
        self._losses = losses
        self._where = where
        self._prepare = prepare
        self._lost: tuple[int, ...] = (0,) * len(wire.LOSSES)
        self._owed: list[tuple[int, Loss | Callable[[], Event | None]]] = []
        self._held: list[Run] = []
        self._kernel_log = KernelLog()
        self._judged = judged
        self._decoder = Decoder(
            self.name,
            self.clock,
            processes.complete,
            self._kernel_log.oom_of,
            judged.keep if judged else None,
        )
        self._processes = processes
        self._looks_around = True
        self._read_some = False
        self._asleep = Asleep()

    def descriptors(self) -> Descriptors:
        """The buffer's, unless the reader rests."""
        return () if self._rests() else (*self._ring.descriptors, *self.besides)

    def due(self) -> float | None:
        """Not before a rest is over, nor later than the OOM killer's mark is waited for."""
        if self._looks_around:
            return 0.0
        if self._rests():
            return REST
        if self._held:
            return OOM_WAIT / SECOND
        if self._ring.ahead():
            return 0.0
        return self._asleep.due()

    def is_filling(self) -> bool:
        """Whether the buffer has to be read soon."""
        return self._ring.produced() - self._ring.consumed >= self._ring.size // 4

    def _rests(self) -> bool:
        return self._read_some and not self.is_filling()

    def has_begun(self) -> bool:
        """Attached, it has."""
        return True

    def is_over(self) -> bool:
        """The kernel goes on."""
        return False

    def coverage(self) -> list[Coverage]:
        """From the beginning to now."""
        return [self.watch.coverage()]

    def read(self, last: bool = False) -> Iterator[Event]:
        """The events that are there when it begins, which may be some more than a quarter of the buffer; with
        ``last`` all of them, and those that wait for the OOM killer. What comes meanwhile is not waited for: a
        storm would never end.

        Old processes are looked at between two reads, and no rest is taken until all are known.
        """
        self._looks_around = not self._held and self._processes.look_around()
        self._read_some = False
        if self.clock.adjust():
            self._decoder.forget_signals()
        ring, quarter = self._ring, self._ring.size // 4
        self.note()
        self._note_losses()
        end = ring.produced() if last else min(ring.produced(), ring.consumed + quarter)
        patience = boot_now() + TELL
        while ring.consumed < end:
            if last and boot_now() > patience:
                self._count_to(end)
                break
            self.note()
            taken = self._prepare(ring.take(min(quarter, AT_ONCE)))
            self._note_losses()
            if not taken:
                break
            self._read_some = True
            yield from self._release(self._held + runs(taken), last)
            yield from self._due()
        if self._held:
            yield from self._release(self._held, last)
        yield from self._due()
        yield from self._asleep.awake(last)
        if last:
            yield from self._losses_owed()

    def _count_to(self, end: int) -> None:
        """Who asks it to end does not wait for a machine that is busy: what is left is counted."""
        signals, ring = 0, self._ring
        while ring.consumed < end:
            taken = ring.take(AT_ONCE)
            if not taken:
                break
            size = wire.SIGNAL_RECORD.size
            signals += sum(it.records for it in kept(taken) if it.size == size)
        if signals:
            self.owe_loss(signals, QUEUED)

    def note(self) -> None:
        """For those who know more than the records: ``owe`` what has happened by now."""

    def owe(self, event: Loss | Callable[[], Event | None]) -> None:
        """Tell an event once everything that is in the buffer now has been told."""
        self._owed.append((self._ring.produced(), event))

    def owe_loss(self, count: int | None, where: str) -> None:
        """The same of a loss that is noticed now."""
        loss = lost(boot_now() + self.clock.offset, self.name, count, where, HOST)
        self.watch.lost(loss)
        self.owe(loss)

    def close(self) -> None:
        if self._judged:
            self.watch.left_out = self._judged.left_out()
            self._judged.close()
        self._losses.close()
        self._ring.close()

    def _release(self, found: list[Run], last: bool) -> Iterator[Event]:
        decoder, type_of = self._decoder, wire.TYPE.unpack_from
        self._held = []
        for index, run in enumerate(found):
            taken, at = run.taken, run.at
            (kind,) = type_of(taken, at)
            if kind == wire.SIGNAL:
                oom_pid = None
                if taken[at + _NUMBER] == _SIGKILL:
                    record = wire.SIGNAL_RECORD.read(taken, at)
                    if _may_be_oom(record):
                        oom_pid = decoder.shared_victim(record)
                        oom_pid = oom_pid or _marked_victim(record, found[index + 1 :])
                        if oom_pid is None and not last and boot_now() - record.time < OOM_WAIT:
                            self._held = found[index:]
                            return
                yield from self._asleep.passed(decoder.signals(run, oom_pid))
            elif kind == wire.MORE:
                decoder.learn_more(taken, at)
            elif kind == wire.REFUSED:
                yield decoder.refused(taken, at)
            elif kind == wire.PROCESS:
                decoder.learn(taken, at)
            elif kind == wire.EXIT:
                end = decoder.exit(taken, at)
                yield from self._asleep.before(end.process.pid)
                yield end
            elif kind == wire.CALL:
                yield decoder.call(taken, at)
            elif kind == wire.COMMAND:
                yield decoder.command(taken, at)

    def _note_losses(self) -> None:
        """Losses noticed now lie behind what is in the ring now, and are told when that is read."""
        counts = self._losses.counts()
        for kind, (old, new) in enumerate(zip(self._lost, counts)):
            if new != old:
                where = (
                    self._where
                    if kind == 0
                    else _WHERE.get(kind, f"{self._where}: {wire.LOSSES[kind]}")
                )
                self.owe_loss(new - old, where)
        self._lost = counts
        self.watch.looked()

    def _due(self) -> Iterator[Event]:
        # What is held was taken from the buffer, and is yet to be told.
        while not self._held and self._owed and self._owed[0][0] <= self._ring.consumed:
            _, owed = self._owed.pop(0)
            event = owed if isinstance(owed, Loss) else owed()
            if event is not None:
                yield event

    def _losses_owed(self) -> Iterator[Event]:
        """Those behind the end of the last read: they are true wherever it ends."""
        found = [one for _, one in self._owed if isinstance(one, Loss)]
        self._owed = [pair for pair in self._owed if not isinstance(pair[1], Loss)]
        yield from found


def _may_be_oom(record: wire.SignalRecord) -> bool:
    """A SIGKILL of the kernel's for a whole process: from the OOM killer, or a limit, or a namespace."""
    return bool(
        record.code == SI_KERNEL and record.group and not record.flags & wire.SENDER_EXITING
    )


def _marked_victim(record: wire.SignalRecord, later: list[Run]) -> int | None:
    """The victim's pid, if one of the later records is the OOM killer's mark on it."""
    victim = record.target
    for other in later:
        if wire.TYPE.unpack_from(other.taken, other.at)[0] == wire.OOM:
            mark = wire.OOM_RECORD.read(other.taken, other.at)
            if victim.pid == mark.pid or victim.tid == mark.tid:
                return victim.pid
    return None
