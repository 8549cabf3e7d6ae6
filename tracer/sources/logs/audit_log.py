"""Audit logs as a source: files in, the events of ``tracer.model.event`` out, in the order of their time."""

from __future__ import annotations

import heapq
import os
import select
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import IO, TYPE_CHECKING, Callable, Union

from tracer.audit.alike import Alike, told_by_models
from tracer.audit.coalesce import Coalescer, Group
from tracer.audit.evidence import Evidence, blind
from tracer.audit.known import NOBODY, Known, Users
from tracer.audit.lost import Losses
from tracer.audit.meaning import NotUnderstood, events_of
from tracer.audit.reader import RecordReader
from tracer.audit.record import LOST, Record
from tracer.lines.dates import DateStyle, day_first
from tracer.lines.mend import is_cut, without_cut_field
from tracer.lines.tally import Tally
from tracer.model.coverage import Blind, Coverage, GapsBetween, Span
from tracer.model.event import Series
from tracer.model.text import plain
from tracer.sources.abilities import BY_NAME
from tracer.sources.logs.files import (
    STDIN,
    LogSet,
    Proceed,
    always,
    is_pipe,
    open_log,
    read_blocks,
    read_lines,
)
from tracer.sources.logs.follow import Follower, check_growing, stream_bursts, whole_lines
from tracer.sources.logs.plain import (
    SIEVE_MIN,
    LineNumbers,
    can_be_sieved,
    last_line,
    sieved_records,
)

if TYPE_CHECKING:
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event

_HEAD_LINES = 2000
NAME = "audit log"
BATCH = 512  # events told at once: they are shown before more is looked for, and memory stays small
RECORDS = 4096  # read at once at most, whatever they tell
POLL = 0.1  # seconds between two looks at a log that is followed
QUIET = 1.0  # seconds without a line, after which what is open is taken to be whole
Keep = Callable[[str, int, bytes, str], None]
Found = Union[Record, Group, Alike]


class AuditLog:
    """The events of one or more logs. ``tallies`` (one a log) and ``counts`` (of events, by their kind) are complete
    when the events are. Raises Problem for a log that cannot be followed.

    ``follow``: what is added to the logs comes, too. ``proceed`` is asked before every block that is read.
    """

    name = NAME
    grace = 0.0

    def __init__(
        self,
        logs: Iterable[LogSet],
        users: Users = NOBODY,
        keep: Keep | None = None,
        proceed: Proceed = always,
        sieve_min: int = SIEVE_MIN,
        *,
        follow: bool = False,
    ) -> None:
        self.logs = tuple(logs)
        if follow:
            check_growing(self.logs)
        self.tallies = [Tally(log.name, keep, number) for number, log in enumerate(self.logs)]
        self._sieve_min = sieve_min
        self._proceed = proceed
        self.coalescer = Coalescer()
        # Each log by itself: they may come from hosts whose pids mean other processes.
        self._known = [Known(users) for _ in self.logs]
        self.evidence = Evidence()
        self._losses = Losses()
        self.counts: Counter[str] = Counter()
        self._gaps = GapsBetween()
        self._follow = follow
        self._is_pipe = [log.paths for log in self.logs] == [(STDIN,)] and is_pipe(STDIN)
        self._is_over = self._is_dry = False
        self._events = self._as_they_come() if follow else self._all()
        if self._is_pipe:
            self._events = self._of_stream()

    def descriptors(self) -> Descriptors:
        """A pipe's; files are never waited for."""
        return [(sys.stdin.fileno(), select.POLLIN)] if self._is_pipe else ()

    def due(self) -> float | None:
        """At once; nothing tells of what is added to a file, so that is looked for."""
        if self._is_pipe:
            return None
        return POLL if self._is_dry else 0.0

    def has_begun(self) -> bool:
        """A pipe may begin with other lines; what is followed may have no record for long."""
        return self.has_records() or (self._follow and self._is_dry)

    def has_records(self) -> bool:
        """Whether an audit record was read by now."""
        return any(tally.records for tally in self.tallies)

    def is_over(self) -> bool:
        """Whether everything was told."""
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """The next events, about BATCH of them at most, until nothing more is there for the moment.

        No input makes it raise, only a file that cannot be opened (Problem).
        """
        for event in self._last() if last else self._batch():
            if isinstance(event, Series):
                self.counts["signal"] += len(event)
            else:
                self.counts[type(event).__name__.lower()] += 1
            self._gaps.note(event)
            yield event

    def coverage(self) -> list[Coverage]:
        """From the first record of each log and host to its last; what a rule did not watch is not there."""
        hosts: list[tuple[bytes | None, tuple[Span, ...]]] = [
            (node, (Span(*span),)) for tally in self.tallies for node, span in tally.hosts.items()
        ] or [(None, ())]
        hidden = tuple(blind(self.evidence))
        if len(hosts) > 1:
            hidden += (Blind((), ("the rules of several hosts are not told apart",), quiet=True),)
        return [
            Coverage(
                NAME,
                BY_NAME[NAME].kinds,
                spans,
                self._gaps.told() + self.evidence.watching.gaps(node),
                hidden,
                None if node is None else plain(node),
            )
            for node, spans in hosts
        ]

    def close(self) -> None:
        """End what is being read."""
        self._events.close()

    def _batch(self) -> Iterator[Event]:
        for told, event in enumerate(self._events, 1):
            if event is None:
                return
            yield event
            if told >= BATCH or isinstance(event, Series):
                return
        self._is_over = True

    def _last(self) -> Iterator[Event]:
        """What waits for the rest of its event."""
        self._is_over = True
        for group in self.coalescer.flush():
            yield from self._told(group)

    def _all(self) -> Generator[Event | None, None, None]:
        """All events; None now and then where there are none for long: others need not wait for one."""
        for number, one in enumerate(self._records(), 1):
            if number % RECORDS == 0:
                yield None
            if isinstance(one, Record):
                for group in self.coalescer.feed(one):
                    yield from self._told(group)
            else:
                yield from self._fed(one)
        for group in self.coalescer.flush():
            yield from self._told(group)

    def _as_they_come(self) -> Generator[Event | None, None, None]:
        """The same, then what is added to the logs; None: nothing more for the moment."""
        followers: list[tuple[RecordReader, Follower]] = []
        there = [self._until_now(*one, followers) for one in zip(self.logs, self.tallies)]
        yield from map_events(self._fed, _merged(there))
        newest = time.monotonic()
        while True:
            bursts = [(reader, follower.burst()) for reader, follower in followers]
            new = [reader.read(lines) for reader, lines in bursts]
            yield from map_events(self._fed, _merged(new))
            came = any(lines for _, lines in bursts)
            newest = time.monotonic() if came else newest
            is_quiet = time.monotonic() - newest >= QUIET
            for group in self.coalescer.flush(complete_only=not is_quiet):
                yield from self._told(group)
            self._is_dry = not came
            yield None

    def _of_stream(self) -> Generator[Event | None, None, None]:
        """The events of a pipe as its lines come in; None: nothing more for the moment."""
        stream = open_log(STDIN, self._proceed)
        tally = self.tallies[0]
        reader: RecordReader | None = None
        cuts: list[str] = []
        for lines in _bursts(stream, cuts, self._proceed):
            reader = reader or RecordReader(_style(lines), tally)
            yield from map_events(self._fed, reader.read(lines))
            for group in self.coalescer.flush(complete_only=True):
                yield from self._told(group)
            yield None
        yield from map_events(self._fed, self._cut(cuts, tally))
        if reader is not None:
            yield from map_events(self._fed, reader.end())
        for group in self.coalescer.flush():
            yield from self._told(group)

    def _fed(self, one: Found) -> Iterator[Event]:
        if isinstance(one, Record):
            for group in self.coalescer.feed(one):
                yield from self._told(group)
        elif isinstance(one, Group):
            self.coalescer.insert(one)
        elif self.coalescer.knows(one.stamps):
            yield from map_events(self._fed, one.records())
        else:
            # They stand by themselves: no other event's record is still to come.
            for group in self.coalescer.flush():
                yield from self._told(group)
            self.coalescer.told(*one.stamps)
            yield from told_by_models(one, self._known[one.log], self._events_of)

    def _until_now(
        self, log: LogSet, tally: Tally, followers: list[tuple[RecordReader, Follower]]
    ) -> Iterator[Found]:
        """What the log holds already; its last file is followed from there."""
        *old, path = log.paths
        if old:
            yield from self._of_log(LogSet(log.name, tuple(old)), tally)
        offset = 0
        if can_be_sieved(path, self._sieve_min):
            offset = whole_lines(path)
            yield from sieved_records(path, tally, offset, self._proceed)
        reader = RecordReader(DateStyle(), tally)
        reader.begin(path, DateStyle())
        tally.lines = LineNumbers(path).at(offset) - 1
        followers.append((reader, Follower(path, offset)))

    def _records(self) -> Iterator[Found]:
        return _merged([self._of_log(log, tally) for log, tally in zip(self.logs, self.tallies)])

    def _of_log(self, log: LogSet, tally: Tally) -> Iterator[Found]:
        for sieved, paths in groupby(log.paths, lambda path: can_be_sieved(path, self._sieve_min)):
            if not sieved:
                yield from self._of_lines(list(paths), tally)
                continue
            for path in paths:
                tally.path = path
                cuts: list[str] = []
                last = _open_end(path, cuts)(last_line(path))
                size, cut = (whole_lines(path), last) if cuts else (None, b"")
                yield from sieved_records(path, tally, size, self._proceed, cut)
                yield from self._cut(cuts, tally)
        self.evidence.first_process = self.evidence.first_process or tally.first_process

    def _of_lines(self, paths: list[str], tally: Tally) -> Iterator[Record]:
        reader: RecordReader | None = None
        for path in paths:
            cuts: list[str] = []
            lines = _lines(path, cuts, self._proceed)
            head = [line for _, line in zip(range(_HEAD_LINES), lines)]
            reader = reader or RecordReader(DateStyle(), tally)
            reader.begin(path, _style(head, path))
            yield from reader.read(chain(head, lines))
            yield from self._cut(cuts, tally)
        if reader is not None:
            yield from reader.end()

    def _cut(self, cuts: list[str], tally: Tally) -> Iterator[Record]:
        while cuts:
            yield self._losses.made(tally.last or 0, None, cuts.pop())

    def _told(self, group: Group) -> Sequence[Event]:
        if group.seen:
            self._known[group.records[0].log].see(group)
            return ()
        told = self._events_of(group)
        if told and group.records[0].type != LOST:
            self.coalescer.told(group.stamp)
        return told

    def _events_of(self, group: Group) -> Sequence[Event]:
        log = group.records[0].log
        try:
            return events_of(group, self._known[log], self.evidence)
        except NotUnderstood as trouble:
            one, tally = trouble.record, self.tallies[log]
            number = one.line if one.line >= 0 else LineNumbers(tally.path).at(-one.line)
            head = f"type={one.type} msg=audit({one.stamp}): ".encode()
            tally.bad_line(number, head + one.body, trouble.why)
            return ()


def map_events(
    feed: Callable[[Found], Iterator[Event]], records: Iterator[Found] | Iterator[Record]
) -> Iterator[Event]:
    """The events that feeding these records gives."""
    for one in records:
        yield from feed(one)


def _merged(streams: Sequence[Iterator[Found]] | Sequence[Iterator[Record]]) -> Iterator[Found]:
    """The records of several logs, by time."""
    if len(streams) == 1:
        return iter(streams[0])
    return heapq.merge(*map(_apart, streams), key=lambda one: one.stamp.time)


def _apart(records: Iterator[Found]) -> Iterator[Record | Group]:
    """The same, one by one: others may have to come between them."""
    for one in records:
        if isinstance(one, Alike):
            yield from one.records()
        else:
            yield one


def _style(head: list[bytes], path: str = STDIN) -> DateStyle:
    try:
        written = None if path == STDIN else os.stat(path).st_mtime_ns
    except OSError:
        written = None
    return DateStyle(day_first([line for line in head if b"audit(" in line]), written)


def _lines(path: str, cuts: list[str], proceed: Proceed) -> Iterator[bytes]:
    """The lines of a file; where it turns out to be cut, ``cuts`` is told."""
    with open_log(path, proceed) as stream:
        try:
            yield from read_lines(read_blocks(stream, proceed), _open_end(path, cuts))
        except EOFError as error:
            cuts.append(f"{path}: cut or damaged: {error}")


def _bursts(stream: IO[bytes], cuts: list[str], proceed: Proceed) -> Iterator[list[bytes]]:
    """The lines of a pipe, likewise."""
    try:
        yield from stream_bursts(stream, proceed, _open_end(STDIN, cuts))
    except EOFError as error:
        cuts.append(f"{STDIN}: cut or damaged: {error}")


def _open_end(path: str, cuts: list[str]) -> Callable[[bytes], bytes]:
    def told(line: bytes) -> bytes:
        if not is_cut(line):
            return line
        cuts.append(f"{path}: cut in the middle of a record")
        return without_cut_field(line)

    return told
