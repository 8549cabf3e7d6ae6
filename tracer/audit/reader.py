"""The text of one log → its records, with account kept of what could not be read.

Most text is auditd's own: whole lines of one form, which one regular expression takes apart, and the usual kill whole.
What is anything else is read line by line: mended, and in whatever form it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Union

from tracer.audit import record
from tracer.audit.forms import Taken, form_of, taken
from tracer.audit.known import NOBODY, Users
from tracer.audit.lines import LineReader, apart
from tracer.audit.lost import Losses
from tracer.audit.record import NOWHERE, File, Group, Record, Stamp
from tracer.audit.usual import Row, Usual
from tracer.lines.dates import DateStyle
from tracer.lines.mend import Mender, clean, is_cut
from tracer.lines.tally import Tally

Found = Union[Record, Group]
LINES_TO = (
    4 << 20
)  # lines are counted in the first so many bytes of a file; behind them the offset is told
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
    """Reads the text of one log, all at once or as it comes; counts in ``tally``.

    What is missing between its records comes as LOST records (``tracer.audit.lost``).
    """

    def __init__(self, tally: Tally, users: Users = NOBODY) -> None:
        self.counts = True  # whether records are counted here
        self._users = users
        self._lines = LineReader(DateStyle())
        self.losses = Losses()
        self._tally = tally
        self._bare = False
        self._mender: Mender[tuple[int, int]] = Mender()
        self._file = NOWHERE
        self._at = 0  # of the text that comes next, in the log
        self._line = 1  # its number in the file; 0: not counted
        self._numbers: LineNumbers | None = None

    def begin(self, path: str, style: DateStyle, at: int = 0) -> None:
        """Another file of the same log begins, or the same at another place; a day that came first in one comes first
        in all."""
        self._tally.path = path
        day_first = style.day_first or self._lines.style.day_first
        self._lines.style = DateStyle(day_first, style.now)
        self._file = self.losses.file = File(path, self._tally.log, self._at)
        self._at += at
        self._line = LineNumbers(path).at(at) if at else 1

    def read(self, text: bytes, size: int = -1, *, more: bool = True) -> Iterator[Found]:
        """The records in the next whole lines of the file; ``text`` ends with a line end. ``size``: so many bytes there
        were, where lines that are too long are cut. ``more``: the last line may go on in what comes next."""
        for chunk, rows in self.taken(text, more=more):
            yield from self.part(chunk, rows)
        self.passed_over(max(0, size - len(text)))
        if not more:
            yield from self._ended(self._mender.end())

    def taken(self, text: bytes, *, more: bool = True) -> Iterator[Taken]:
        """What ``part`` takes, of whole lines; changes nothing here."""
        return taken(text, self._lines.style, self._users, more=more)

    def passed_over(self, size: int) -> None:
        """So many bytes of a line that is too long were left out."""
        self._at += size

    def part(self, text: bytes, rows: list[Row] | None) -> Iterator[Found]:
        """The records in the next whole lines; ``rows``: what was found in them (``taken``)."""
        if rows is None or self._mender.is_within():
            yield from self._odd(text)
        else:
            yield from self._ended(self._mender.end())
            yield from self._of_rows(rows, text)
        self._at += len(text)
        self._line += text.count(b"\n") if self._line else 0
        self._tally.lines = max(self._line, 1)

    def pause(self) -> Iterator[Found]:
        """Nothing more comes for the moment: a line that is whole is not waited for."""
        held = self._mender.held()
        if held is not None and not is_cut(held):
            yield from self._ended(self._mender.end())

    def holds(self) -> bool:
        """Whether a line is held that may go on in the next one."""
        return self._mender.held() is not None

    def end(self) -> Iterator[Found]:
        """What is known only when the log ends."""
        yield from self._ended(self._mender.end())
        yield from self.losses.end()

    def rest(self) -> Iterator[Found]:
        """The line that may have gone on in what comes next, and did not."""
        yield from self._ended(self._mender.end())

    def turned(self, text: bytes) -> Iterator[Found]:
        """The records in the lines of a text, those of the last line first; lines are mended before they are turned."""
        at, line = self._at, self._line
        whole: list[tuple[tuple[int, int], bytes]] = []
        for raw in text.split(b"\n")[:-1]:
            whole += self._mender.add((line, at), clean(raw))
            at += len(raw) + 1
            line += line > 0
        whole += self._mender.end()
        self._at, self._line = at, line
        yield from self._ended(whole[::-1])

    def skip_to(self, offset: int) -> None:
        """What comes next stands at this offset of the file."""
        self._at, self._line = self._file.base + offset, 0
        self.losses.at = self._at
        if offset < LINES_TO:
            if self._numbers is None or self._numbers.path != self._file.path:
                self._numbers = LineNumbers(self._file.path)
            self._line = self._numbers.at(offset)

    def of_line(self, line: bytes) -> Iterator[Found]:
        """The records of one line by itself."""
        yield from self._of_line(self._line, self._at, line, understood=True)

    def record(self, line: bytes) -> Record | None:
        """The record that a line of auditd's form is."""
        one = self._lines.record(line)
        return one and one._replace(at=self._at, file=self._file)

    def cut(self, why: str) -> Record:
        """That the log is cut here."""
        return self.losses.made(self._tally.last or 0, None, why)

    def _records_of(self, line: bytes) -> list[Record]:
        if line[:1] == b"{":
            # Most logs hold none, and json takes time to load.
            from tracer.audit import json_lines

            found = json_lines.records(line, self._lines.record)
            if found is not None:
                return found
        one = self._lines.record(line)
        return [] if one is None else [one]

    def _number(self, at: int, line: int) -> int:
        """The number of a line; 0 where only its offset is told."""
        return line if at - self._file.base < LINES_TO else 0

    def _of_rows(self, rows: list[Row], text: bytes) -> Iterator[Found]:
        """The records of text of one form."""
        at, line, file, losses, tally = self._at, self._line, self._file, self.losses, self._tally
        types, last = record.TYPES, (b"", b"", b"", b"")
        stamp = Stamp(None, 0, 0)
        form = form_of(text)
        if form is not None:
            self._bare = self._bare or form.is_bare
            tally.local_dates = tally.local_dates or form.is_local
        start = 0
        counted = file.base + LINES_TO
        for row in rows:
            losses.at = place = at + start
            number = line if place < counted else 0
            if isinstance(row, (bytes, int)):
                if isinstance(row, int):
                    start += row
                else:
                    yield from self._ended([((line, place), row)])
                    start += len(row) + 1
                line += line > 0
                continue
            if len(row) != 6:
                event = Usual(row, text, start, place, number, file, self._records_of)
                if self.counts:
                    tally.records += row[3]
                    tally.time(event.stamp.time, event.stamp.node)
                yield event
                yield from losses.after_serial(event.stamp)
                start += row[0]
                line += line and row[2]
                continue
            node, word, seconds, fraction, serial, body = row
            if (node, seconds, fraction, serial) != last:
                last = node, seconds, fraction, serial
                stamp = Stamp(node or None, int(seconds + fraction) * 1_000_000, int(serial))
            if self.counts:
                tally.records += 1
                tally.time(stamp.time, stamp.node)
            one = Record(types.get(word) or record.type_number(word), stamp, body, False, place, number, file)  # fmt: skip
            yield one
            losses.at = place
            yield from losses.after(one)
            start = text.index(b"\n", start) + 1
            line += line > 0

    def _odd(self, text: bytes) -> Iterator[Found]:
        at, line = self._at, self._line
        for raw in text.split(b"\n")[: -1 if text.endswith(b"\n") else None]:
            yield from self._ended(self._mender.add((line, at), clean(raw)))
            at += len(raw) + 1
            line += line > 0

    def _ended(self, lines: list[tuple[tuple[int, int], bytes]]) -> Iterator[Found]:
        for (number, at), line in lines:
            self.losses.at = at
            for piece in apart(line) or [b""]:
                yield from self._of_line(number, at, piece or line, understood=bool(piece))
        if lines:
            self._tally.undated = self._lines.undated
            self._tally.local_dates = self._tally.local_dates or self._lines.is_local

    def _of_line(self, number: int, at: int, line: bytes, *, understood: bool) -> Iterator[Found]:
        tally = self._tally
        found = self._records_of(line) if understood else []
        for one in found:
            if self.counts:
                tally.record(one.stamp.time, one.interpreted, one.stamp.node)
            yield one._replace(at=at, line=self._number(at, number), file=self._file)
            yield from self.losses.after(one)
        if found:
            self._bare = self._bare or line.startswith((b"type=", b"node="))
            return
        if b"audit: " in line:
            entry = self._lines.entry(line)
            says = entry.tag in (None, b"kernel", b"audit") and entry.believed is not False
            lost = self.losses.of_line(line, entry.time) if says else None
            if lost is not None:
                tally.record(lost.stamp.time, interpreted=False)
                yield lost
                return
        if not understood or _is_trouble(line, self._bare):
            number = number or LineNumbers(self._file.path).at(at - self._file.base)
            tally.bad_line(number, line, "no audit record can be read from it")


class LineNumbers:
    """The numbers of the lines at growing offsets of a file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._offset = 0
        self._number = 1

    def at(self, offset: int) -> int:
        """The number of the line that begins at ``offset``."""
        if offset < self._offset:
            self._offset, self._number = 0, 1
        with open(self.path, "rb") as stream:
            stream.seek(self._offset)
            while self._offset < offset:
                block = stream.read(min(1 << 20, offset - self._offset))
                if not block:
                    break
                self._number += block.count(b"\n")
                self._offset += len(block)
        return self._number


def _is_trouble(line: bytes, bare: bool) -> bool:
    """Whether a line that holds no record should: it looks like one, or everything around it does."""
    text = line.strip()
    if not text or text.startswith(_AROUND):
        return False
    return bare or b"audit(" in text or b"msg=audit" in text
