"""Replay beside ausearch and grep, on logs made for it: speed, CPUs used, memory."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.audit_log_maker import MEGABYTE, Log
from bench.recording_maker import Recorded
from bench.rivals import SIGTRACE, absent
from bench.running import read
from bench.said_log_maker import Journal, Syslog
from bench.samples import CannotRun, Sample
from tracer.statements.tables import index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Protocol

    class Made(Protocol):
        """A log that can be made: so many bytes, in a file."""

        @property
        def name(self) -> str: ...
        @property
        def size(self) -> int: ...
        def make(self, path: Path, scale: float, seed: int) -> None: ...


LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Reader:
    """A command that reads {log}, and may use {literals}, the words of the tables; without a log it is only
    looked at. {then} is a folder with the tracer of ``commit``."""

    name: str
    command: tuple[str, ...]
    log: Made | None = None
    commit: str = ""

    @property
    def ours(self) -> bool:
        return SIGTRACE in self.command

    def missing(self) -> list[str]:
        """What is needed and not there."""
        return absent(self.command[:1])


SPARSE, KILLS = Log(300, kill_every=500), Log(100, kill_every=1)
# Another one each run: no figure is of a log that somebody knew.
SEED = random.SystemRandom().randrange(1 << 32)
REPLAY = (SIGTRACE, "replay", "--brief", "{log}")
SPARSE_READERS = (
    Reader("replay", REPLAY, SPARSE),
    Reader("ausearch --raw", ("ausearch", "-if", "{log}", "-sc", "kill", "--raw"), SPARSE),
    Reader("grep -c", ("grep", "-c", "syscall=62 ", "{log}"), SPARSE),
)
PINNED_TO_ONE = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
TO_JSON = (SIGTRACE, "replay", "--json", "{log}")
KILLS_READERS = (
    Reader("replay --json", TO_JSON, KILLS),
    Reader("replay --json, 1 CPU", (*PINNED_TO_ONE, *TO_JSON), KILLS),
    Reader("ausearch -i", ("ausearch", "-if", "{log}", "-sc", "kill", "-i"), KILLS),
)
# The commit whose time with logs of other forms was to be halved.
THEN = "a5da45c2733cee42d3ce36a28a794dd0706282c0"
OTHER_FORMS = ("interpreted", "journal", "laurel", "syslog")


def of_form(form: str) -> str:
    """The name of what reads a log of this form."""
    return f"replay --json, {form}"


def of_form_then(form: str) -> str:
    """The same by the commit THEN."""
    return f"{of_form(form)}, {THEN[:7]}"


_BY_THEN = ("env", "--chdir={then}", sys.executable, "-m", "tracer", *TO_JSON[1:])
FORM_READERS = tuple(
    reader
    for form in OTHER_FORMS
    for reader in (
        Reader(of_form(form), TO_JSON, Log(20, 1, form)),
        Reader(of_form_then(form), _BY_THEN, Log(20, 1, form), THEN),
    )
)
SAID, JOURNAL = Syslog(300, telling_every=2000), Journal(1_000_000, telling_every=2000)
# One entry after the other, as who ships a journal reads it.
_AS_JSON = f"journalctl -D {{log}} -o json --no-pager | {sys.executable} -c 'import collections, json, sys; collections.deque(map(json.loads, sys.stdin.buffer), 0)'"
SAID_READERS = (
    Reader("replay of a syslog", REPLAY, SAID),
    Reader("grep -cFf", ("grep", "-cFf", "{literals}", "{log}"), SAID),
)
JOURNAL_READERS = (
    Reader("replay of a journal", REPLAY, JOURNAL),
    Reader("journalctl -o json", ("sh", "-c", _AS_JSON), JOURNAL),
)
OF_SAID = "replay of a syslog of 300 MB, a telling line in every 2,000"
OF_JOURNAL = "replay of a journal of a million entries, a telling one in every 2,000"
OF_SPARSE = "replay of 300 MB, a kill in every 500 events"
OF_KILLS = "replay of 100 MB of kills"
OF_FORMS = "replay of 20 MB of kills in other forms"
BY_SIZE = "replay by size"
SIZES = (10, 100, 500, 2000)
ONE_CPU, ALL_CPUS = "1 CPU", "all CPUs"
PINNED = {ONE_CPU: PINNED_TO_ONE, ALL_CPUS: ()}
IDLE = Reader("idle interpreter", (sys.executable, "-c", "import time; time.sleep(0.3)"))


def sized(megabytes: int, cpus: str) -> str:
    """The name of the reader of a log of this size on these CPUs."""
    return f"{megabytes:,} MB, {cpus}"


SIZE_READERS = (
    *(
        Reader(sized(megabytes, cpus), (*PINNED[cpus], *REPLAY), Log(megabytes, kill_every=500))
        for megabytes in SIZES
        for cpus in PINNED
    ),
    IDLE,
)
OF_RECORDING = "report of a recording of a million events"
RECORDED = Recorded(1_000_000)
# What anybody has to do who reads it: Python's own decoder, written in C, on one CPU.
DECODE = """
import glob, gzip, json, sys
for path in sorted(glob.glob(sys.argv[1] + "/*.gz")):
    with gzip.open(path) as lines:
        for line in lines:
            json.loads(line)
"""
REPORT_READERS = (
    Reader("report", (SIGTRACE, "report", "{log}"), RECORDED),
    Reader("json.loads", (sys.executable, "-c", DECODE, "{log}"), RECORDED),
)
REPLAYS = (
    *SPARSE_READERS,
    *KILLS_READERS,
    *FORM_READERS,
    *SAID_READERS,
    *JOURNAL_READERS,
    *SIZE_READERS,
)
READERS = (*REPLAYS, *REPORT_READERS)


@dataclass(frozen=True)
class Run:
    """What one run took."""

    seconds: float
    cpu_seconds: float


def of_commit(commit: str, room: Path) -> Path:
    """A folder with the tracer as it was. Raises CannotRun without its history (a shallow clone)."""
    folder = room / commit
    if not folder.exists():
        packed = subprocess.run(["git", "archive", commit, "tracer"], capture_output=True)
        if packed.returncode:
            raise CannotRun(f"there is no commit {commit[:7]} here")
        folder.mkdir()
        subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    return folder


def literals_in(room: Path) -> Path:
    """A file of all words that the tables of statements look for, a line each."""
    path = room / "literals"
    path.write_bytes(b"".join(literal + b"\n" for literal in index().literals))
    return path


def made(log: Made, room: Path, scale: float) -> Path:
    """The log in a file, which is made if it is not there yet. Raises CannotRun without room for it."""
    path = room / log.name
    if not path.exists():
        size = round(log.size * scale)
        if shutil.disk_usage(room).free < size * 1.1:
            raise CannotRun(f"{room} has no room for {size // MEGABYTE} MB")
        log.make(path, scale, SEED)
        for file in files_of(path):
            with file.open("rb+") as out:
                os.fsync(out.fileno())
            # Who reads it first in a virtual machine waits for memory as well: let that be nobody who is measured.
            with file.open("rb") as log_made:
                while log_made.read(MEGABYTE):
                    pass
    return path


def files_of(path: Path) -> list[Path]:
    """A log's file, or those of its folder."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def run(command: list[str], folder: Path, look: Callable[[int], object] = lambda pid: None) -> Run:
    """Run it to its end; ``look`` is told its pid. Its output goes to a file: grep stops early for /dev/null."""
    with tempfile.TemporaryFile(dir=folder) as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        look(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CannotRun(f"{command[0]} ended with status {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime)


def peak_bytes(command: list[str], folder: Path) -> int:
    """The most memory that it has. In a run of its own: looking takes CPU time, which is missed by those who use
    all CPUs."""
    looking: list[Memory] = []
    try:
        run(command, folder, lambda pid: looking.append(Memory(pid)))
    finally:
        peaks = [memory.peak() for memory in looking]
    return max(peaks)


class Memory:
    """Looks again and again at how much memory a process and its children have together.

    Not ru_maxrss of getrusage(2): it is of the largest of them alone, and begins with what the process
    that forked it had (exec_mmap(), fs/exec.c).
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look)
        self._looking.start()

    def peak(self) -> int:
        """The most it has had; ends the looking."""
        self._ended.set()
        self._looking.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            children = read(self._pid, f"task/{self._pid}/children").split()
            self._most = max(self._most, sum(map(_pss, (self._pid, *map(int, children)))))


def _pss(pid: int) -> int:
    """Bytes of memory, those shared with other processes in part: smaps_rollup of proc(5)."""
    lines = read(pid, "smaps_rollup").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def samples(
    measure: str, reader: Reader, folder: Path, room: Path, scale: float, turn: int
) -> Iterator[Sample]:
    """Two runs of one reader: for its time, and for its memory."""
    if reader.log is None:
        peak = peak_bytes(list(reader.command), folder)
        yield Sample(measure, reader.name, turn, {"peak_bytes": peak})
        return
    log = made(reader.log, room, scale)
    then = of_commit(reader.commit, room) if reader.commit else ""
    words = {"log": log, "literals": literals_in(room), "then": then}
    command = [word.format(**words) for word in reader.command]
    done = run(command, folder)
    values: dict[str, float] = {
        "seconds": done.seconds,
        "mb_per_second": sum(file.stat().st_size for file in files_of(log))
        / MEGABYTE
        / done.seconds,
        "cpus": done.cpu_seconds / done.seconds,
        "peak_bytes": peak_bytes(command, folder),
    }
    yield Sample(measure, reader.name, turn, values)
