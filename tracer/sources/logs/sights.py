"""Where a big audit.log showed a process last, and the lines that it had there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from tracer.audit.calls import EXECUTING
from tracer.audit.coalesce import AWAY
from tracer.sources.logs.finds import Shown, Sight, Wanted

PART = 1 << 16  # how finely it is remembered where a pid was seen
LONG = 1 << 13  # longer than the lines of most events
PIDS_MAX = 100_000
_WINDOW = 29_000
_CALL = re.compile(rb"arch=(\w+ syscall=\d+) ")


class Sights:
    """The parts of a file that showed a pid last: any record of it, and its last exec."""

    def __init__(self, fd: int) -> None:
        # Numbers, for bytes as keys take half as long again: more memory to look at, all over the place.
        self._seen: dict[int, int] = {}
        self._execs: dict[int, int] = {}
        self._fd = fd

    def add(self, shown: Shown) -> None:
        """Take in what the next part shows."""
        offset = shown.offset
        for places, pids in ((self._seen, shown.pids), (self._execs, shown.execs)):
            for pid in map(int, pids.split()):  # dict.update() takes a third longer
                places[pid] = offset
        self._seen, self._execs = _bounded(self._seen), _bounded(self._execs)

    def of_each(self, wanted: Wanted) -> Iterator[Sight]:
        """What is known of each of these pids."""
        if self._seen or self._execs:
            for pid in wanted.pids:
                yield from self.of(pid, wanted.offset)

    def of(self, pid: bytes, at: int) -> Iterator[Sight]:
        """What a pid's last exec, and its last record of all before this newline are. Told once."""
        number = int(pid)
        exec_ = self._execs.pop(number, -2)
        for where in sorted({exec_, self._seen.pop(number, -2)}):
            if where > -2:
                begin = max(-1, where - AWAY)
                data = os.pread(self._fd, where - begin + PART + LONG + AWAY, max(0, begin))
                data = b"\n" + data if begin < 0 else data
                first = where - begin
                # The last part of a piece is shorter than others: what follows it is too late.
                end = min(event_end(data, first + PART), at - begin)
                yield from sights_in(data, first, end, pid, execs=where == exec_)


def _bounded(places: dict[int, int]) -> dict[int, int]:
    """The same; of more than PIDS_MAX the half that was shown last."""
    if len(places) <= PIDS_MAX:
        return places
    middle = sorted(places.values())[len(places) // 2]
    return {pid: at for pid, at in places.items() if at >= middle}


def line_end(data: bytes, spot: int) -> int:
    """Where the line that ``spot`` is in ends: its newline, or the end of the data."""
    end = data.find(b"\n", spot)
    return len(data) if end < 0 else end


def event_end(data: bytes, spot: int) -> int:
    """The newline before the next SYSCALL record, if there is one near, or else that of the line."""
    end = data.find(b"\ntype=SYSCALL msg=", spot, spot + LONG)
    return line_end(data, spot) if end < 0 else end


def spots_of(mark: bytes, data: bytes, start: int, end: int) -> list[int]:
    """Where these bytes are. Python's rfind takes half as long as its find."""
    spots = []
    spot = data.rfind(mark, start, end)
    while spot >= 0:
        spots.append(spot)
        spot = data.rfind(mark, start, spot)
    return spots[::-1]


def count_of(mark: bytes, data: bytes, start: int, end: int) -> int:
    """How often these bytes begin between two places. Python's count takes twice as long on 30,000
    bytes or more (FASTSEARCH(), Objects/stringlib/fastsearch.h)."""
    more = len(mark) - 1
    return sum(
        data.count(mark, spot, min(spot + _WINDOW, end) + more)
        for spot in range(start, end, _WINDOW)
    )


def sights_in(data: bytes, start: int, end: int, pid: bytes, *, execs: bool) -> Iterator[Sight]:
    """The last exec of a pid between two places, where it ``execs`` there, and its last record."""
    mark, spot = b" pid=" + pid + b" ", end
    last = None
    while True:
        spot = data.rfind(mark, start, spot)
        if spot < 0:
            break
        line = data.rfind(b"\n", 0, spot)
        if not data.startswith(b"type=SYSCALL ", line + 1):
            continue
        sight = _sight(data, line)
        if last is None:
            last = sight
        if not execs:
            break
        if _is_exec(sight.lines[0]):
            if sight is not last:
                yield sight
            break
    if last is not None:
        yield last


def _sight(data: bytes, line: int) -> Sight:
    """The SYSCALL line at this newline, and the other lines of the same event."""
    first = data[line + 1 : line_end(data, line + 1)]
    id_ = first[: first.find(b")")].rpartition(b"(")[2]
    near = lines_of(id_, data, max(0, line - AWAY), min(len(data), line + AWAY))
    spots = [line, *(spot for spot in near if spot != line)]
    return Sight(tuple(data[spot + 1 : line_end(data, spot + 1)] for spot in spots))


def lines_of(id_: bytes, data: bytes, start: int, end: int) -> list[int]:
    """The newlines before the lines between two places that bear this id (``1514202775.088:351``)."""
    lines = [data.rfind(b"\n", 0, spot) for spot in spots_of(b"(%s)" % id_, data, start, end)]
    return [line for line in lines if line >= start and data.startswith(b"type=", line + 1)]


def _is_exec(line: bytes) -> bool:
    found = _CALL.search(line)
    return found is not None and found[1] in EXECUTING
