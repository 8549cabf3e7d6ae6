"""A big unpacked audit.log → the records that matter, by way of the sieve."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from tracer.audit import record
from tracer.audit.reader import Found, RecordReader
from tracer.audit.record import Group
from tracer.lines.dates import epoch
from tracer.lines.tally import Tally
from tracer.sources.logs.files import STDIN, Proceed
from tracer.sources.logs.finds import Line, Lines, Piece, Serials, Shown, Sight, pack, unpack
from tracer.sources.logs.pieces import Pieces, Sieve
from tracer.sources.logs.sieve import cut_at, sieve
from tracer.sources.logs.sights import Sights

SIEVE_MIN = 4 << 20
SIEVE = Sieve(cut_at, sieve, pack, unpack)
_RAW = re.compile(rb"type=[A-Z_]+ msg=audit\((\d{1,10}\.\d{3}):\d+\): ")
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
    reader.counts = True
    reader.skip_to(size)


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
