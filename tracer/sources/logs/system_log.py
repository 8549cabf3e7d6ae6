"""Syslogs, kernel logs, journal text and pastes as a source: what is said of kills and deaths in them.

The first 256 KiB of a log is read line by line, and lines that mail has wrapped are put together; of what follows only
the lines that have a word of the tables in them are looked at.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from typing import IO, TYPE_CHECKING

from tracer.lines.dates import DateStyle
from tracer.lines.entry import Entry, EntryReader
from tracer.lines.mend import numbered
from tracer.lines.prefix import prefix_of
from tracer.model.coverage import Blind, Coverage, Span
from tracer.model.event import lost
from tracer.model.times import SECOND
from tracer.sources.logs.files import (
    STDIN,
    LogSet,
    Proceed,
    WholeLines,
    always,
    open_log,
    read_blocks,
)
from tracer.sources.logs.follow import Follower
from tracer.sources.logs.telling_lines import Telling, by_pieces, whole_blocks
from tracer.sources.pieces import Pieces

if TYPE_CHECKING:
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event
    from tracer.statements.teller import Teller

    Told = Generator[Event | None, None, None]

NAME = "syslog"
KINDS = ("oom", "statements")
BATCH = 512  # events told at once
WHOLE = 1 << 18  # bytes that are read line by line
POLL = 0.1  # seconds between two looks at a log that is followed
QUIET = 1.0  # seconds without a line, after which a report that is open is taken to be whole
_BLOCK = 1 << 18
_YEARS_END = (12, 31, 23, 59, 59, 0, 0, -1)
# What a manager says of a unit, without any prefix.
_UNIT = re.compile(rb"[^\s:]+\.(?:service|scope|socket|mount|swap|slice):? [^\n]*[.!)\w]$")
# A kernel's line on a console where somebody has typed.
_CONSOLE = re.compile(rb"[^\[\n]{1,200}(?=\[ *\d{1,10}\.\d{6}\] systemd\[1\]: )")


class Text:
    """The lines of one file, as they come."""

    def __init__(self, reader: EntryReader, telling: Telling) -> None:
        self._reader = reader
        self._telling = telling
        self._number = 1
        self._size = 0

    def is_near_begin(self, text: bytes) -> bool:
        """Whether all lines of what comes next are read."""
        return self._size + len(text) <= WHOLE

    def entries(self, text: bytes) -> Iterator[Entry]:
        """Those of the next whole lines that may tell something."""
        if self.is_near_begin(text):
            yield from self._line_by_line(text.split(b"\n")[:-1])
            self._number += text.count(b"\n")
        else:
            found, self._number = self._telling.lines(text, self._number)
            for number, line in found:
                yield self._reader.of_line(line, number)
        self._size += len(text)

    def found(self, found: Iterable[tuple[int, bytes]], lines: int) -> Iterator[Entry]:
        """Those of a piece behind what was read by now, of so many lines; the first has number 0."""
        for number, line in found:
            yield self._reader.of_line(line, self._number + number)
        self._number += lines

    def _line_by_line(self, lines: list[bytes]) -> Iterator[Entry]:
        """With wrapped lines put together; but a line that begins with a unit stands by itself, as in journalctl's cat."""
        run: list[tuple[int, bytes]] = []
        for number, line in numbered(lines, self._number):
            if _UNIT.match(line):
                yield from self._reader.all(run)
                run = []
                yield self._reader.of_line(line, number)
                continue
            typed = _CONSOLE.match(line)
            if typed is not None and prefix_of(line) is None:
                line = line[typed.end() :]
            run.append((number, line))
        yield from self._reader.all(run)


class SystemLog:
    """The events of one log and its rotated files. ``year`` is that of dates without one. ``pipe`` instead of files:
    a descriptor that is read as something comes."""

    name = NAME
    grace = 0.0
    entries = None  # most lines are not looked at one by one

    def __init__(
        self,
        log: LogSet,
        teller: Teller,
        literals: Iterable[bytes],
        proceed: Proceed = always,
        *,
        year: int | None = None,
        follow: bool = False,
        pipe: IO[bytes] | None = None,
    ) -> None:
        self.log = log
        self.title = log.name
        self.counts: Counter[str] = Counter()
        self._teller = teller
        self._telling = Telling(literals)
        self._proceed = proceed
        self._year = year
        self._is_known = self._is_over = self._is_dry = False
        self._first: int | None = None
        self._last: int | None = None
        self._pipe = pipe
        self._events = self._of_pipe(pipe) if pipe else self._of_files(follow)

    def has_records(self) -> bool:
        """Whether a line was of a known form, or told something."""
        return self._is_known or any(kind != "loss" for kind in self.counts)

    def descriptors(self) -> Descriptors:
        return [] if self._pipe is None else [(self._pipe.fileno(), select.POLLIN)]

    def due(self) -> float | None:
        if self._pipe is not None:
            return None
        return POLL if self._is_dry else 0.0

    def has_begun(self) -> bool:
        return self.has_records() or self._is_dry

    def is_over(self) -> bool:
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """The next events, about BATCH of them at most, until nothing more is there for the moment.

        No input makes it raise, only a file that cannot be opened (Problem).
        """
        for event in self._ended() if last else self._batch():
            self.counts[type(event).__name__.lower()] += 1
            yield event

    def coverage(self) -> list[Coverage]:
        """From the first line to the last; which lines the log's daemon was to keep is not known."""
        if self._first is None or self._last is None:
            return []
        why = f"lines may be missing from {self.log.name}"
        spans = (Span(self._first, self._last),)
        return [Coverage(NAME, KINDS, spans, blind=(Blind(KINDS, (why,)),))]

    def close(self) -> None:
        """End what is being read."""
        self._events.close()

    def _batch(self) -> Iterator[Event]:
        for told, event in enumerate(self._events, 1):
            if event is None:
                return
            yield event
            if told >= BATCH:
                return
        self._is_over = True

    def _ended(self) -> Iterator[Event]:
        if not self._is_over:
            self._is_over = True
            yield from self._teller.end()

    def _of_files(self, follow: bool) -> Told:
        *old, newest = self.log.paths
        for path in old if follow else self.log.paths:
            yield from self._of_file(path)
        if follow:
            yield from self._growing(newest)
        yield from self._teller.end()

    def _of_file(self, path: str) -> Iterator[Event]:
        span = by_pieces(path, WHOLE)
        if span is not None:
            yield from self._of_pieces(path, *span)
            return
        text = self._text(path)
        head: list[bytes] = []
        with open_log(path, self._proceed) as stream:
            try:
                for block in whole_blocks(read_blocks(stream, self._proceed)):
                    if text.is_near_begin(b"".join([*head, block])):
                        head.append(block)
                        continue
                    yield from self._told(text.entries(b"".join(head)))
                    head = []
                    yield from self._told(text.entries(block))
            except EOFError as error:
                yield lost(self._last, NAME, None, f"{path}: cut or damaged: {error}")
        yield from self._told(forwards(list(text.entries(b"".join(head)))))

    def _of_pieces(self, path: str, begin: int, size: int) -> Iterator[Event]:
        """A big file: what is behind its beginning is searched on two CPUs."""
        text = self._text(path)
        with open(path, "rb", buffering=0) as stream:
            fd = stream.fileno()
            yield from self._told(text.entries(os.pread(fd, begin, 0)))
            sieve = self._telling.sieve()
            for found in Pieces(fd, size, sieve, self._proceed, begin=begin).each():
                yield from self._told(text.found(*found))

    def _growing(self, path: str) -> Told:
        """The last file, and what is added to it; None: nothing more for the moment."""
        follower = Follower(path)
        text = self._text(path)
        newest = time.monotonic()
        while True:
            lines, _ = follower.burst()
            if lines:
                newest = time.monotonic()
                yield from self._told(text.entries(lines))
            elif time.monotonic() - newest >= QUIET:
                yield from self._teller.end()
            self._is_dry = not lines
            yield None

    def _of_pipe(self, pipe: IO[bytes]) -> Told:
        text, lines = self._text(STDIN), WholeLines()
        while True:
            block = os.read(pipe.fileno(), _BLOCK) if self._proceed(pipe) else b""
            if not block:
                break
            yield from self._told(text.entries(lines.feed(block)[0]))
            yield None
        rest = lines.rest()
        yield from self._told(text.entries(rest + b"\n" if rest else b""))
        yield from self._teller.end()

    def _told(self, entries: Iterable[Entry]) -> Iterator[Event]:
        for entry in entries:
            if entry.time is not None:
                self._first = entry.time if self._first is None else min(self._first, entry.time)
                self._last = entry.time if self._last is None else max(self._last, entry.time)
            self._is_known = self._is_known or entry.tag is not None
            yield from self._teller.feed(entry)

    def _text(self, path: str) -> Text:
        return Text(EntryReader(self._style(path), path), self._telling)

    def _style(self, path: str) -> DateStyle:
        try:
            return style_of(self._year, None if path == STDIN else os.stat(path).st_mtime_ns)
        except OSError:
            return style_of(self._year, None)


def style_of(year: int | None, written: int | None) -> DateStyle:
    """Dates without a year are the last such ones before the log was written (ns), or before the end of the year that
    was asked for."""
    if year is None:
        return DateStyle(now=written)
    return DateStyle(now=int(time.mktime((year, *_YEARS_END))) * SECOND)


def forwards(entries: list[Entry]) -> list[Entry]:
    """In the order of time: journalctl -r and sos write the newest first."""
    times = [entry.time for entry in entries if entry.time is not None]
    falling = sum(one > other for one, other in zip(times, times[1:]))
    rising = sum(one < other for one, other in zip(times, times[1:]))
    return entries[::-1] if falling > rising else entries
