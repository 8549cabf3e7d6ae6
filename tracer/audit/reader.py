"""The lines of one log → its records, with account kept of what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracer.audit.lines import LineReader
from tracer.audit.lost import Losses
from tracer.audit.record import Record
from tracer.lines.dates import DateStyle
from tracer.lines.mend import Numbered, mended, numbered
from tracer.lines.tally import Tally

_JSON_MAX = 1 << 20
# Lines that are part of what ausearch and people write around records.
_AROUND = (
    b"----",
    b"time->",
    b"time-\\>",
    b"#",
    b"<no matches>",
    b"NOTE - ",
    b"[root@",
    b"$ ",
    b"```",
)


class RecordReader:
    """Reads the lines of one log, all at once or burst by burst; counts them in ``tally``.

    What is missing between its records comes as LOST records (``tracer.audit.lost``).
    """

    def __init__(self, style: DateStyle, tally: Tally) -> None:
        self._lines = LineReader(style, tally.log)
        self._losses = Losses()
        self._tally = tally
        self._bare = False

    def begin(self, path: str, style: DateStyle) -> None:
        """Another file of the same log begins; a day that came first in one comes first in all."""
        self._tally.path, self._tally.lines = path, 0
        day_first = style.day_first or self._lines.style.day_first
        self._lines.style = DateStyle(day_first, style.now)

    def read(self, lines: Iterable[bytes]) -> Iterator[Record]:
        """The records in the next lines of the file."""
        tally = self._tally
        for number, line in _objects(mended(numbered(lines, tally.lines + 1)), tally):
            found = _found(line, self._lines)
            for one in found:
                tally.record(one)
                yield Record(one.type, one.stamp, one.body, one.interpreted, number, tally.log)
                yield from self._losses.after(one)
            if found:
                self._bare = self._bare or line.startswith((b"type=", b"node="))
            else:
                yield from self._not_a_record(number, line)
        tally.undated = self._lines.undated
        tally.local_dates = tally.local_dates or self._lines.is_local

    def end(self) -> Iterator[Record]:
        """What is known to be missing only when the log ends."""
        yield from self._losses.end()

    def _not_a_record(self, number: int, line: bytes) -> Iterator[Record]:
        if b"audit: " in line:
            lost = self._losses.of_line(line, self._lines.line_time(line))
            if lost is not None:
                self._tally.record(lost)
                yield lost
                return
        if _is_trouble(line, self._bare):
            self._tally.bad_line(number, line, "no audit record can be read from it")


def _found(line: bytes, reader: LineReader) -> list[Record]:
    if line[:1] == b"{":
        # Most logs hold none, and json takes time to load.
        from tracer.audit import json_lines

        found = json_lines.records(line, reader.record)
        if found is not None:
            return found
    one = reader.record(line)
    return [] if one is None else [one]


def _is_trouble(line: bytes, bare: bool) -> bool:
    """Whether a line that holds no record should: it looks like one, or everything around it does."""
    text = line.strip()
    if not text or text.startswith(_AROUND):
        return False
    return bare or b"audit(" in text or b"msg=audit" in text


def _objects(lines: Iterator[Numbered], tally: Tally) -> Iterator[Numbered]:
    """Lines, with JSON that somebody has spread over several of them put together."""
    held: list[bytes] = []
    first = size = 0
    for number, line in lines:
        tally.lines = number
        if not held and line.rstrip() != b"{":
            yield number, line
            continue
        first = first if held else number
        held.append(line)
        size += len(line)
        if line.rstrip() == b"}" or size > _JSON_MAX:
            yield first, b"\n".join(held)
            held, size = [], 0
    if held:
        yield first, b"\n".join(held)
