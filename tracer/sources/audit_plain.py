"""A big unpacked audit.log → the records that matter, by way of the sieve."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from tracer.audit import record
from tracer.audit.coalesce import Group
from tracer.audit.dates import DateStyle, epoch
from tracer.audit.gaps import Gap
from tracer.audit.lines import LineReader
from tracer.audit.lost import Losses
from tracer.audit.record import Record, Stamp
from tracer.audit.tally import Tally
from tracer.sources.audit_halves import Sieved
from tracer.sources.audit_sieve import Found, Line, Lines, Missing, Proceed, Sight, always
from tracer.sources.log_files import STDIN

SIEVE_MIN = 4 << 20
_RAW = re.compile(rb"type=[A-Z_]+ msg=audit\((\d{1,10}\.\d{3}):\d+\): ")
_MANY = re.compile(
    rb"^type=([A-Z_0-9]+(?:\[\d+\])?) msg=audit\((\d{1,10}\.\d{3}:\d{1,19})\): ?(.*)$", re.MULTILINE
)
_ENDS = 1 << 16


def can_be_sieved(path: str, least: int = SIEVE_MIN) -> bool:
    """Whether a file is big, on disk, and of auditd's own form (its first lines tell)."""
    if path == STDIN:
        return False
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size < least:
            return False
        with open(path, "rb") as stream:
            lines = stream.read(_ENDS).split(b"\n")[:-1]
    except OSError:
        return False
    return bool(lines) and all(_RAW.match(line) for line in lines[:100])


def sieved_records(
    path: str, tally: Tally, size: int | None = None, proceed: Proceed = always
) -> Iterator[Record | Group]:
    """The records that matter, and groups to learn processes from (``Known.see``).

    ``size`` in bytes: how much of the file to read, None for all of it.
    """
    size = os.stat(path).st_size if size is None else size
    tally.path = path
    for time in _span(path, size):
        tally.time(time)
    sieved = Sieved(path, size, proceed)
    reader, losses, numbers = LineReader(DateStyle()), Losses(), LineNumbers(path)
    for one in sieved.found():
        if isinstance(one, Lines):
            yield from _many_records(one, reader, tally, numbers)
        else:
            yield from _records(one, reader, losses, tally, numbers)
    tally.records += sieved.records
    tally.first_process = tally.first_process or sieved.first_process
    if sieved.broken:
        yield losses.made(
            tally.last or 0, None, f"{path}: the process that read its second half was killed"
        )


def _records(
    one: Found, reader: LineReader, losses: Losses, tally: Tally, numbers: LineNumbers
) -> Iterator[Record | Group]:
    if isinstance(one, Line):
        found = reader.record(one.text)
        if found is not None:
            yield Record(found.type, found.stamp, found.body, False, -one.offset, tally.log)
        elif one.text.strip():
            tally.bad_line(numbers.at(one.offset), one.text, "no audit record can be read from it")
    elif isinstance(one, Sight):
        lines = filter(None, map(reader.record, one.lines))
        kept = [sight._replace(log=tally.log) for sight in lines if sight.type in record.KEPT]
        if kept:
            yield Group(kept[0].stamp, tuple(kept), seen=True)
    elif isinstance(one, Missing):
        yield losses.gap(Gap(one.time, one.count), None)


def _many_records(
    lines: Lines, reader: LineReader, tally: Tally, numbers: LineNumbers
) -> Iterator[Record]:
    """The records of many lines, without a function's call for each."""
    offset, text = lines
    end, last, stamp = -1, b"", Stamp(None, 0, 0)
    for match in _MANY.finditer(text):
        start = match.start()
        if start != end + 1:
            yield from _one_by_one(
                Lines(offset + end + 1, text[end + 1 : start]), reader, tally, numbers
            )
        end = match.end()
        word, when, body = match.groups()
        if when != last:
            last = when
            seconds, _, serial = when.partition(b":")
            stamp = Stamp(None, int(seconds.replace(b".", b"")) * 1_000_000, int(serial))
        kind = record.TYPES.get(word) or record.type_number(word)
        yield Record(kind, stamp, body, False, -offset - start, tally.log)
    yield from _one_by_one(Lines(offset + end + 1, text[end + 1 :]), reader, tally, numbers)


def _one_by_one(
    lines: Lines, reader: LineReader, tally: Tally, numbers: LineNumbers
) -> Iterator[Record]:
    offset = lines.offset
    for line in lines.text.split(b"\n"):
        found = reader.record(line)
        if found is not None:
            yield Record(found.type, found.stamp, found.body, False, -offset, tally.log)
        elif line.strip():
            tally.bad_line(numbers.at(offset), line, "no audit record can be read from it")
        offset += len(line) + 1


class LineNumbers:
    """The numbers of the lines at growing offsets of a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self._number = 1

    def at(self, offset: int) -> int:
        """The number of the line that begins at ``offset``."""
        if offset < self._offset:
            self._offset, self._number = 0, 1
        with open(self._path, "rb") as stream:
            stream.seek(self._offset)
            while self._offset < offset:
                block = stream.read(min(1 << 20, offset - self._offset))
                if not block:
                    break
                self._number += block.count(b"\n")
                self._offset += len(block)
        return self._number


def _span(path: str, size: int) -> Iterator[int]:
    """The times of the first and of the last record."""
    with open(path, "rb") as stream:
        head = stream.read(_ENDS)
        stream.seek(max(0, size - _ENDS))
        tail = stream.read(_ENDS)
    for stamps in (_RAW.findall(head)[:1], _RAW.findall(tail)[-1:]):
        for stamp in stamps:
            yield epoch(stamp) or 0
