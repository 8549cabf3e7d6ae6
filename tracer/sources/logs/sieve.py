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
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, compress

from tracer.sources.logs import sights as audit_sights
from tracer.sources.logs.batch import KILLS, Sorts, concerned
from tracer.sources.logs.finds import Batch, Found, Line, Lines, Piece, Serials, Shown, Wanted
from tracer.sources.logs.sights import (
    AROUND,
    EXECS,
    LONG,
    count_of,
    event_end,
    line_end,
    lines_of,
    sights_in,
    spots_of,
)

BLOCK = 1 << 18  # what is looked at several times stays in the CPU's cache
DENSE = 6  # ids in one part, from which on reading every line of it is cheaper
_STRADDLE = 8  # so many events may begin or end in another part

# Records that follow the one that begins their event. All other types begin one.
_FOLLOW = rb"P|CW|EX|EO|SO|SA|BPRM|FD|IP|MM"
# The beginnings of events, and lines that are no records. Groups: a SYSCALL's call and pid; another
# record's type; none for a line that is no record. To look at the rest of the records that follow
# others would take half as long again: damage there is found only where the event is read.
_BEGIN_WORDS = (
    rb"\n(?!type=(?:" + _FOLLOW + rb"))(?:type=(?:"
    rb"SYSCALL msg=audit\([0-9.]++:[0-9]++\): arch=([0-9a-f]++ syscall=[0-9]++) [^p]*+ppid=[0-9]++ pid=([0-9]{1,10}) "
    rb"|(\w+)(?:\[\d+\])? msg=audit\([\d.]+:\d|)|[^\n])"
)
# Python before 3.11 has no possessive repeats, which match the same here and forget where to try again.
_BEGIN = re.compile(
    _BEGIN_WORDS if sys.version_info >= (3, 11) else re.sub(rb"([*+])\+", rb"\1", _BEGIN_WORDS)
)
_SERIAL = re.compile(
    rb"\ntype=(?!" + _FOLLOW + rb"|OBJ|DAEMON)\w+ msg=audit\((\d{1,10})\.(\d{3}):(\d{1,19})\)"
)
_MARKED = KILLS | EXECS | {b""}  # the calls that matter, and what is no call
_OF_CALLS = {b"", b"OBJ_PID"}
_SYSCALL = b"\ntype=SYSCALL msg=audit("
_RECORD = b"msg=audit("
# Like _ID, seldom needed: compiled where it is, not at the start.
_NO_RECORD = rb"\n(?!type=(?:" + _FOLLOW + rb"|\w+(?:\[\d+\])? msg=audit\([\d.]+:\d))[^\n]"
# Types that begin an event and say something about signals; other types are passed over.
_TELLING = (
    rb"OBJ_PID|ANOM_ABEND|SECCOMP|DAEMON_|CONFIG_CHANGE|KERNEL|SYSTEM_BOOT|LANDLOCK|UNKNOWN|\d"
)
_TELLS = re.compile(_TELLING + rb"|SYSCALL")
# The ids of what says something: a call that sends signals, a SYSCALL record of an odd form, or such
# a type.
_ID = (
    rb"\ntype=(?:SYSCALL msg=audit\(([\d.]+:\d+)\): "
    rb"(?:arch=(?:"
    + b"|".join(sorted(KILLS))
    + rb") |(?!arch=\w+ syscall=\d+ [^p]*ppid=\d+ pid=\d{1,10} ))"
    rb"|(?:" + _TELLING + rb")\w*(?:\[\d+\])? msg=audit\(([\d.]+:\d+))"
)
_ID_OF_LINE = re.compile(rb"\ntype=\w+(?:\[\d+\])? msg=audit\(([\d.]+:\d+)")


def sieve(fd: int, start: int, end: int, sorts: Sorts) -> Piece:
    """What matters in the lines that begin in ``start``..``end`` of a file (bytes)."""
    sorts.forget_many()
    known = len(sorts)
    sieve_ = _Sieve(fd, sorts)
    found = list(_joined(sieve_.found(start, end)))
    return Piece(found, sieve_.records, sieve_.first_process, sorts.process, known)


class _Sieve:
    def __init__(self, fd: int, sorts: Sorts) -> None:
        self.records = 0
        self.first_process = False
        self._fd = fd
        self._sorts = sorts
        self._dense = False
        self._told: tuple[int, int] | None = None  # the last serial, and its time
        self._fetched: set[bytes] = set()
        self._asked: set[bytes] = set()

    def found(self, start: int, end: int) -> Iterator[Found]:
        for data, begin, first, last in self._blocks(start, end):
            self.records += count_of(_RECORD, data, first, last)
            part = event_end(data, first) if first else 0  # the first line is of any type
            while part < last:
                part_end = event_end(data, min(part + audit_sights.PART, last))
                batch = self._sorts.batch(data[part + 1 : part_end + 1]) if self._dense else None
                if batch is None:
                    yield from self._of_part(data, begin, part, part_end)
                else:
                    yield from self._of_batch(batch, begin + part)
                part = part_end

    def _blocks(self, own: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
        """(bytes, file offset of them, first and last newline before lines of this block's own).

        Every block has AROUND more bytes on both sides, and a newline before the file's first line.
        """
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
        self._dense = False
        rows = _BEGIN.findall(data, part, end)
        if not rows:
            return
        calls, pids, types = zip(*rows)
        marked = _MARKED.intersection(calls)
        others = [kind for call, kind in zip(calls, types) if not call] if b"" in marked else []
        damaged = b"" in others
        count = 0 if damaged else len(rows) - others.count(b"OBJ_PID")
        yield from self._serials(data, part, end, count, only_calls=_OF_CALLS.issuperset(others))
        sends, telling = marked & KILLS, set(filter(_TELLS.match, others))
        ids = _ids(data, part, end, sends, telling) if sends or telling else {}
        shown = b" ".join(pids)
        self.first_process = self.first_process or _has(shown, b"1")
        if len(ids) > DENSE:
            self._dense = True
            yield from self._whole(data, begin, part, end, list(ids))
            return
        if damaged:
            yield from _no_records(data, begin, part, end)
        execs = compress(pids, map(EXECS.__contains__, calls)) if marked else ()
        here = Shown(begin + part, shown, b" ".join(execs))
        if ids:
            yield from self._fetch(data, begin, part, ids, here)
        self._asked.clear()
        yield here

    def _serials(
        self, data: bytes, part: int, end: int, count: int, *, only_calls: bool
    ) -> Iterator[Serials]:
        """The serials of a part. Mostly there are as many events as the last serial before it, or the first
        in it, and its own last one tell."""
        last = _last_stamp(data, part, end, only_calls=only_calls) if count else None
        if last is not None:
            began = self._told or last
            if last[0] - began[0] != count:
                first = _SERIAL.search(data, part, end)
                serial, time = _stamp(*first.groups()) if first else last
                began = serial - 1, time
            self._told = last
            if last[0] - began[0] == count:
                yield Serials(began[0] + 1, last[0], began[1] if count > 1 else last[1], last[1])
                return
        for one in _SERIAL.findall(data, part, end):
            serial, time = _stamp(*one)
            yield Serials(serial, serial, time, time)

    def _of_batch(self, batch: Batch, at: int) -> Iterator[Found]:
        yield from _serials_of(batch)
        self._told = batch.serials[-1], batch.times[-1]
        pids = map(self._sorts.concerned.__getitem__, batch.sorts)
        yield from self._before(chain.from_iterable(pids), at)
        yield from self._sorts.take_new()
        yield batch

    def _fetch(
        self, data: bytes, begin: int, part: int, ids: dict[bytes, int], here: Shown
    ) -> Iterator[Found]:
        """All lines of these events, each event after what is known of the processes in it."""
        for id_, place in ids.items():
            if id_ in self._fetched:
                continue
            self._fetched.add(id_)
            spots = lines_of(id_, data, max(0, place - AROUND), place + AROUND)
            lines = [
                (spot, data[spot + 1 : line_end(data, spot + 1)]) for spot in dict.fromkeys(spots)
            ]
            text = b"\n".join(line for _, line in lines) + b"\n"
            pids = concerned(text)
            yield from self._before(pids, begin + part)
            for pid in pids:
                if _has(here.pids, pid):
                    execs = _has(here.execs, pid)
                    yield from sights_in(data, part, lines[0][0], pid, execs=execs)
            for spot, line in lines:
                yield Line(begin + spot + 1, line)

    def _whole(
        self, data: bytes, begin: int, part: int, end: int, ids: list[bytes]
    ) -> Iterator[Found]:
        """Every line of a part that is full of signals, and what its first and last events have
        outside of it."""
        before = list(_outside(data, begin, ids[:_STRADDLE], max(0, part - AROUND), part))
        last = [b"%s.%s:%s" % id_ for id_ in _SERIAL.findall(data, max(part, end - LONG), end)]
        last = [*last[-_STRADDLE:], *ids[-_STRADDLE:]]
        behind = list(_outside(data, begin, last, end, end + AROUND))
        for text in (data[part : end + 1], b"".join(line.text + b"\n" for line in before + behind)):
            yield from self._before(concerned(text), begin + part)
        yield from before
        yield Lines(begin + part + 1, data[part + 1 : end])
        yield from behind

    def _before(self, concerned_: Iterable[bytes], at: int) -> Iterator[Found]:
        """Ask what the parts before this one show of these pids, unless that was asked already."""
        new = [pid for pid in dict.fromkeys(concerned_) if pid not in self._asked]
        if new:
            self._asked.update(new)
            yield Wanted(new, at)


def _has(pids: bytes, pid: bytes) -> bool:
    """Whether a pid is one of these, with blanks between them."""
    return b" %s " % pid in b" %s " % pids


def _ids(
    data: bytes, part: int, end: int, calls: frozenset[bytes], types: set[bytes]
) -> dict[bytes, int]:
    """The ids of the events of these calls, and of those that begin with these types; where each begins."""
    if b"SYSCALL" in types:  # one of an odd form
        odd = list(re.compile(_ID).finditer(data, part, end))
        return {id_[1] or id_[2]: id_.start() for id_ in reversed(odd)}
    marks = [b"): arch=%s " % call for call in calls] + [b"\ntype=%s" % kind for kind in types]
    lines = {
        data.rfind(b"\n", part, spot + 1)
        for mark in marks
        for spot in spots_of(mark, data, part, end)
    }
    found = [_ID_OF_LINE.match(data, line) for line in sorted(lines)]
    return {id_[1]: id_.start() for id_ in found if id_}


def _serials_of(batch: Batch) -> Iterator[Serials]:
    serials, times = batch.serials, batch.times
    if serials[-1] - serials[0] + 1 == len(serials):
        yield Serials(serials[0], serials[-1], times[0], times[-1])
        return
    for serial, time in zip(serials, times):
        yield Serials(serial, serial, time, time)


def _joined(found: Iterator[Found]) -> Iterator[Found]:
    """The same, and serials that go on are one."""
    run: Serials | None = None
    for one in found:
        if isinstance(one, Shown):
            yield one
        elif not isinstance(one, Serials):
            if run is not None:
                yield run
            run = None
            yield one
        elif run is not None and one.first == run.last + 1:
            run = Serials(run.first, one.last, run.began, one.ended)
        else:
            if run is not None:
                yield run
            run = one
    if run is not None:
        yield run


def _last_stamp(data: bytes, part: int, end: int, *, only_calls: bool) -> tuple[int, int] | None:
    if only_calls:
        last = _SERIAL.match(data, data.rfind(_SYSCALL, part, end), end)
    else:
        *_, last = (None, *_SERIAL.finditer(data, max(part, end - LONG), end))
    return _stamp(*last.groups()) if last else None


def _stamp(seconds: bytes, milliseconds: bytes, serial: bytes) -> tuple[int, int]:
    """A serial, and its time in ns."""
    return int(serial), int(seconds + milliseconds) * 1_000_000


def _no_records(data: bytes, begin: int, start: int, end: int) -> Iterator[Line]:
    for spot in re.compile(_NO_RECORD).finditer(data, start, end):
        line = spot.start() + 1
        yield Line(begin + line, data[line : line_end(data, spot.end())])


def _outside(data: bytes, begin: int, ids: list[bytes], start: int, end: int) -> Iterator[Line]:
    """The lines of these events between two places."""
    for id_ in dict.fromkeys(ids):
        for spot in lines_of(id_, data, start, end):
            yield Line(begin + spot + 1, data[spot + 1 : line_end(data, spot + 1)])
