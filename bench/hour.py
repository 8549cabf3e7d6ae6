"""``python -m bench.hour [DIR]``: an hour of a full recording, 256M that span thirty days: exec to the first row.

The recorder's own sink and store write what a simulated host does (bench/recording_maker.py); the clock is that host's. It
takes minutes, once, in a folder that is kept.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bench import journal
from bench.recorded import write
from bench.recording_maker import BEGIN, Host
from bench.rivals import SIGTRACE
from bench.samples import CannotRun, Sample
from tracer.model.times import utc
from tracer.recording.names import pieces_in
from tracer.recording.store import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
# So many events have 256M, packed, of which the oldest are gone; with this pause they are of thirty days.
EVENTS = 2_900_000
PAUSE = 240_000_000  # ns
ROUNDS = 5
AN_HOUR = "an hour of a full recording"


@dataclass(frozen=True)
class Asked:
    """A command; {folder} is the recording, {since} and {until} the hour, ``at`` where it begins: a share of the whole.
    ``row``: how its first row begins."""

    name: str
    command: tuple[str, ...]
    at: float = 0.5
    row: str = r"\d\d:\d\d:\d\d"

    def missing(self) -> list[str]:
        """Nothing: it is ours."""
        return []


_REPLAY = (SIGTRACE, "replay", "{folder}", "--since", "{since}", "--until", "{until}")
_WHY = (SIGTRACE, "why", "rsync", "{folder}")
IDLE = Asked("python -c 'print(0)'", (sys.executable, "-c", "print(0)"), row="0")
ASKED = (
    Asked("replay, an hour of its middle", _REPLAY),
    Asked("replay, its last hour", _REPLAY, 1),
    Asked("replay --json, an hour of its middle", (*_REPLAY, "--json"), row=r"\{"),
    Asked(
        "why, in an hour of its middle",
        (*_WHY, "--since", "{since}", "--until", "{until}"),
        row=".",
    ),
    Asked("why, the last end", _WHY, row="."),
    IDLE,
)


def made(room: Path, events: int = EVENTS) -> Path:
    """The folder of the recording, which is made if it is not there."""
    folder = room / f"full-{events}"
    if not folder.exists():
        print(f"making a recording of {events:,} events in {folder} …", file=sys.stderr)
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True)
        write(unfinished, BEGIN, islice(Host(1, PAUSE).events(), events), Limits(free_share=0))
        unfinished.rename(folder)
    return folder


def hour_of(folder: Path, at: float) -> dict[str, str]:
    """The hour that begins there, or is the last one."""
    pieces = pieces_in(str(folder))[0]
    first, last = pieces[0].first, pieces[-1].last or pieces[-1].first
    since = min(first + round(at * (last - first)), last - HOUR)
    return {
        "folder": str(folder),
        "since": utc(since)[:19] + "Z",
        "until": utc(since + HOUR)[:19] + "Z",
    }


def samples(asked: Asked, room: Path, turn: int, events: int = EVENTS) -> Iterator[Sample]:
    """One run."""
    places = hour_of(made(room, events), asked.at)
    began = time.perf_counter()
    with subprocess.Popen(
        [word.format(**places) for word in asked.command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        row = re.compile(asked.row.encode())
        if not any(row.match(line) for line in process.stdout):
            assert process.stderr is not None
            raise CannotRun(process.stderr.read().decode())
        seconds = time.perf_counter() - began
        process.terminate()
    yield Sample(AN_HOUR, asked.name, turn, {"seconds": seconds})


def main() -> int:
    """This alone, in a folder that is kept."""
    room = Path(sys.argv[1]) if sys.argv[1:] else journal.ROOM
    pieces = pieces_in(str(made(room)))[0]
    size = sum(piece.size for piece in pieces)
    days = ((pieces[-1].last or 0) - pieces[0].first) / 24 / HOUR
    print(f"{len(pieces)} pieces, {size / (1 << 20):.1f} MiB, {days:.1f} days")
    print(
        "| exec to the first row | median, ms | least | most | times python -c |\n|---|---|---|---|---|"
    )
    taken = {
        asked.name: [
            one.values["seconds"] for turn in range(ROUNDS) for one in samples(asked, room, turn)
        ]
        for asked in ASKED
    }
    idle = statistics.median(taken[IDLE.name])
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        shown = [f"{1000 * one:.0f}" for one in (middle, min(seconds), max(seconds))]
        print(f"| {name} | {' | '.join(shown)} | {middle / idle:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
