"""``python -m bench.journal``: 500 entries of a journal of one million (one in 2,000) and of three, by their MESSAGE_ID.

The journals (0.5 and 1.5 GB) are made by systemd-journal-remote from generated text, once, in a folder that is kept:
/var/tmp/sigtrace-bench-journal, or the first argument. A reading is repeated, and the median told: the first one finds
nothing in memory.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracer.audit.known import NOBODY
from tracer.flow.filter import Filter
from tracer.flow.source import every
from tracer.sources.journal import open_journal
from tracer.sources.journal.telling import journal_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOM = Path("/var/tmp/sigtrace-bench-journal")
TOOL = "/usr/lib/systemd/systemd-journal-remote"
MILLION = 1_000_000
SIZES = (1, 3)  # millions of entries
TELLING = 500
UNITS = 60
EXITED = b"98e322203f7a4ed290d09fe03c09fe15"
BEGIN = 1_700_000_000_000_000  # µs
WAYS = ("libsystemd", "journalctl", "own")
ROUNDS = 11
# What a look-up may take, in ms.
LIMIT = 50


def first_told(millions: int) -> str:
    """The unit whose end is told first, without its suffix."""
    return f"u{millions * MILLION // TELLING // 2 % UNITS}"


def text(count: int, telling_every: int) -> Iterator[bytes]:
    """Entries of 60 daemons, 10 ms apart; one in ``telling_every`` is PID 1's."""
    for number in range(count):
        moment = BEGIN + number * 10_000
        head = b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%s\n_HOSTNAME=web3\n"
        yield head % (moment, number * 10_000, b"ab" * 16)
        unit = b"u%d.service" % (number % UNITS)
        if number % telling_every == telling_every // 2:
            yield (
                b"MESSAGE_ID=%s\nMESSAGE=%s: Main process exited, code=killed, status=9/KILL\n_PID=1\n"
                b"_UID=0\n_COMM=systemd\nSYSLOG_IDENTIFIER=systemd\nUNIT=%s\nINVOCATION_ID=%032x\n"
                b"EXIT_CODE=killed\nEXIT_STATUS=9\nCOMMAND=ExecStart\n_TRANSPORT=journal\n\n"
            ) % (EXITED, unit, unit, number)
        else:
            yield (
                b"MESSAGE=request %d of client %d took %d ms\n_PID=%d\n_UID=33\n_COMM=daemon%d\n"
                b"_EXE=/usr/bin/daemon%d\n_SYSTEMD_UNIT=%s\n_SYSTEMD_CGROUP=/system.slice/%s\n"
                b"SYSLOG_IDENTIFIER=d%d\nPRIORITY=6\n_TRANSPORT=stdout\n_SOURCE_REALTIME_TIMESTAMP=%d\n\n"
            ) % (
                *(
                    number,
                    number % 977,
                    number % 1201,
                    1000 + number % 5000,
                    number % 60,
                    number % 60,
                ),
                *(unit, unit, number % 60, moment - 5),
            )


def made(room: Path, millions: int) -> Path:
    """The folder with the journal, which is made if it is not there."""
    folder = room / f"{millions}m-{TELLING}"
    if not folder.exists():
        print(f"making a journal of {millions:,} million entries in {folder} …", file=sys.stderr)
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True)
        command = [TOOL, "--split-mode=none", "-o", str(unfinished / "system.journal"), "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as tool:
            assert tool.stdin is not None
            tool.stdin.writelines(text(millions * MILLION, millions * MILLION // TELLING))
        unfinished.rename(folder)
    return folder


@dataclass(frozen=True)
class Taken:
    """What a reading took, in ms: by the clock, and of CPU time, children included."""

    clock: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.clock:.0f} ({self.cpu:.0f})"


def cpu_ms() -> float:
    return 1000 * sum(os.times()[:4])


def median_of(read: Callable[[], int], expected: int, rounds: int = ROUNDS) -> Taken:
    """Of several readings, each of which has to find all. What CPU time is counted in is 10 ms: it is that of all together."""
    taken = []
    spent = cpu_ms()
    for _ in range(rounds):
        began = time.perf_counter()
        found = read()
        taken.append(1000 * (time.perf_counter() - began))
        assert found == expected, f"{found} of {expected}"
    return Taken(statistics.median(taken), (cpu_ms() - spent) / rounds)


def by_id(folder: Path, way: str) -> Taken:
    """500 entries with all their fields, the journal opened and closed with it."""

    def read() -> int:
        with open_journal([str(folder)], ways=[way]) as journal:
            return sum(1 for _ in journal.entries([{"MESSAGE_ID": EXITED}]))

    return median_of(read, TELLING)


def told(folder: Path) -> Taken:
    """All that a replay would tell: what lies around each end is looked at, too."""

    def read() -> int:
        source = journal_source([str(folder)], Filter(), NOBODY)
        for _ in every(source):
            pass
        source.close()
        return source.counts["exit"]

    return median_of(read, TELLING, 1)


def main() -> int:
    room = Path(sys.argv[1]) if sys.argv[1:] else ROOM
    rows = {way: [by_id(made(room, size), way) for size in SIZES] for way in WAYS}
    print(
        "| 500 entries by MESSAGE_ID, ms (of CPU time) | "
        + " | ".join(f"{size} M" for size in SIZES)
        + " |"
    )
    print("|---|" + "---|" * len(SIZES))
    for way, row in rows.items():
        print(f"| {way} | " + " | ".join(map(str, row)) + " |")
    print(f"| told by replay | {' | '.join(str(told(made(room, size))) for size in SIZES)} |")
    own = [way for way in WAYS if way != "journalctl"]
    slow = [way for way in own if max(taken.cpu for taken in rows[way]) > LIMIT]
    if slow:
        print(f"more than {LIMIT} ms of CPU time: {', '.join(slow)}", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
