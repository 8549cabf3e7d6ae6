"""The few lines of a big audit.log that matter, found by searching bytes in large blocks.

A log of everything holds hundreds of events for every signal. Here only regular expressions look at all
of it: for lines that speak of signals, deaths and rules, for lines that hold no record, and for the
pids and serials of SYSCALL records. The other records of an event are searched for by its id, as far as an event
reaches (``tracer.audit.coalesce``): so what is found is what reading every line would find, in the same order.

What is known of a process (``tracer.audit.known``) is found by looking back for its last SYSCALL record
and its last exec, when a signal concerns it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress

from tracer.audit.calls import EXECUTING, SENDING
from tracer.audit.coalesce import AWAY
from tracer.audit.usual import rows_of
from tracer.sources.logs import sights as audit_sights
from tracer.sources.logs.finds import Found, Line, Lines, Piece, Serials, Shown, Wanted
from tracer.sources.logs.sights import (
    LONG,
    count_of,
    event_end,
    line_end,
    lines_of,
    sights_in,
    spots_of,
)

BLOCK = 1 << 18  # what is looked at several times stays in the CPU's cache
DENSE = 6  # ids in a part of a piece, from which on reading every line is cheaper

KILLS = frozenset(SENDING)
# Records that follow the one that begins their event. All other types begin one.
_FOLLOW = rb"P|CW|EX|EO|SO|SA|BPRM|FD|IP|MM"
# The beginnings of events, and lines that are no records. Groups: a SYSCALL's serial, call and pid; another
# record's type and serial; none for a line that is no record. To look at the rest of the records that follow
# others would take half as long again: damage there is found only where the event is read.
_BEGIN_WORDS = (
    rb"\n(?!type=(?:" + _FOLLOW + rb"))(?:type=(?:"
    rb"SYSCALL msg=audit\([0-9.]++:([0-9]{1,19})\): arch=([1-9a-f][0-9a-f]*+ syscall=(?:0|[1-9][0-9]*+)) [^p\n]*+ppid=[0-9]++ pid=([0-9]{1,10}) "
    rb"|(\w+)(?:\[\d+\])? msg=audit\([\d.]+:(\d{1,19})\)|)|[^\n])"
)
# Python before 3.11 has no possessive repeats, which match the same here and forget where to try again.
_BEGIN = re.compile(
    _BEGIN_WORDS if sys.version_info >= (3, 11) else re.sub(rb"([*+])\+", rb"\1", _BEGIN_WORDS)
)
_SERIAL = re.compile(
    rb"\ntype=(?!DAEMON)\w+(?:\[\d+\])? msg=audit\((\d{1,10})\.(\d{3}):(\d{1,19})\)"
)
_IDS = re.compile(rb"\ntype=(\w+)(?:\[\d+\])? msg=audit\(([\d.]+:\d+)\)")
_STAMP = re.compile(rb"audit\(([\d.]+:\d+)\)")
_MARKED = KILLS | EXECUTING | {b""}  # the calls that matter, and what is no call
# Records of programs stand alone (include/uapi/linux/audit.h, 1100-1299): each of them is an event.
_ALONE = (b"USER_", b"CRED_", b"SERVICE_", b"OBJ_PID")
_SYSCALL = b"\ntype=SYSCALL msg=audit("
_RECORD = b"msg=audit("
# Types that begin an event and say something about signals; other types are passed over.
_TELLING = (
    rb"OBJ_PID|ANOM_ABEND|SECCOMP|AVC|DAEMON_|CONFIG_CHANGE|KERNEL|SYSTEM_BOOT|LANDLOCK|UNKNOWN|\d"
)
_TELLS = re.compile(_TELLING + rb"|SYSCALL")
# The ids of what says something: a call that sends signals, a SYSCALL record of an odd form, or such
# a type. Seldom needed: compiled where it is.
_ID = (
    rb"\ntype=(?:SYSCALL msg=audit\(([\d.]+:\d+)\): "
    rb"(?:arch=(?:"
    + b"|".join(sorted(KILLS))
    + rb") |(?!arch=[1-9a-f][0-9a-f]* syscall=(?:0|[1-9]\d*) [^p\n]*ppid=\d+ pid=\d{1,10} ))"
    rb"|(?:" + _TELLING + rb")\w*(?:\[\d+\])? msg=audit\(([\d.]+:\d+))"
)
# Whom an event asks about: its victims, who crashed, and a sender whose title was cut at 128 bytes.
_VICTIM = re.compile(rb" opid=(\d{1,10})[\s\x1d]")
_SENDER = re.compile(rb" pid=(\d{1,10})[\s\x1d]")
_OF_ITSELF = re.compile(rb"type=(?:ANOM_ABEND|SECCOMP|DAEMON|1701|1326|12\d\d)")
_CUT_TITLE = re.compile(rb" proctitle=[0-9A-F]{254}")


class _ByLines(Exception):
    """A piece is full of signals, or damaged: every line of it is read."""


def sieve(fd: int, start: int, end: int) -> Piece:
    """What matters in the lines between two places of a file (bytes) that ``cut_at`` has found."""
    sieve_ = _Sieve(fd, start, end)
    try:
        return Piece(list(sieve_.found()), sieve_.records, sieve_.first_process)
    except _ByLines:
        return Piece(list(_Sieve(fd, start, end).lines()), 0, False)


def cut_at(fd: int, wanted: int, size: int) -> int:
    """The first place from ``wanted`` on where a line begins and no event lies on both sides."""
    at = wanted
    while at < size:
        begin = max(0, at - AWAY)
        data = os.pread(fd, at - begin + 2 * AWAY, begin)
        at_end = len(data) - AWAY if begin + len(data) < size else len(data)
        spot = data.find(_SYSCALL, at - begin - 1)
        before, behind = (_STAMP.findall(data, *span) for span in ((0, spot), (spot, spot + AWAY)))
        if 0 <= spot < at_end and set(before).isdisjoint(behind):  # mostly
            return begin + spot + 1
        ids = [(one.start(), one[2]) for one in _IDS.finditer(data)]
        last = {id_: where for where, id_ in ids}  # of each event its last line
        reach = -1
        seen = 0
        while 0 <= spot < at_end:
            while seen < len(ids) and ids[seen][0] < spot:
                reach = max(reach, last[ids[seen][1]])
                seen += 1
            if reach < spot:
                return begin + spot + 1
            spot = data.find(_SYSCALL, spot + 1)
        at += AWAY
    return size


class _Sieve:
    def __init__(self, fd: int, start: int, end: int) -> None:
        self.records = 0
        self.first_process = False
        self._fd, self._start, self._end = fd, start, end
        self._room = DENSE * -(-(end - start) // audit_sights.PART)
        self._told: tuple[int, int] | None = None  # the last serial, and its time
        # Events that matter and are not over, and where their last record is.
        self._open: dict[bytes, int] = {}
        self._asked: set[bytes] = set()

    def found(self) -> Iterator[Found]:
        """What matters. Raises _ByLines."""
        for part in self._parts():
            yield from self._of_part(*part)

    def lines(self) -> Iterator[Found]:
        """All lines, and what their events have before the piece."""
        for data, begin, part, end in self._parts():
            yield from self._before(concerned(data[part : end + AWAY] + b"\n"), self._start - 1)
            own = data[part + 1 : end + 1]
            yield Lines(begin + part + 1, own, rows_of(own))

    def _parts(self) -> Iterator[tuple[bytes, int, int, int]]:
        """The blocks' bytes and offset, and the newlines between which a part of their lines is."""
        for data, begin, part, last in self._blocks(self._start, self._end):
            while part < last:
                end = min(last, event_end(data, min(part + audit_sights.PART, last)))
                yield data, begin, part, end
                part = end

    def _blocks(self, own: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
        """(bytes, file offset of them, first and last newline before lines of this block's own).

        Every block has AWAY more bytes on both sides, and a newline before the file's first line.
        """
        while own < end:
            begin = max(0, own - AWAY)
            data = os.pread(self._fd, min(own + BLOCK, end) + AWAY - begin, begin)
            if begin == 0:
                data, begin = b"\n" + data, -1
            first = own - 1 - begin
            stop = end - 1 - begin
            if stop > first + BLOCK:
                stop = event_end(data, first + BLOCK)
            stop = min(stop, len(data) - 1)
            if stop <= first:
                return
            yield data, begin, first, stop
            own = begin + stop + 1

    def _of_part(self, data: bytes, begin: int, part: int, end: int) -> Iterator[Found]:
        rows = _BEGIN.findall(data, part, end)
        serials, calls, pids, types, others_serials = zip(*rows) if rows else ((),) * 5
        marked = _MARKED.intersection(calls)
        others = [kind for call, kind in zip(calls, types) if not call] if b"" in marked else []
        damaged = b"" in others
        sends, telling = marked & KILLS, set(filter(_TELLS.match, others))
        ids = _ids(data, part, end, sends, telling) if sends or telling else {}
        shown = b" ".join(pids)
        self.first_process = self.first_process or _has(shown, b"1")
        self._room -= len(ids)
        if damaged or self._room < 0:
            raise _ByLines
        self.records += count_of(_RECORD, data, part, end)
        execs = compress(pids, map(EXECUTING.__contains__, calls)) if marked else ()
        here = Shown(begin + part, shown, b" ".join(execs))
        if ids or self._open:
            yield from self._fetch(data, begin, part, end, ids, here)
        elif rows:
            if not others:
                yield from self._serials(data, part, end, serials, only_calls=True)
            elif all(kind.startswith(_ALONE) for kind in others):
                begun = [
                    one or other
                    for one, kind, other in zip(serials, types, others_serials)
                    if kind != b"OBJ_PID"
                ]
                yield from self._serials(data, part, end, begun, only_calls=False)
            else:
                yield from self._serials(data, part, end, (), only_calls=False)
        self._asked.clear()
        yield here

    def _serials(
        self, data: bytes, part: int, end: int, begun: Sequence[bytes], *, only_calls: bool
    ) -> Iterator[Serials]:
        """The serials of a part. Mostly its events have ``begun`` one after another, and no other record need be looked at."""
        last = _last_stamp(data, part, end, only_calls=only_calls)
        before, self._told = self._told, last or self._told
        first = _stamp(_SERIAL.search(data, part, end)) if before is None else before
        new = int(before is not None)  # the first of these serials, behind that one
        if (
            first is not None
            and last is not None
            and last[0] - first[0] - new + 1 == len(begun)
            and [*map(int, begun)] == [*range(first[0] + new, last[0] + 1)]
        ):
            yield Serials(first[0] + new, last[0], first[1], last[1])
        else:
            yield from runs(_SERIAL.findall(data, part, end))

    def _fetch(
        self, data: bytes, begin: int, part: int, end: int, ids: dict[bytes, int], here: Shown
    ) -> Iterator[Found]:
        """All lines of these events and of those that are open, each event after what is known of the processes in
        it; and the serials between them."""
        lines: dict[int, bytes] = {}  # where a line of an event is, and which event's
        for id_ in (*self._open, *ids):
            new = id_ not in self._open
            first = max(0, min(part, ids[id_] - AWAY)) if new else part
            lines.update((spot, id_) for spot in lines_of(id_, data, first, end))
        told = part
        texts: dict[bytes, bytes] = {}
        for spot, id_ in sorted(lines.items()):
            if spot > told:
                yield from runs(_SERIAL.findall(data, told, spot))
                told = spot
            if id_ not in texts:
                reach = min(len(data), spot + AWAY)
                texts[id_] = b"".join(
                    data[at : line_end(data, at + 1)] for at in lines_of(id_, data, spot, reach)
                )
                yield from self._known(concerned(texts[id_] + b"\n"), data, begin, part, spot, here)
            line = data[spot + 1 : line_end(data, spot + 1)]
            if (
                line.count(_RECORD) > 1
            ):  # Somebody's last record was cut, and the next one stands behind it.
                raise _ByLines
            yield Line(begin + spot + 1, line)
            self._open[id_] = begin + spot
        yield from runs(_SERIAL.findall(data, told, end))
        self._told = _last_stamp(data, part, end, only_calls=False) or self._told
        self._open = {id_: at for id_, at in self._open.items() if begin + end - at <= AWAY}

    def _known(
        self, pids: list[bytes], data: bytes, begin: int, part: int, spot: int, here: Shown
    ) -> Iterator[Found]:
        yield from self._before(pids, begin + part)
        for pid in pids:
            if _has(here.pids, pid):
                execs = _has(here.execs, pid)
                yield from sights_in(data, part, spot, pid, execs=execs)

    def _before(self, concerned_: Iterable[bytes], at: int) -> Iterator[Found]:
        """Ask what the parts before this one show of these pids, unless that was asked already."""
        new = [pid for pid in dict.fromkeys(concerned_) if pid not in self._asked]
        if new:
            self._asked.update(new)
            yield Wanted(new, at)


def concerned(text: bytes) -> list[bytes]:
    """The pids that an event asks about, by its records."""
    pids = _VICTIM.findall(text)
    if _CUT_TITLE.search(text) or _OF_ITSELF.search(text):
        pids += _SENDER.findall(text)
    return list(dict.fromkeys(pids))


def _has(pids: bytes, pid: bytes) -> bool:
    """Whether a pid is one of these, with blanks between them."""
    return b" %s " % pid in b" %s " % pids


def _ids(
    data: bytes, part: int, end: int, calls: frozenset[bytes], types: set[bytes]
) -> dict[bytes, int]:
    """The ids of the events of these calls, and of those that have records of these types; where each begins."""
    if b"SYSCALL" in types:  # one of an odd form
        odd = list(re.compile(_ID).finditer(data, part, end))
        found = {one[1] or one[2]: one.start() for one in reversed(odd)}
        return dict(sorted(found.items(), key=lambda item: item[1]))
    marks = [b"): arch=%s " % call for call in calls] + [b"\ntype=%s" % kind for kind in types]
    lines = {
        data.rfind(b"\n", part, spot + 1)
        for mark in marks
        for spot in spots_of(mark, data, part, end)
    }
    ids = [_IDS.match(data, line) for line in sorted(lines, reverse=True)]
    return {one[2]: one.start() for one in ids if one}


def runs(stamps: list[tuple[bytes, bytes, bytes]]) -> Iterator[Serials]:
    """Serials as they follow each other, with their times; those without a gap together."""
    first = last = -1
    began = ended = 0
    for seconds, milliseconds, text in stamps:
        serial = int(text)
        if serial == last:
            continue
        time = int(seconds + milliseconds) * 1_000_000
        if serial != last + 1 or first < 0:
            if first >= 0:
                yield Serials(first, last, began, ended)
            first, began = serial, time
        last, ended = serial, time
    if first >= 0:
        yield Serials(first, last, began, ended)


def _last_stamp(data: bytes, part: int, end: int, *, only_calls: bool) -> tuple[int, int] | None:
    if only_calls:
        last = _SERIAL.match(data, data.rfind(_SYSCALL, part, end), end)
    else:
        *_, last = (None, *_SERIAL.finditer(data, max(part, end - LONG), end))
    return _stamp(last)


def _stamp(found: re.Match[bytes] | None) -> tuple[int, int] | None:
    """A record's serial, and its time in ns."""
    return (int(found[3]), int(found[1] + found[2]) * 1_000_000) if found else None
