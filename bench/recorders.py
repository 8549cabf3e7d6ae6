"""What a recorder costs that is always on: its CPU while signals and processes come at an ordinary rate."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.load import Load, Stream
from bench.rivals import AUDITD, JSON, SIGTRACE, Tool
from bench.running import Running
from bench.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USR1 = 10
NAME = "recorders: 100 signals and 500 processes a second"
SIGNALS = Stream(NAME, 1000, 100)
PROCESSES = Stream(NAME, 5000, 500, kind="spawn")


@contextmanager
def _open_to_others(folder: Path) -> Iterator[None]:
    """The recorder goes on as a user of its own, into a folder of its own below this one."""
    before = folder.stat().st_mode
    os.chmod(folder, 0o711)
    try:
        yield
    finally:
        os.chmod(folder, before)


RECORD = Tool(
    name="record",
    command=(
        *(SIGTRACE, "record", "--no-journal", "--no-fold", "--signal", "{signal}"),
        *("--dir", "{folder}/recording"),
    ),
    row=r'"event": "signal".*"target": \{{"pid": {target},',
    lost=r"kept, ([0-9,]+|some)(?: signals?[^;]*)? lost",
    after=("sh", "-c", "zcat {folder}/recording/*.gz; rm -r {folder}/recording"),
    live=False,
    around=_open_to_others,
)
# It sees no signals: what it records once a second is how each process fares.
ATOP = Tool(
    name="atop",
    command=("atop", "-w", "{folder}/atop", "1"),
    row="no row shows a signal to {target}",
    waits="pause|poll|select|nanosleep",
    live=False,
    stops_by=signal.SIGTERM,
)
TOOLS = (RECORD, JSON, AUDITD, ATOP)


def samples(
    program: Path, folder: Path, tool: Tool, streams: tuple[Stream, ...], turn: int
) -> Iterator[Sample]:
    """The tool's CPU, as a share of one, while both streams run; senders and targets live on."""
    with (
        Load(program, streams[0]) as signals,
        Load(program, streams[1]) as processes,
        Running(tool, folder, number=USR1, sender=signals.sender) as running,
    ):
        running.wait_ready()
        spent, began = running.cpu_ns(), time.monotonic_ns()
        processes.start()
        sent = signals.run().sent
        processes.finish()
        running.settle()
        spent, took = running.cpu_ns() - spent, time.monotonic_ns() - began
        values: dict[str, float] = {"cpu_share": spent / took}
        if peak := running.peak_bytes():
            values["peak_bytes"] = peak
        running.stop()
        count = running.count(signals.target)
        values |= {"sent": sent, "kept": count.kept, "kept_share": count.kept / sent}
        if count.lost is not None:
            values["lost"] = count.lost
    yield Sample(NAME, tool.name, turn, values)
