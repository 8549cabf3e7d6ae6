"""What a signal costs in BPF, by the kernel's own accounting."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.rivals import Tool
from bench.running import read
from bench.samples import Sample
from bench.streams import under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.load import Stream

RUN_TIME = "BPF run time"
SWITCH = Path("/proc/sys/kernel/bpf_stats_enabled")
SOURCE = Path(__file__).with_name("reserve.bpf.c")


def _least(name: str, program: str) -> Tool:
    command = (sys.executable, "-m", "bench.reserve", f"{{folder}}/{program}")
    return Tool(name=name, command=command, row="never", waits="poll")


# Only reserves and submits 64 bytes: the least to compare with. And what the time alone adds to that.
RESERVE = _least("reserve and submit 64 bytes", "reserve.bpf.o")
TIMED = _least("reserve and submit 64 bytes with the time in them", "timed.bpf.o")


def build(folder: Path) -> None:
    """Compile the programs of RESERVE and TIMED."""
    headers = f"/usr/include/{platform.machine()}-linux-gnu"
    command = ["clang", "-g", "-O2", "-target", "bpf", "-idirafter", headers, "-c", str(SOURCE)]
    for options, target in ((), "reserve.bpf.o"), (("-DTIMED",), "timed.bpf.o"):
        subprocess.run([*command, *options, "-o", str(folder / target)], check=True)


@contextmanager
def accounting() -> Iterator[None]:
    """kernel.bpf_stats_enabled, and as it was before."""
    before = SWITCH.read_text()
    SWITCH.write_text("1")
    try:
        yield
    finally:
        SWITCH.write_text(before)


def run_samples(
    program: Path, folder: Path, tool: Tool, stream: Stream, turn: int
) -> Iterator[Sample]:
    """Nanoseconds of all programs of the tool, for each signal of the stream."""
    with accounting(), under(program, folder, tool, stream, stream.signal) as (load, running):
        before = _run_time(running.pid)
        sent = load.run().sent
        spent = _run_time(running.pid) - before
    yield Sample(f"{RUN_TIME}, {stream.name}", tool.name, turn, {"ns": spent / sent})


def _run_time(pid: int) -> int:
    """Of all programs that a process holds: bpf_prog_show_fdinfo(), kernel/bpf/syscall.c."""
    times = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        fields = dict(re.findall(r"(\w+):\s*(\d+)", read(pid, f"fdinfo/{fd}")))
        if "run_time_ns" in fields:
            times[fields["prog_id"]] = int(fields["run_time_ns"])
    return sum(times.values())
