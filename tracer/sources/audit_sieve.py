"""The few lines of a big audit.log that matter, found by searching bytes in large blocks.

A log of everything holds hundreds of events for every signal. Here only regular expressions look at all
of it: for lines that speak of signals, deaths and rules, for lines that hold no record, and for the
pids and serials of SYSCALL records. The other records of an event are fetched by searching for its
id around it: the kernel writes an event's records in one go (audit_log_exit(), kernel/auditsc.c).

What is known of a process (``tracer.audit.known``) is found by looking back for its last SYSCALL record
and its last exec, when a signal concerns it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple, Union

from tracer.audit.calls import ARCHES
from tracer.audit.dates import NS
from tracer.audit.gaps import Gaps
from tracer.event import frozen

BLOCK = 1 << 21
PART = 1 << 16  # how finely it is remembered where a pid was seen
DENSE = 6  # ids in one part, from which on reading every line of it is cheaper
AROUND = 1 << 15  # how far the records of one event may stand apart
_LONG = 1 << 13  # longer than the lines of most events
_STRADDLE = 8  # so many events may begin or end in another part
_WARM = 1 << 18
_PIDS_MAX = 100_000
_FETCHED_MAX = 2000


class Line(NamedTuple):
    """A line that matters, and where it begins in the file."""

    offset: int
    text: bytes


class Lines(NamedTuple):
    """Lines that follow each other, and where the first begins."""

    offset: int
    text: bytes


class Sight(NamedTuple):
    """Lines of an earlier event of a process that a signal concerns."""

    lines: tuple[bytes, ...]


class Wanted(NamedTuple):
    """A process of which this range shows nothing: an earlier range may."""

    pid: bytes


@frozen
class Missing:
    """A gap in the serials, ``count`` events after ``time``."""

    time: int
    count: int


# Asked before every block; told of the reading, whose ``tell`` says how far it is.
Proceed = Callable[[Any], bool]


def always(_: object) -> bool:
    """Read on."""
    return True


Found = Union[Line, Lines, Sight, Wanted, Missing]


def _calls(kind: int) -> frozenset[bytes]:
    """``arch syscall=number`` of all architectures; kind 1: calls that send signals, 2: execs."""
    return frozenset(
        f"{arch:08x} syscall={number}".encode()
        if arch > 0xFFFF
        else f"{arch:x} syscall={number}".encode()
        for arch, parts in ARCHES.items()
        for number in (parts[1] if kind == 1 else parts[2])
    )


_KILLS, _EXECS = _calls(1), _calls(2)
# Records that follow the one that begins their event. All other types begin one.
_FOLLOW = rb"P|CW|EX|EO|SO|SA|BPRM|FD|IP|MM"
# The beginnings of events, and lines that are no records. Groups: a SYSCALL's serial, its call and its
# pid; another type with its serial; anything for no record. To look at the rest of the records that
# follow others would take half as long again: damage there is found only where the event is read.
_BEGIN = re.compile(
    rb"\n(?:type=(?:SYSCALL msg=audit\([\d.]+:(\d+)\): arch=(\w+ syscall=\d+) [^p]*ppid=\d+ pid=(\d+) "
    rb"|(?!" + _FOLLOW + rb")(?:(\w+(?:\[\d+\])? msg=audit\([\d.]+:\d+)|(.)))|(?!type=)([^\n]))"
)
_SERIAL = re.compile(
    rb"\ntype=(?!" + _FOLLOW + rb"|OBJ|DAEMON)\w+ msg=audit\((\d{1,10})\.(\d{3}):(\d{1,19})\)"
)
_RECORD = b" msg=audit("
_CALL = re.compile(rb"arch=(\w+ syscall=\d+) ")
_STAMP = re.compile(rb"\((\d{1,10})\.(\d{3}):")
_NO_RECORD = re.compile(
    rb"\n(?!type=(?:" + _FOLLOW + rb"|\w+(?:\[\d+\])? msg=audit\([\d.]+:\d))[^\n]"
)
# Whom an event asks about: its victims, who crashed, and a sender whose title was cut at 128 bytes.
_VICTIM = re.compile(rb" opid=(\d+)[\s\x1d]")
_SENDER = re.compile(rb" pid=(\d+)[\s\x1d]")
_OF_ITSELF = re.compile(rb"type=(?:ANOM_ABEND|SECCOMP|DAEMON|1701|1326|12\d\d)")
_CUT_TITLE = re.compile(rb" proctitle=[0-9A-F]{254}")
# Types that begin an event and say something about signals; other types are passed over.
_TELLING: tuple[bytes, ...] = (
    b"OBJ_PID",
    b"ANOM_ABEND",
    b"SECCOMP",
    b"DAEMON_",
    b"CONFIG_CHANGE",
    b"KERNEL",
    b"SYSTEM_BOOT",
)
_TELLING += (b"LANDLOCK", b"UNKNOWN", b"SYSCALL", *(b"%d" % digit for digit in range(10)))


class Sieve:
    """One range of a file. ``records`` counts all of them; iterate ``found`` once."""

    def __init__(self, path: str, start: int, end: int, proceed: Proceed = always) -> None:
        self._proceed = proceed
        self.records = 0
        self.first_process = False
        self.at = start
        self._range = start, end
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._seen: dict[bytes, int] = {}
        self._execs: dict[bytes, int] = {}
        self._gaps = Gaps()
        self._fetched: dict[bytes, None] = {}
        self._asked: dict[bytes, None] = {}

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)

    def tell(self) -> int:
        """How far the reading has come."""
        return self.at

    def found(self) -> Iterator[Found]:
        """What matters, in the order of the file."""
        if self._range[0]:
            self._warm_up()
        for data, begin, first, last in self._blocks():
            if not self._proceed(self):
                return
            self.at = begin + first
            self.records += data.count(_RECORD, first, last + len(_RECORD) - 1)
            part = _line_end(data, first)
            while part < last:
                end = _line_end(data, min(part + PART, last))
                yield from self._of_part(data, begin, part, end)
                part = end

    def finish(self) -> Iterator[Found]:
        """The gaps that the end of the range leaves open."""
        for gap in self._gaps.end():
            yield Missing(gap.time, gap.count)

    def _warm_up(self) -> None:
        """How dense the log was before this range; the gaps there are for whoever reads that."""
        start = self._range[0]
        begin = max(-1, start - _WARM)
        data = os.pread(self._fd, start - begin + AROUND, max(0, begin))
        data = b"\n" + data if begin < 0 else data
        data = data[: _line_end(data, start - 1 - begin)]
        for seconds, fraction, serial in _SERIAL.findall(data):
            list(self._gaps.feed(int(serial), _time(seconds, fraction)))
        list(self._gaps.end())

    def sights(self, pid: bytes) -> Iterator[Sight]:
        """What this range shows of a pid: its last exec, and its last record of all. Told once."""
        for where in sorted({self._execs.pop(pid, -2), self._seen.pop(pid, -2)}):
            if where > -2:
                begin = max(-1, where - _LONG)
                data = os.pread(self._fd, where - begin + PART + 2 * _LONG, max(0, begin))
                data = b"\n" + data if begin < 0 else data
                start = where - begin
                yield from _sights_in(data, start, _line_end(data, start + PART), pid)

    def _blocks(self) -> Iterator[tuple[bytes, int, int, int]]:
        """(bytes, file offset of them, first and last newline before lines of this block's own).

        Every block has AROUND more bytes on both sides, and a newline before the file's first line.
        """
        own, end = self._range
        while own < end:
            begin = max(0, own - AROUND)
            data = os.pread(self._fd, own - begin + BLOCK + AROUND, begin)
            if begin == 0:
                data, begin = b"\n" + data, -1
            stop = min(end, own + BLOCK, begin + len(data))
            if stop <= own:
                return
            yield data, begin, own - 1 - begin, stop - 1 - begin
            own = stop

    def _of_part(self, data: bytes, begin: int, part: int, end: int) -> Iterator[Found]:
        rows = _BEGIN.findall(data, part, end)
        if not rows:
            return
        serials, calls, pids, others, *bad = zip(*rows)
        damaged = any(map(any, bad))
        yield from self._missing(data, part, end, () if damaged else serials, others)
        kinds = set(calls)
        self.first_process = self.first_process or b"1" in pids
        ids = _interesting(rows) if kinds & _KILLS or any(others) else []
        if len(ids) > DENSE:
            last = [*serials[-_STRADDLE:], *ids[-_STRADDLE:]]
            yield from self._whole(data, begin, part, end, ids, last)
            return
        if damaged:
            yield from _no_records(data, begin, part, end)
        if ids:
            yield from self._fetch(data, begin, part, ids)
        at = begin + part
        self._seen.update(dict.fromkeys(pids, at))
        if kinds & _EXECS:
            execs = [pid for pid, call in zip(pids, calls) if call in _EXECS]
            self._execs.update(dict.fromkeys(execs, at))
        if len(self._seen) > _PIDS_MAX:
            self._seen = dict(list(self._seen.items())[_PIDS_MAX // 2 :])

    def _fetch(self, data: bytes, begin: int, part: int, ids: list[bytes]) -> Iterator[Found]:
        """All lines of these events, each event after what is known of the processes in it."""
        for serial in dict.fromkeys(ids):
            if serial in self._fetched:
                continue
            self._fetched[serial] = None
            window = max(0, part - AROUND), part + PART + AROUND
            lines = [
                (spot, data[spot + 1 : _line_end(data, spot + 1)])
                for spot in dict.fromkeys(_spots_of(serial, data, *window))
            ]
            text = b"\n".join(line for _, line in lines) + b"\n"
            for pid in _concerned(text):
                yield from self._before(pid)
                yield from _sights_in(data, part, lines[0][0], pid)
            for spot, line in lines:
                yield Line(begin + spot + 1, line)
        while len(self._fetched) > _FETCHED_MAX:
            del self._fetched[next(iter(self._fetched))]

    def _whole(
        self, data: bytes, begin: int, part: int, end: int, first: list[bytes], last: list[bytes]
    ) -> Iterator[Found]:
        """Every line of a part that is full of signals, and what its ``first`` and ``last`` events
        have outside of it."""
        before = list(_outside(data, begin, first[:_STRADDLE], max(0, part - AROUND), part))
        last = [serial for serial in last if serial]
        behind = list(_outside(data, begin, last, end, end + AROUND))
        for text in (data[part : end + 1], b"".join(line.text + b"\n" for line in before + behind)):
            for pid in _concerned(text):
                yield from self._before(pid)
        yield from before
        yield Lines(begin + part + 1, data[part + 1 : end])
        yield from behind

    def _before(self, pid: bytes) -> Iterator[Found]:
        """What the parts before this one show of a pid."""
        if pid not in self._asked:
            self._asked[pid] = None
            yield Wanted(pid)
        yield from self.sights(pid)

    def _missing(
        self,
        data: bytes,
        part: int,
        end: int,
        serials: tuple[bytes, ...],
        others: tuple[bytes, ...],
    ) -> Iterator[Found]:
        """Gaps in the serials. Mostly the first and the last one tell that there is none between."""
        if serials and serials[0] and serials[-1]:
            first, last = int(serials[0]), int(serials[-1])
            count = (
                sum(not other.startswith(b"OBJ") for other in others)
                if any(others)
                else len(serials)
            )
            if last - first + 1 == count and self._gaps.run(first, last):
                return
        self._tell_time(data, part)
        for seconds, fraction, serial in _SERIAL.findall(data, part, end):
            for gap in self._gaps.feed(int(serial), _time(seconds, fraction)):
                yield Missing(gap.time, gap.count)

    def _tell_time(self, data: bytes, part: int) -> None:
        """Runs of serials are taken without looking at their times: find the last one's."""
        spot = data.rfind(b":%d): " % (self._gaps.last or 0), 0, part)
        found = _STAMP.match(data, data.rfind(b"(", 0, spot)) if spot > 0 else None
        if found is not None:
            self._gaps.time = _time(found[1], found[2])


def _time(seconds: bytes, fraction: bytes) -> int:
    return int(seconds) * NS + int(fraction) * 1_000_000


def _interesting(rows: list[tuple[bytes, ...]]) -> list[bytes]:
    """The serials of the events that say something about signals, in their order."""
    ids = []
    for serial, call, _, other, *_ in rows:
        if call in _KILLS:
            ids.append(serial)
        elif other.startswith(_TELLING):
            ids.append(other.rpartition(b":")[2])
    return ids


def _line_end(data: bytes, spot: int) -> int:
    """Where the line that ``spot`` is in ends: its newline, or the end of the data."""
    end = data.find(b"\n", spot)
    return len(data) if end < 0 else end


def _no_records(data: bytes, begin: int, start: int, end: int) -> Iterator[Line]:
    for spot in _NO_RECORD.finditer(data, start, end):
        line = spot.start() + 1
        yield Line(begin + line, data[line : _line_end(data, spot.end())])


def _outside(data: bytes, begin: int, ids: list[bytes], start: int, end: int) -> Iterator[Line]:
    """The lines of these events between two places."""
    for serial in dict.fromkeys(ids):
        for spot in _spots_of(serial, data, start, end):
            yield Line(begin + spot + 1, data[spot + 1 : _line_end(data, spot + 1)])


def _spots_of(serial: bytes, data: bytes, start: int, end: int) -> Iterator[int]:
    """The newlines before the lines that bear this serial."""
    mark = b":" + serial + b")"
    spot = data.find(mark, start, end)
    while spot >= 0:
        line = data.rfind(b"\n", 0, spot)
        if data.startswith(b"type=", line + 1):
            yield line
        spot = data.find(mark, spot + 1, end)


def _concerned(text: bytes) -> list[bytes]:
    pids = _VICTIM.findall(text)
    if _CUT_TITLE.search(text) or _OF_ITSELF.search(text):
        pids += _SENDER.findall(text)
    return list(dict.fromkeys(pids))


def _sights_in(data: bytes, start: int, end: int, pid: bytes) -> Iterator[Sight]:
    """The last exec of a pid between two places, and its last record."""
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
        if _is_exec(sight.lines[0]):
            if sight is not last:
                yield sight
            break
    if last is not None:
        yield last


def _sight(data: bytes, line: int) -> Sight:
    """The SYSCALL line at this newline, and the lines of the same event that follow it."""
    first = data[line + 1 : _line_end(data, line + 1)]
    serial = first[: first.find(b")")].rpartition(b":")[2]
    spots = _spots_of(serial, data, line, min(len(data), line + AROUND // 8))
    return Sight(tuple(data[spot + 1 : _line_end(data, spot + 1)] for spot in spots))


def _is_exec(line: bytes) -> bool:
    found = _CALL.search(line)
    return found is not None and found[1] in _EXECS
