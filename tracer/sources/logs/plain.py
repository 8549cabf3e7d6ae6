"""A big unpacked log in pieces → its records: of an audit.log those that matter, by way of the sieve; of other forms all."""

from __future__ import annotations

import marshal
import os
import re
import stat
from collections.abc import Iterator

from tracer.audit import record
from tracer.audit.coalesce import AWAY
from tracer.audit.forms import Taken, form_of
from tracer.audit.reader import Found, RecordReader
from tracer.audit.record import Group
from tracer.lines.dates import epoch
from tracer.lines.tally import Tally
from tracer.sources.logs.files import BLOCK, STDIN, Proceed, WholeLines
from tracer.sources.logs.finds import (
    Line,
    Lines,
    Piece,
    Serials,
    Shown,
    Sight,
    Wanted,
    pack,
    unpack,
)
from tracer.sources.logs.sieve import concerned, cut_at, sieve
from tracer.sources.logs.sights import Sights
from tracer.sources.logs.telling_lines import blocks_of, cut_behind
from tracer.sources.pieces import Pieces, Sieve

SIEVE_MIN = 4 << 20
SIEVE = Sieve(cut_at, sieve, pack, unpack)
_RAW = re.compile(rb"type=[A-Z_]+ msg=audit\((\d{1,10}\.\d{3}):\d+\): ")
_ENDS = 1 << 16


def head_of_big(path: str, least: int = SIEVE_MIN) -> bytes:
    """The first whole lines of a file that is big and on disk, as its first block has them; b"" of any other."""
    if path == STDIN:
        return b""
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size < least:
            return b""
        with open(path, "rb") as stream:
            head = stream.read(BLOCK)
    except OSError:
        return b""
    return head[: head.rfind(b"\n") + 1]


def can_be_sieved(head: bytes) -> bool:
    """Whether a file is of auditd's own form (its first lines tell)."""
    lines = head.split(b"\n")[:-1]
    return bool(lines) and all(_RAW.match(line) for line in lines[:100])


def can_be_cut(head: bytes) -> bool:
    """Whether a file begins in a form of which whole events are taken."""
    return form_of(head) is not None


def in_pieces(
    path: str, size: int, reader: RecordReader, proceed: Proceed
) -> Iterator[Found | None]:
    """All records in the first ``size`` bytes of a file (whole lines); None behind each piece."""

    def find(fd: int, begin: int, end: int) -> tuple[list[Taken], int]:
        lines, left_out = WholeLines(returns=False), 0
        found: list[Taken] = []
        for block in blocks_of(fd, begin, end):
            text, length = lines.feed(block)
            found += reader.taken(text)
            left_out += length - len(text)
        return found, left_out

    sieve_ = Sieve(cut_behind, find, marshal.dumps, marshal.loads)
    with open(path, "rb", buffering=0) as stream:
        for taken, left_out in Pieces(stream.fileno(), size, sieve_, proceed).each():
            for text, rows in taken:
                yield from reader.part(text, rows)
            reader.passed_over(left_out)
            yield None


def sieved(
    path: str, size: int, reader: RecordReader, tally: Tally, proceed: Proceed
) -> Iterator[Found | None]:
    """The records that matter in the first ``size`` bytes of a file (whole lines), and groups to learn processes from
    (``Known.see``); None behind each piece."""
    with open(path, "rb", buffering=0) as stream:
        for time in _span(path, size):
            tally.time(time)
        reading = _Reading(stream.fileno(), reader, tally)
        reader.counts = False
        for piece in Pieces(stream.fileno(), size, SIEVE, proceed).each():
            yield from reading.of_piece(piece)
            yield None
        rest = os.pread(stream.fileno(), AWAY, size) + b"\n"
        yield from reading.of_piece(Piece([Wanted(concerned(rest), size - 1)], 0, False))
    reader.counts = True
    reader.skip_to(size)


def whole_events(path: str, size: int) -> int:
    """Up to where in so many bytes no event lies on both sides, if there is more behind them: the last line has no end."""
    with open(path, "rb", buffering=0) as stream:
        if os.fstat(stream.fileno()).st_size <= size:
            return size
        return cut_at(stream.fileno(), size - AWAY, size) if size > AWAY else 0


class _Reading:
    """What the pieces before have shown of processes."""

    def __init__(self, fd: int, reader: RecordReader, tally: Tally) -> None:
        self._tally = tally
        self._sights = Sights(fd)
        self._reader = reader

    def of_piece(self, piece: Piece) -> Iterator[Found]:
        """The next piece."""
        self._tally.records += piece.records
        self._tally.first_process = self._tally.first_process or piece.first_process
        reader = self._reader
        for one in piece.found:
            if isinstance(one, Shown):
                self._sights.add(one)
            elif isinstance(one, Line):
                reader.skip_to(one.offset)
                yield from reader.of_line(one.text)
            elif isinstance(one, Lines):
                reader.skip_to(one.offset)
                reader.counts = True  # the sieve has not
                yield from reader.part(one.text, one.rows)
                yield from reader.rest()
                reader.counts = False
            elif isinstance(one, Serials):
                yield from reader.losses.run(*one)
            else:
                for sight in [one] if isinstance(one, Sight) else self._sights.of_each(one):
                    yield from self._seen(sight)

    def _seen(self, sight: Sight) -> Iterator[Group]:
        found = filter(None, map(self._reader.record, sight.lines))
        # A log may hold an event twice.
        records = {(one.type, one.body): one for one in found if one.type in record.KEPT}
        if records:
            kept = tuple(records.values())
            yield Group(kept[0].stamp, kept, seen=True)


def _span(path: str, size: int) -> Iterator[int]:
    """The times of the first and of the last record."""
    with open(path, "rb") as stream:
        head = stream.read(_ENDS)
        stream.seek(max(0, size - _ENDS))
        tail = stream.read(_ENDS)
    for stamps in (_RAW.findall(head)[:1], _RAW.findall(tail)[-1:]):
        for stamp in stamps:
            yield epoch(stamp) or 0
