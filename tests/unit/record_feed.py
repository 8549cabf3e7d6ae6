"""``python -m tests.unit.record_feed FOLDER PROCESSES STEPS``: records as the kernel side writes them go through all of
a recorder, from the wire to the disk; its memory after each step, as JSON.

Of 8.6 records a process three are its own: it is described, sent a signal and dies. The others are a storm of two that live on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tracer.flow.filter import Filter
from tracer.flow.keep import Keeper
from tracer.flow.kernel_filter import pushdown
from tracer.flow.pipeline import Pipeline
from tracer.host.clock import boot_now
from tracer.host.processes import Processes
from tracer.recording.store import Limits, Store
from tracer.sinks.fold import Folding
from tracer.sinks.recorder import Recorder
from tracer.sources.wanted import Wanted
from tracer.sources.watch import Watch
from tracer.sources.wire import records as wire
from tracer.sources.wire.stream import RecordStream

STARTED = 10**12
# Later than now: who is gone is forgotten once what was written before has been read.
BEGIN = boot_now()
PAUSE = 10_000_000  # ns from one process to the next
AT_ONCE = 50  # processes
STORM = 280  # signals beside them
LIVING = (901, 902)
WINCH, TERM = 28, 15


def framed(body: bytes) -> bytes:
    """A record as the ring has it: its length, and eight bytes to the next."""
    return len(body).to_bytes(4, "little") + bytes(4) + body + bytes(-len(body) % 8)


def described(pid: int, argv: bytes) -> bytes:
    """A process record, with eight parents."""
    fields = [wire.PROCESS, 0, STARTED + pid, pid, 1, 0, 0, 7, 7, pid, 8, 77, 0, b"sh", b"pts3"]
    parents = [part for step in range(8) for part in (STARTED + 900 + step, 900 + step, b"bash", 0)]
    head = wire.PROCESS_RECORD.struct.pack(*fields, *parents, 0, 0, len(argv), 0)
    return framed(head + bytes(2 * wire.PATH_ROOM) + argv)


def sent(boot: int, number: int, sender: int, target: int) -> bytes:
    """A signal record."""
    flags = wire.TARGET_KNOWN | wire.SENDER_KNOWN | wire.INFO_KNOWN
    head = (wire.SIGNAL, number, 0, 1, 1, boot, 0, target, flags, 0, sender, 0, 0)
    ends = [(STARTED + pid, pid, pid, 0, b"sh", 0) for pid in (sender, target)]
    return framed(wire.SIGNAL_RECORD.struct.pack(*head, *ends[0], *ends[1]))


def records_of(number: int) -> bytes:
    """A process that is described, is sent SIGTERM by one that lives on, and dies."""
    pid = 1000 + number
    boot = BEGIN + PAUSE * number
    gone = (wire.EXIT, pid, boot + 9, STARTED + pid, TERM, b"sh", 0, 0, 0, 0)
    return (
        described(pid, b"sh\0-c\0sleep %d\0" % number)
        + sent(boot, TERM, LIVING[0], pid)
        + framed(wire.EXIT_RECORD.struct.pack(*gone))
    )


def storm_at(number: int) -> bytes:
    """Signals that differ in their times alone."""
    boot = BEGIN + PAUSE * number
    return b"".join(sent(boot + at, WINCH, *LIVING) for at in range(STORM))


class Ring:
    size = 1 << 23
    descriptors = ()

    def __init__(self) -> None:
        self.waiting, self.consumed = b"", 0

    def produced(self) -> int:
        return self.consumed + len(self.waiting)

    def ahead(self) -> int:
        return 0

    def take(self, _most: int) -> bytes:
        taken, self.waiting = self.waiting, b""
        self.consumed += len(taken)
        return taken

    def close(self) -> None:
        pass


class NoLosses:
    def counts(self) -> tuple[int, ...]:
        return (0,) * len(wire.LOSSES)

    def close(self) -> None:
        pass


def resident() -> int:
    """KiB of this process in memory: proc_pid_status(5)."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("VmRSS")).split()[1])


def fed(folder: str, processes: int, steps: int) -> tuple[list[int], int]:
    """The memory at the beginning and after each of so many equal steps, and how many signals there were."""
    filter_ = Filter()
    ring = Ring()
    watch = Watch("core", Wanted(pushdown(filter_)))
    source = RecordStream(watch, ring, NoLosses(), Processes(details=True))
    store = Store(folder, "web", "ab" * 16, Limits(max_size=8 << 20, free_share=0))

    def opened() -> dict[str, str]:
        store.open()
        return {}

    sink = Folding(Recorder(store, "web", dict, opened))
    sink.start()
    pipeline = Pipeline(filter_, Keeper(filter_, frozenset(), every_exit=False), sink)
    ring.waiting = b"".join(described(pid, b"sh\0") for pid in LIVING)
    pipeline.feed(source.read())
    found = [resident()]
    for step in range(steps):
        for number in range(step * processes // steps, (step + 1) * processes // steps, AT_ONCE):
            numbers = range(number, min(number + AT_ONCE, (step + 1) * processes // steps))
            ring.waiting = b"".join([*map(records_of, numbers), storm_at(number)])
            pipeline.feed(source.read())
        found.append(resident())
    sink.close()
    return found, pipeline.totals().shown


if __name__ == "__main__":
    print(json.dumps(fed(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
