"""A big unpacked audit.log → the records that matter, by way of the sieve."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from itertools import repeat

from tracer.audit import record
from tracer.audit.alike import Alike, Model
from tracer.audit.coalesce import Group
from tracer.audit.gaps import Gaps
from tracer.audit.lines import LineReader
from tracer.audit.lost import Losses, is_numbered
from tracer.audit.record import Record, Stamp
from tracer.lines.dates import DateStyle, epoch
from tracer.lines.tally import Tally
from tracer.model.memo import Bounded
from tracer.sources.logs.files import STDIN, Proceed, always
from tracer.sources.logs.finds import (
    Batch,
    Line,
    Lines,
    Piece,
    Serials,
    Shown,
    Sight,
    Sort,
    Wanted,
)
from tracer.sources.logs.pieces import Pieces
from tracer.sources.logs.sights import Sights

MODELS_MAX = 8192
_NO_STAMP = Stamp(None, 0, 0)
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
    path: str,
    tally: Tally,
    size: int | None = None,
    proceed: Proceed = always,
    cut: bytes = b"",
) -> Iterator[Record | Group | Alike]:
    """The records that matter, and groups to learn processes from (``Known.see``).

    ``size`` in bytes: how much of the file to read, None for all of it. ``cut``: the line that follows, whose end
    is missing; what it still holds is told too.
    """
    with open(path, "rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size if size is None else size
        tally.path = path
        for time in _span(path, size):
            tally.time(time)
        reading = _Reading(stream.fileno(), path, tally)
        for piece in Pieces(stream.fileno(), size, proceed).each():
            yield from reading.of_piece(piece)
        if cut:
            yield from reading.of_cut(Line(size, cut))
        yield from reading.end()


class _Reading:
    """What the pieces before have shown of serials and processes, and the sorts of events in them."""

    def __init__(self, fd: int, path: str, tally: Tally) -> None:
        self._tally = tally
        self._numbers = LineNumbers(path)
        self._sights = Sights(fd)
        self._reader = LineReader(DateStyle())
        self._losses = Losses()
        self._gaps = Gaps()
        self._models: Bounded[Sort, Model] = Bounded(MODELS_MAX)
        self._models_of: dict[int, list[Model]] = {}  # by the process that has numbered their sorts

    def of_piece(self, piece: Piece) -> Iterator[Record | Group | Alike]:
        """The next piece."""
        self._tally.records += piece.records
        self._tally.first_process = self._tally.first_process or piece.first_process
        models = self._models_of.setdefault(piece.process, [])
        del models[piece.sorts :]
        for one in piece.found:
            if isinstance(one, Shown):
                self._sights.add(one)
            elif isinstance(one, Sort):
                models.append(self._model(one))
            elif isinstance(one, Batch):
                stamps = list(map(Stamp, repeat(None), one.times, one.serials))
                chosen = [models[number] for number in one.sorts]
                yield Alike(self._tally.log, chosen, one.ids.split(), stamps)
            elif isinstance(one, Lines):
                yield from _many_records(one, self._reader, self._tally, self._numbers)
            else:
                yield from self._of_one(one)

    def of_cut(self, line: Line) -> Iterator[Record]:
        """The record that a cut line still holds; it is told if it holds none."""
        for one in _one_by_one(line, self._reader, self._tally, self._numbers):
            self._tally.record(one)
            stamp = one.stamp
            gaps = self._gaps.feed(stamp.serial, stamp.time) if is_numbered(one) else iter(())
            for gap in gaps:
                yield self._losses.gap(gap, None)
            yield one

    def end(self) -> Iterator[Record]:
        """The gaps that are open at the end of the file."""
        for gap in self._gaps.end():
            yield self._losses.gap(gap, None)

    def _of_one(self, one: Line | Sight | Wanted | Serials) -> Iterator[Record | Group]:
        if isinstance(one, Line):
            yield from _one_by_one(one, self._reader, self._tally, self._numbers)
        elif isinstance(one, Serials):
            for gap in self._gaps.run(*one):
                yield self._losses.gap(gap, None)
        else:
            for sight in [one] if isinstance(one, Sight) else self._sights.of_each(one):
                yield from self._seen(sight)

    def _seen(self, sight: Sight) -> Iterator[Group]:
        records = filter(None, map(self._reader.record, sight.lines))
        log = self._tally.log
        kept = tuple(one._replace(log=log) for one in records if one.type in record.KEPT)
        if kept:
            yield Group(kept[0].stamp, kept, seen=True)

    def _model(self, sort: Sort) -> Model:
        model = self._models.get(sort)
        if model is None:
            model = self._models[sort] = Model(_records_of(sort, self._tally.log))
        return model


def _records_of(sort: Sort, log: int) -> tuple[Record, ...]:
    """The records of such an event, with a stamp that is none."""
    bodies = {
        record.SYSCALL: sort.call + b"a3=0" + sort.rest,
        record.OBJ_PID: sort.victim,
        record.PROCTITLE: sort.title,
    }
    return tuple(Record(kind, _NO_STAMP, body, False, 0, log) for kind, body in bodies.items())


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
    lines: Line | Lines, reader: LineReader, tally: Tally, numbers: LineNumbers
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


def last_line(path: str) -> bytes:
    """What follows a file's last line end (of its last 64 KiB): nothing, if it is whole."""
    with open(path, "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _ENDS))
        return stream.read(_ENDS).rpartition(b"\n")[2]


def _span(path: str, size: int) -> Iterator[int]:
    """The times of the first and of the last record."""
    with open(path, "rb") as stream:
        head = stream.read(_ENDS)
        stream.seek(max(0, size - _ENDS))
        tail = stream.read(_ENDS)
    for stamps in (_RAW.findall(head)[:1], _RAW.findall(tail)[-1:]):
        for stamp in stamps:
            yield epoch(stamp) or 0
