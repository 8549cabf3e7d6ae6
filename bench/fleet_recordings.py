"""The recordings of a simulated fleet, thirty days of each host: what happens on any of them (bench/recording_maker.py),
and what is planted, as in the fleet that SQL makes (bench/fleet.py).
"""

from __future__ import annotations

import json
import random
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import fleet as simulated
from bench.recording_maker import BOOT, KILL, SECOND, SEGV, TERM, Host
from tracer.model.event import Earlier, Exit, Oom, Process
from tracer.model.signals import name_of as name_of_signal
from tracer.model.spelling import to_object
from tracer.recording.names import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.model.event import Event

FIRST = 1_790_812_800 * SECOND  # 2026-10-01, simulated.FIRST
HOUR = 3600 * SECOND
DAY = 24 * HOUR
DEPLOYED = 20  # day, simulated.DEPLOY
CRON_JOBS = 24 * simulated.DAYS
# Of these the open piece has the last, as if its recorder were at work.
OPEN = 20
_PAUSE = 1_300_000  # nanoseconds between what belongs together


class Member(Host):
    """One host of the fleet: the units are those of every host."""

    def __init__(self, nth: int) -> None:
        super().__init__(nth, _PAUSE, f"host{nth:04}", FIRST)
        self._nth = nth

    def month(self, count: int) -> Iterator[Event]:
        """So many things that happen anywhere, at any time, and what is planted; in the order of their times."""
        doings, weights = zip(*self._doings().items())
        common = self._draw.choices(doings, weights, k=count)
        plan = [(FIRST + self._draw.randrange(simulated.DAYS * DAY - HOUR), one) for one in common]
        yield self._mark("begin")
        for moment, doing in sorted([*plan, *self._planted()], key=lambda step: step[0]):
            self._now = max(self._now, moment)
            doing()
            yield from self._events
            self._events.clear()

    def _doings(self) -> dict[Callable[[], None], float]:
        """Hosts that nothing is wrong with."""
        return {**super()._doings(), self._cron_job_kills: 0.5, self._memory_is_used_up: 0.5}

    def _daemon(self, at: int) -> Process:
        own, self._draw = self._draw, random.Random(at)
        try:
            return super()._daemon(at)
        finally:
            self._draw = own

    def _planted(self) -> Iterator[tuple[int, Callable[[], None]]]:
        days = range(simulated.DAYS)
        if self._nth % 100 < 3:
            yield from ((FIRST + day * DAY + 10 * HOUR, self._leaks) for day in days[DEPLOYED:])
        if self.host == simulated.CRON_HOST:
            yield from ((FIRST + nth * HOUR, self._is_cleaned_up) for nth in range(CRON_JOBS))
        if self.host == simulated.LOOP_HOST:
            begin = FIRST + 3 * DAY
            yield from (
                (begin + nth * 300 * SECOND, self._breaks) for nth in range(simulated.LOOPS)
            )
        if self._nth % 50 == 0:
            yield from ((FIRST + day * DAY + 2 * HOUR, self._does_not_stop) for day in days)

    def _unit(self, unit: str) -> Process:
        name = unit.partition(".")[0].encode()
        return self._process(name, (b"/usr/bin/" + name, b"--token=secret"), unit.encode(), self._init)  # fmt: skip

    def _leaks(self) -> None:
        process = self._unit(simulated.LEAKING)
        signal = self._own(KILL, process, "oom", 128, oom=Oom("cgroup", process.cgroup))
        self._died(process, signal)

    def _is_cleaned_up(self) -> None:
        argv = (b"/bin/sh", b"/opt/cleanup.sh")
        killer = self._of(self._cron, b"cleanup.sh", argv, user="backup", uid=34, euid=34)
        process = self._unit(simulated.KILLED)
        self._died(process, self._sent(KILL, killer, process))

    def _breaks(self) -> None:
        process = self._unit(simulated.CRASHING)
        self._died(process, self._own(SEGV, process, "fault", 1, address=16), core=True)

    def _does_not_stop(self) -> None:
        process = self._unit(simulated.STUBBORN)
        request = self._sent(TERM, self._init, process, "handled")
        brief = Process(1, comm=b"systemd", start=self._init.start)
        after = 90 * SECOND
        earlier = Earlier(request.id, TERM, after, brief)
        self._died(process, self._sent(KILL, self._init, process, least=after, escalates=earlier))


@dataclass
class Recorded:
    """What was written, counted as it was made. ``deaths``: by unit and signal."""

    events: int = 0
    deaths: Counter[tuple[str, str]] = field(default_factory=Counter)


def write(fleet: simulated.Fleet, hosts: range, folder: Path) -> Recorded:
    """What these hosts have of at least so many rows, in one folder: a packed piece each, and the open one."""
    folder.mkdir(parents=True, exist_ok=True)
    told = Recorded()
    for nth in hosts:
        host = Member(nth)
        # Each thing that happens has 2.4 events.
        events = list(host.month(fleet.rows * 10 // fleet.hosts // 22))
        told.events += len(events)
        told.deaths.update(
            ((one.process.unit or b"-").decode(), name_of_signal(one.number))
            for one in events
            if isinstance(one, Exit) and one.number is not None
        )
        _piece(folder, host.host, events[:-OPEN], is_open=False)
        _piece(folder, host.host, events[-OPEN:], is_open=True)
    return told


def _piece(folder: Path, host: str, events: list[Event], *, is_open: bool) -> None:
    lines = "".join(json.dumps(to_object(event)) + "\n" for event in events).encode()
    times = [event.time or 0 for event in events]
    last = None if is_open else max(times)
    if not is_open:
        packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        lines = packer.compress(lines) + packer.flush()
    (folder / name_of(host, BOOT, min(times), last)).write_bytes(lines)
