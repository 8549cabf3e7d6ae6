"""``sigtrace why`` on a journal of a million entries and thirty days of recording: seconds to the answer, CPU, memory of its
own, beside ``journalctl -o json`` piped into grep."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import journal
from bench.recorded import write
from bench.recording_maker import HOST, KILL, USR1
from bench.rivals import SIGTRACE, absent
from bench.running import read
from bench.samples import CannotRun, Sample
from tracer.model.event import Ancestor, Exit, Process, Signal
from tracer.model.times import SECOND
from tracer.recording.store import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.model.event import Event

# Ten signals a minute, of which one in eight ends its target: 430,000 events.
DAYS, A_MINUTE, ENDING = 30, 10, 8
VICTIM = "orders-api"
MINUTE = 60 * SECOND
WHY = "why"
LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Asked:
    """A command that looks for what ended something. {journal} and {recording} are folders."""

    name: str
    command: tuple[str, ...]

    def missing(self) -> list[str]:
        """What is needed and not there."""
        return [*absent(self.command[:1]), *absent((journal.TOOL,))]


UNIT = journal.first_told(1)
_GREP = f"journalctl -o json --directory {{journal}} | grep -c '{UNIT}[.]service.*EXIT_CODE'"
OF_JOURNAL = Asked("why, of a journal of 1,000,000", (SIGTRACE, "why", UNIT, "{journal}"))
OF_RECORDING = Asked("why, of 30 days of recording", (SIGTRACE, "why", VICTIM, "{recording}"))
OF_BOTH = Asked("why, of both", (SIGTRACE, "why", VICTIM, "{recording}", "{journal}"))
GREP = Asked("journalctl -o json | grep", ("sh", "-c", _GREP))
IDLE = Asked("idle interpreter", (sys.executable, "-c", "import time; time.sleep(0.3)"))
OURS = (OF_JOURNAL, OF_RECORDING, OF_BOTH)
ASKED = (*OURS, GREP, IDLE)


def process(pid: int, name: str, start: int) -> Process:
    """One end as core tells it."""
    comm = name.encode()
    return Process(
        pid=pid, tid=pid, comm=comm[:15], uid=0, user="root", euid=0, ppid=702, exe=b"/usr/bin/" + comm,
        argv=(b"/usr/bin/" + comm, b"--config", b"/etc/%b.conf" % comm, b"%d" % pid),
        cgroup=b"/system.slice/%b.service" % comm, cgroup_id=2362, unit=comm + b".service", ns_pid=pid, start=start,
        ancestors=(Ancestor(pid=980, comm=b"tidy-workers", argv=(b"/usr/local/bin/tidy-workers",)),
                   Ancestor(pid=702, comm=b"cron", argv=(b"/usr/sbin/cron", b"-f"))),
    )  # fmt: skip


def events(begin: int, minutes: int) -> Iterator[Event]:
    """Signals that are handled, and some that end their targets; the victim's ends are six hours apart."""
    chance = random.Random(7)
    for number in range(minutes * A_MINUTE):
        moment = begin + number * MINUTE // A_MINUTE
        pid = 1000 + number % 30_000
        ends = number % ENDING == 0
        is_victim = ends and number % (360 * A_MINUTE) == 0
        comm = VICTIM if is_victim else f"daemon{chance.randrange(60)}"
        target = process(pid, comm, moment - 20 * SECOND)
        signal = Signal(
            id=f"{moment:x}-{pid:x}", time=moment, source="core", host=HOST, number=KILL if ends else USR1, code=0,
            origin="kill", outcome="delivered" if ends else "handled", scope="process", call="kill", asked=pid,
            sender=process(991, "pkill", moment - SECOND // 100), target=target,
        )  # fmt: skip
        yield signal
        if ends:
            yield Exit(
                id=f"{moment + 1000:x}-exit-{pid}", time=moment + 1000, source="core", host=HOST,
                process=target, number=KILL, cause=signal.id,
            )  # fmt: skip


def made(room: Path, days: int = DAYS) -> Path:
    """The folder of the recording, which ends now, and is made if it is not there."""
    folder = room / f"recording-{days}d"
    if folder.exists():
        return folder
    unfinished = folder.with_suffix(".unfinished")
    unfinished.mkdir(parents=True)
    minutes = days * 24 * 60
    begin = time.time_ns() - minutes * MINUTE
    limits = Limits(max_size=1 << 40, min_free=0, free_share=0)
    write(unfinished, begin, events(begin, minutes), limits)
    unfinished.rename(folder)
    return folder


class Own:
    """Looks again and again at the memory that is a process's and its children's own: RssAnon of proc_pid_status(5)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.most = 0

    def look(self) -> None:
        children = read(self._pid, f"task/{self._pid}/children").split()
        self.most = max(self.most, sum(map(_anonymous, (self._pid, *map(int, children)))))


def _anonymous(pid: int) -> int:
    lines = read(pid, "status").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def samples(asked: Asked, room: Path, turn: int) -> Iterator[Sample]:
    """One run."""
    places = {
        "journal": journal.made(room, 1),
        "recording": made(room),
    }
    command = [word.format(**places) for word in asked.command]
    began = time.perf_counter()
    process_ = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own, status = Own(process_.pid), 0
    while not (done := os.wait4(process_.pid, os.WNOHANG))[0]:
        own.look()
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - began
    _, status, usage = done
    process_.returncode = os.waitstatus_to_exitcode(status)
    if process_.returncode:
        raise CannotRun(f"{command[0]} ended with status {process_.returncode}")
    values: dict[str, float] = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "own_bytes": own.most,
    }
    yield Sample(WHY, asked.name, turn, values)


def main() -> int:
    """``python -m bench.why [DIR]``: this alone, in a folder that is kept."""
    room = Path(sys.argv[1]) if sys.argv[1:] else journal.ROOM
    room.mkdir(parents=True, exist_ok=True)
    print("| | seconds | CPU seconds | memory of its own, MB |\n|---|---|---|---|")
    for asked in ASKED:
        done = [one.values for turn in range(3) for one in samples(asked, room, turn)]
        columns = [
            statistics.median(one[name] for one in done)
            for name in ("seconds", "cpu_seconds", "own_bytes")
        ]
        print(f"| {asked.name} | {columns[0]:.2f} | {columns[1]:.2f} | {columns[2] / 1e6:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
