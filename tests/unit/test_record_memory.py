"""The recorder's memory over many processes: every record goes through all of it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.record_feed import AT_ONCE, STORM

PROCESSES = int(os.environ.get("SIGTRACE_PROCESSES", "1000000"))
MOST = 45_000_000  # bytes
# A million records each.
STEPS = 9


def fed(folder: Path, processes: int, steps: int) -> tuple[list[int], int]:
    """Bytes at the beginning and after each step, and the number of signals."""
    words = ["-m", "tests.unit.record_feed", str(folder), str(processes), str(steps)]
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, *words], capture_output=True, cwd=root, check=True)
    found, shown = json.loads(done.stdout)
    return [1024 * size for size in found], shown


def test_every_record_comes_through(tmp_path: Path) -> None:
    sizes, shown = fed(tmp_path, 4 * AT_ONCE, 2)
    assert shown == 4 * (AT_ONCE + STORM)
    assert len(sizes) == 3


@pytest.mark.long
def test_memory_is_flat(tmp_path: Path) -> None:
    sizes, shown = fed(tmp_path, PROCESSES, STEPS)
    print(
        f"{shown:,} signals, {PROCESSES:,} processes; MB: {[round(one / 1e6, 1) for one in sizes]}"
    )
    assert max(sizes) <= MOST
    assert max(sizes) < min(sizes[3:]) * 1.1
