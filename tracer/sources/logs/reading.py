"""One log → its events' records, whatever way it is read: files, packed or not, a pipe, a file that grows.

All ways end in one reader of text (``tracer.audit.reader``) and one definition of an event (``tracer.audit.coalesce``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from tracer.audit.coalesce import Coalescer
from tracer.audit.known import Users
from tracer.audit.lines import LineReader
from tracer.audit.reader import Found, RecordReader
from tracer.audit.record import Group, Record
from tracer.audit.usual import Usual
from tracer.lines.dates import DateStyle, day_first
from tracer.lines.mend import clean, is_cut, without_cut_field
from tracer.lines.tally import Tally
from tracer.sources.logs.files import (
    STDIN,
    LogSet,
    Proceed,
    WholeLines,
    open_log,
    read_blocks,
)
from tracer.sources.logs.follow import Follower, last_record, whole_lines
from tracer.sources.logs.plain import (
    can_be_cut,
    can_be_sieved,
    head_of_big,
    in_pieces,
    sieved,
    whole_events,
)

_HEAD_LINES = 2000
RECORDS = 4096  # read at once at most, whatever they tell
TURNED_MAX = 32 << 20  # bytes of a log that is read from its end
FALLING = 3  # events at least


class LogReading:
    """Reads one log; gives groups in the order of their first record."""

    def __init__(
        self, log: LogSet, users: Users, tally: Tally, proceed: Proceed, sieve_min: int
    ) -> None:
        self.coalescer = Coalescer()
        self._log = log
        self._tally = tally
        self._proceed = proceed
        self._sieve_min = sieve_min
        self._reader = RecordReader(tally, users)
        self._lines = WholeLines()
        self._follower: Follower | None = None
        self._opened = 0

    def groups(self, *, pauses: bool = False) -> Iterator[Group | None]:
        """All of it; with ``pauses`` None now and then, where there is nothing for long."""
        for path in self._log.paths:
            for number, one in enumerate(self._of_file(path), 1):
                if one is not None:
                    yield from self._of_one(one)
                if pauses and (one is None or number % RECORDS == 0):
                    yield None
        yield from self.end()

    def until_now(self) -> Iterator[Group]:
        """What the log holds already; its last file is followed from there (``more``)."""
        *old, path = self._log.paths
        for other in old:
            yield from self._fed(self._of_file(other))
        size = 0
        if can_be_sieved(head_of_big(path, self._sieve_min)):
            size = whole_lines(path)
            self._reader.begin(path, DateStyle())
            yield from self._fed(sieved(path, size, self._reader, self._tally, self._proceed))
        else:
            self._reader.begin(path, DateStyle())
        self._follower = Follower(path, size)
        self._opened = self._follower.opened

    def more(self) -> list[Group] | None:
        """What was added since; None: nothing."""
        follower = self._follower
        if follower is None:
            return None
        text, size = follower.burst()
        found: list[Group] = []
        if follower.opened != self._opened:
            self._opened = follower.opened
            found += self._fed(self._reader.rest())
            self._reader.begin(follower.path, DateStyle())
        if not text:
            return found or None
        return [*found, *self._fed(self._reader.read(text, size)), *self.pause()]

    def pause(self) -> Iterator[Group]:
        """What need not wait for more."""
        yield from self._fed(self._reader.pause())
        # A line that may go on may be of an event that seems whole.
        if not self._reader.holds():
            yield from self.coalescer.ready()

    def end(self) -> Iterator[Group]:
        """All that waits for more."""
        yield from self._fed(self._reader.end())
        yield from self.coalescer.flush()

    def quiet(self) -> Iterator[Group]:
        """What waits for more, when nothing has come for long."""
        yield from self._fed(self._reader.rest())
        yield from self.coalescer.flush()

    def bursts(self) -> Iterator[list[Group]]:
        """The groups of a pipe as they come."""
        for found in self._of_stream(STDIN):
            told = list(self._fed(found))
            # Of a line that has only begun the rest is on its way: it may be of an event that seems whole.
            yield told if self._lines.rest() else [*told, *self.pause()]
        yield list(self.end())

    def _fed(self, found: Iterable[Found | None]) -> Iterator[Group]:
        for one in found:
            if one is not None:
                yield from self._of_one(one)

    def _of_one(self, one: Found) -> Sequence[Group]:
        if isinstance(one, Usual):
            return self.coalescer.feed_whole(one)
        return self.coalescer.feed(one) if isinstance(one, Record) else self.coalescer.insert(one)

    def _of_file(self, path: str) -> Iterator[Found | None]:
        head = head_of_big(path, self._sieve_min)
        is_raw = can_be_sieved(head)
        style = DateStyle() if is_raw else _style(head, path)
        if not (is_raw or can_be_cut(head)) or falls(head, style):
            for found in self._of_stream(path):
                yield from found
            return
        whole = whole_lines(path)
        size = last_record(path, whole)
        self._reader.begin(path, style)
        if is_raw:
            size = whole_events(path, size)
            yield from sieved(path, size, self._reader, self._tally, self._proceed)
        else:
            yield from in_pieces(path, size, self._reader, self._proceed)
        with open(path, "rb") as stream:
            stream.seek(size)
            yield from self._reader.read(stream.read(whole - size))
            yield from self._open_end(path, stream.read())

    def _of_stream(self, path: str) -> Iterator[Iterator[Found]]:
        """What a stream holds, block by block; where it turns out to be cut, that is told, too."""
        lines = self._lines = WholeLines()
        begun = False
        with open_log(path, self._proceed) as stream:
            blocks = read_blocks(stream, self._proceed)
            trouble = ""
            try:
                for block in blocks:
                    text, size = lines.feed(block)
                    if text and not begun:
                        begun = True
                        style = _style(text, path)
                        self._reader.begin(path, style)
                        if falls(text, style):
                            text, size = self._whole(text, blocks, lines)
                            # The first block may have been short.
                            if falls(text, style):
                                self.coalescer.falls = True
                                yield self._reader.turned(text)
                                continue
                    yield self._reader.read(text, size)
            except EOFError as error:
                trouble = f"cut or damaged: {error}"
        if not begun:
            self._reader.begin(path, _style(b"", path))
        yield self._open_end(path, lines.rest())
        if trouble:
            yield iter([self._reader.cut(trouble)])

    def _whole(self, text: bytes, blocks: Iterator[bytes], lines: WholeLines) -> tuple[bytes, int]:
        """All that a stream holds, up to TURNED_MAX."""
        texts, total = [text], len(text)
        while total < TURNED_MAX:
            block = next(blocks, b"")
            if not block:
                break
            more, _ = lines.feed(block)
            texts.append(more)
            total += len(more)
        return b"".join(texts), total

    def _open_end(self, path: str, rest: bytes) -> Iterator[Found]:
        """What follows the last line end: it may be part of a record."""
        if not rest:
            yield from self._reader.rest()
            return
        if not is_cut(rest):
            yield from self._reader.read(rest + b"\n", len(rest), more=False)
            return
        yield from self._reader.read(without_cut_field(rest) + b"\n", len(rest), more=False)
        yield self._reader.cut("cut in the middle of a record")


def falls(text: bytes, style: DateStyle) -> bool:
    """Whether the stamps of a text only fall, from one event to the next: ``journalctl -r``, ``tac``. Of two events that says
    nothing: a call that takes long is stamped with its beginning."""
    reader = LineReader(style)
    last: int | None = None
    count = 1
    for line in text.split(b"\n", _HEAD_LINES)[:_HEAD_LINES]:
        one = reader.record(clean(line)) if b"audit" in line else None
        if one is None or one.stamp.time == last:
            continue
        if last is not None and one.stamp.time > last:
            return False
        count += last is not None
        last = one.stamp.time
    return count >= FALLING


def _style(text: bytes, path: str) -> DateStyle:
    try:
        written = None if path == STDIN else os.stat(path).st_mtime_ns
    except OSError:
        written = None
    head = text.split(b"\n", _HEAD_LINES)[:_HEAD_LINES]
    return DateStyle(day_first([line for line in head if b"audit(" in line]), written)
