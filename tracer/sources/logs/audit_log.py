"""Audit logs as a source: files in, the events of ``tracer.model.event`` out, in the order of their time."""

from __future__ import annotations

import heapq
import select
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Callable

from tracer.audit.coalesce import Told
from tracer.audit.evidence import Evidence, blind
from tracer.audit.known import NOBODY, Known, Users
from tracer.audit.meaning import NotUnderstood, events_of
from tracer.audit.reader import LineNumbers
from tracer.audit.record import Group
from tracer.lines.tally import Tally
from tracer.model.coverage import Blind, Coverage, GapsBetween, Span
from tracer.model.memo import memo
from tracer.model.text import plain
from tracer.sources.abilities import BY_NAME
from tracer.sources.logs.files import STDIN, LogSet, Proceed, always, is_pipe, is_readable
from tracer.sources.logs.follow import check_growing
from tracer.sources.logs.plain import SIEVE_MIN
from tracer.sources.logs.reading import LogReading

if TYPE_CHECKING:
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event

NAME = "audit log"
BATCH = 512  # events told at once: they are shown before more is looked for, and memory stays small
POLL = 0.1  # seconds between two looks at a log that is followed
QUIET = 1.0  # seconds without a line, after which what is open is taken to be whole
_kind_of: Callable[[type], str] = memo(16)(lambda cls: cls.__name__.lower())
Keep = Callable[[str, int, bytes, str], None]


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
        self._readings = [
            LogReading(log, users, tally, proceed, sieve_min)
            for log, tally in zip(self.logs, self.tallies)
        ]
        self._stamps = Told()
        # Each log by itself: they may come from hosts whose pids mean other processes.
        self._known = [Known(users) for _ in self.logs]
        self.evidence = Evidence()
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
            return QUIET if self._is_dry and self._readings[0].coalescer.is_open() else None
        return POLL if self._is_dry else 0.0

    def has_begun(self) -> bool:
        """A pipe may begin with other lines; what is followed may have no record for long."""
        return self.has_records() or (self._follow and self._is_dry)

    def has_records(self) -> bool:
        """Whether an audit record was read by now."""
        return any(tally.records for tally in self.tallies)

    def given_up(self) -> int:
        """Events that were not waited for any longer."""
        return sum(reading.coalescer.given_up for reading in self._readings)

    def is_over(self) -> bool:
        """Whether everything was told."""
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """The next events, about BATCH of them at most, until nothing more is there for the moment.

        No input makes it raise, only a file that cannot be opened (Problem).
        """
        for event in self._last() if last else self._batch():
            self.counts[_kind_of(type(event))] += 1
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
        if self._is_pipe and self._is_dry and not is_readable(sys.stdin.fileno()):
            yield from self._told_all(self._readings[0].quiet())
            self._is_dry = False
            return
        for told, event in enumerate(self._events, 1):
            if event is None:
                return
            yield event
            if told >= BATCH:
                return
        self._is_over = True

    def _last(self) -> Iterator[Event]:
        """What waits for the rest of its event."""
        self._is_over = True
        for reading in self._readings:
            yield from self._told_all(reading.end())

    def _all(self) -> Generator[Event | None, None, None]:
        """All events; None now and then where there are none for long: others need not wait for one."""
        if len(self._readings) == 1:
            for group in self._readings[0].groups(pauses=True):
                if group is None:
                    yield None
                else:
                    yield from self._told(group)
        else:
            every = [filter(None, one.groups()) for one in self._readings]
            yield from self._told_all(_merged(every))
        first = any(tally.first_process for tally in self.tallies)
        self.evidence.first_process = self.evidence.first_process or first

    def _as_they_come(self) -> Generator[Event | None, None, None]:
        """The same, then what is added to the logs; None: nothing more for the moment."""
        yield from self._told_all(_merged([reading.until_now() for reading in self._readings]))
        newest = time.monotonic()
        while True:
            news = [reading.more() for reading in self._readings]
            yield from self._told_all(_merged([iter(groups or ()) for groups in news]))
            self._is_dry = all(groups is None for groups in news)
            if not self._is_dry:
                newest = time.monotonic()
            elif time.monotonic() - newest >= QUIET:
                yield from self._told_all(_merged([one.quiet() for one in self._readings]))
            yield None

    def _of_stream(self) -> Generator[Event | None, None, None]:
        """The events of a pipe as its lines come in; None: nothing more for the moment."""
        for groups in self._readings[0].bursts():
            yield from self._told_all(groups)
            self._is_dry = True
            yield None

    def _told_all(self, groups: Iterable[Group]) -> Iterator[Event]:
        for group in groups:
            yield from self._told(group)

    def _told(self, group: Group) -> Sequence[Event]:
        if group.seen:
            self._known[group.file.log].see(group)
            return ()
        if self._stamps.has(group):
            return ()
        told = self._events_of(group)
        if told:
            self._stamps.add(group)
        return told

    def _events_of(self, group: Group) -> Sequence[Event]:
        log = group.file.log
        try:
            return events_of(group, self._known[log], self.evidence)
        except NotUnderstood as trouble:
            one = trouble.record
            head = f"type={one.type} msg=audit({one.stamp}): ".encode()
            number = one.line or LineNumbers(one.file.path).at(one.at - one.file.base)
            tally = self.tallies[log]
            tally.path = one.file.path
            tally.bad_line(number, head + one.body, trouble.why)
            return ()


def _merged(streams: Sequence[Iterator[Group]]) -> Iterator[Group]:
    """The events of several logs, by time."""
    if len(streams) == 1:
        return iter(streams[0])
    return heapq.merge(*streams, key=lambda group: group.stamp.time)
