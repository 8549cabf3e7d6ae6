"""The recorder's memory over many processes: every record goes through all of it, from the wire to the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.flow.filter import Filter
from tracer.flow.keep import Keeper
from tracer.flow.kernel_filter import pushdown
from tracer.flow.pipeline import Pipeline
from tracer.host.processes import Processes
from tracer.recording.store import Limits, Store
from tracer.sinks.fold import Folding
from tracer.sinks.recorder import Recorder
from tracer.sources.wanted import Wanted
from tracer.sources.watch import Watch
from tracer.sources.wire import records as wire
from tracer.sources.wire.stream import RecordStream

# How many processes there are, each sent one signal that ends it; a hundred times as many signals go to one.
PROCESSES = int(os.environ.get("SIGTRACE_PROCESSES", "1000000"))
SIGNALS_EACH = 8
STARTED = 10**12


def framed(body: bytes) -> bytes:
    """A record as the ring has it: its length, and eight bytes to the next."""
    return len(body).to_bytes(4, "little") + bytes(4) + body + bytes(-len(body) % 8)


def end(pid: int, comm: bytes) -> tuple[int, int, int, int, bytes, int]:
    return (STARTED + pid, pid, pid, 0, comm, 0)


def records_of(number: int) -> bytes:
    """A process that is described, is sent SIGTERM and dies; and some signals to one that lives."""
    pid = 1000 + number
    boot = STARTED + 10_000_000 * number
    fields = [wire.PROCESS, 0, STARTED + pid, pid, 1, 0, 0, 7, 7, pid, 3, 77, 0, b"sh", b"pts3"]
    ancestors = [part for step in range(8) for part in (STARTED, 900 + step, b"bash", 0)]
    argv = b"sh\0-c\0sleep " + str(number).encode() + b"\0"
    described = wire.PROCESS_RECORD.struct.pack(*fields, *ancestors, 0, 0, len(argv), 0)
    described += bytes(2 * wire.PATH_ROOM) + argv

    def sent(at: int, target: int, signal: int) -> bytes:
        flags = wire.TARGET_KNOWN | wire.SENDER_KNOWN | wire.INFO_KNOWN
        head = (wire.SIGNAL, signal, 0, 1, 1, boot + at, 0, target, flags, 0, 1, 0, 0)
        return framed(wire.SIGNAL_RECORD.struct.pack(*head, *end(pid, b"sh"), *end(target, b"sh")))

    gone = (wire.EXIT, pid, boot + 9, STARTED + pid, 15, b"sh", 0, 0, 0, 0)
    exit_ = wire.EXIT_RECORD.struct.pack(*gone)
    others = b"".join(sent(at, 999, 28) for at in range(1, SIGNALS_EACH))
    return framed(described) + sent(0, pid, 15) + others + framed(exit_)


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


def fed(folder: Path, processes: int, steps: int) -> tuple[list[int], int]:
    """The memory after each of so many equal steps, and how many lines there are."""
    filter_ = Filter()
    ring = Ring()
    watch = Watch("core", Wanted(pushdown(filter_)))
    source = RecordStream(watch, ring, NoLosses(), Processes(details=True))
    store = Store(str(folder), "web", "ab" * 16, Limits(max_size=8 << 20, free_share=0))

    def opened() -> dict[str, str]:
        store.open()
        return {}

    sink = Folding(Recorder(store, "web", dict, opened))
    sink.start()
    pipeline = Pipeline(filter_, Keeper(filter_, frozenset(), every_exit=False), sink)
    found = []
    for step in range(steps):
        for number in range(step * processes // steps, (step + 1) * processes // steps, 20):
            ring.waiting = b"".join(map(records_of, range(number, number + 20)))
            pipeline.feed(source.read())
        found.append(resident())
    sink.close()
    return found, pipeline.totals().shown


def test_every_record_comes_through(tmp_path: Path) -> None:
    _, shown = fed(tmp_path, 40, 1)
    assert shown == 40 * SIGNALS_EACH


@pytest.mark.long
def test_memory_is_flat(tmp_path: Path) -> None:
    found, shown = fed(tmp_path, PROCESSES, 10)
    print(f"{shown:,} signals, {PROCESSES:,} processes; MiB: {[size >> 10 for size in found]}")
    assert max(found) < min(found[3:]) * 1.1
