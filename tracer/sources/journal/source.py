"""A journal as a source of events: what an entry tells is for ``feed`` to say (tracer.statements)."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Callable

from tracer.lines.entry import Entry, of_journal
from tracer.model.coverage import Coverage, Gap, Span
from tracer.model.event import Place, lost
from tracer.sources.abilities import BY_NAME
from tracer.sources.journal.base import Journal
from tracer.sources.journal.entry import Group, JournalEntry, Losses

if TYPE_CHECKING:
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event
    from tracer.sources.journal.plan import Look

    Feed = Callable[[Entry], Iterable[Event]]
    End = Callable[[], Iterable[Event]]
    More = Callable[[list[JournalEntry]], Iterable[Look]]

NAME = "journal"
# What a journal with its kernel's and manager's entries would have told of.
KINDS = BY_NAME[NAME].kinds
# Entries read at once: what was found is shown before more is looked for.
BATCH = 512
# Seconds without an entry, after which what is begun (a report of several entries) is taken to be whole.
QUIET = 1.0
_TOLD_MAX = 1 << 16


def nothing_more(_: list[JournalEntry]) -> Iterable[Look]:
    """What was found is all that is looked for."""
    return ()


def entry_of(entry: JournalEntry, file: str | None = None) -> Entry:
    """The same as an entry of ``tracer.lines``: of a field that is there more than once, the first."""
    fields = {
        name.encode("ascii", "replace"): value[0] if isinstance(value, list) else value
        for name, value in entry.items()
    }
    for name, moment in (
        (b"__REALTIME_TIMESTAMP", entry.realtime_ns),
        (b"__MONOTONIC_TIMESTAMP", entry.monotonic_ns),
    ):
        if moment is not None:
            fields[name] = b"%d" % (moment // 1000)
    return of_journal(fields, Place(file=file, cursor=entry.cursor))


class Entries(ABC):
    """A source of which only the entries differ."""

    name = NAME
    grace = 0.0

    def __init__(self, losses: Losses, feed: Feed, end: End, file: str | None = None) -> None:
        self.losses = losses
        self.entries = 0
        self.title = NAME if file is None else file
        self.counts: Counter[str] = Counter()
        self._feed = feed
        self._end = end
        self._file = file
        self._first: int | None = None
        self._last: int | None = None
        self._is_over = False

    def is_over(self) -> bool:
        return self._is_over

    def has_records(self) -> bool:
        """It is a journal: that was looked at when it was opened."""
        return True

    def has_begun(self) -> bool:
        """Whether an entry was read, or will be at any time."""
        return True

    def read(self, last: bool = False) -> Iterator[Event]:
        """The events of the next entries. No input makes it raise."""
        for event in self._ended() if last else self._events():
            self.counts[type(event).__name__.lower()] += 1
            yield event

    def _events(self) -> Iterator[Event]:
        for entry in self._now():
            yield from self._of(entry)
        yield from self._missing()
        if self._is_over:
            yield from self._end()

    def _of(self, entry: JournalEntry) -> Iterable[Event]:
        self._count(1, entry.realtime_ns, entry.realtime_ns)
        return self._feed(entry_of(entry, self._file))

    def _count(self, entries: int, first: int | None, last: int | None) -> None:
        """So many entries, taken between these times (ns)."""
        self.entries += entries
        if first is not None and last is not None:
            self._first = first if self._first is None else min(self._first, first)
            self._last = last if self._last is None else max(self._last, last)

    def _ended(self) -> Iterator[Event]:
        if not self._is_over:
            self._is_over = True
            yield from self._end()

    def _missing(self) -> Iterator[Event]:
        for one in self.losses.new():
            yield lost(self._last, NAME, one.count, f"{one.where}: {one.what}")

    @abstractmethod
    def _now(self) -> Iterator[JournalEntry]: ...


class JournalSource(Entries):
    """The entries of a journal that fit ``matches``, from ``since`` to ``until`` (ns), or on and on with ``follow``.

    ``feed`` gives the events of an entry, ``end`` those of what was begun. ``more`` tells what else to look for once
    some entries are known; those come in between. The journal is closed with the source.
    """

    def __init__(
        self,
        journal: Journal,
        feed: Feed,
        end: End = tuple,
        *,
        matches: Sequence[Group] = (),
        more: More = nothing_more,
        since: int | None = None,
        until: int | None = None,
        follow: bool = False,
    ) -> None:
        super().__init__(journal.losses, feed, end)
        self._journal = journal
        self._more = more
        self._limits = since or 0, until
        self._following = journal.follow(matches, since or 0) if follow else None
        # What one read gives, as long as that lasts. The first is not waited for: nothing tells of what is there.
        self._coming = None if self._following is None else self._following.read()
        self._left = iter(()) if follow else journal.entries(matches, since, until)
        # What was found around others: told, and not to be told again; or of a later time than what was read.
        self._told: dict[str | None, int] = {}
        self._later: list[JournalEntry] = []
        self._newest: float | None = None  # when something came of which nothing was made yet

    def descriptors(self) -> Descriptors:
        return () if self._following is None else self._following.descriptors()

    def due(self) -> float | None:
        if self._following is None or self._coming is not None:
            return 0.0
        limits = [self._following.timeout(), None if self._newest is None else QUIET]
        return min((limit for limit in limits if limit is not None), default=None)

    def coverage(self) -> list[Coverage]:
        """Each boot's time, but what journald has dropped and the files that are gone or cannot be read."""
        seen = self._journal.coverage()
        spans = tuple(Span(boot.first_ns, boot.last_ns) for boot in seen.boots)
        if not spans:
            return []
        end = max(span.ended or 0 for span in spans)
        gaps = tuple(
            Gap(gap.from_ns, end if gap.until_ns is None else gap.until_ns, gap.count, gap.what)
            for gap in seen.gaps
        )
        return [Coverage(NAME, KINDS, spans, gaps)]

    def close(self) -> None:
        if self._following is not None:
            self._following.close()
        self._journal.close()

    def _now(self) -> Iterator[JournalEntry]:
        if self._following is not None:
            self._coming = self._coming or self._following.read()
            found = list(islice(self._coming, BATCH))
            if len(found) < BATCH:
                self._coming = None
            if found:
                self._newest = time.monotonic()
        else:
            found = list(islice(self._left, BATCH))
            self._is_over = len(found) < BATCH
        fresh = [entry for entry in found if entry.cursor not in self._told]
        entries = sorted([*self._later, *fresh, *self._around(fresh)], key=_moment)
        last = max(map(_moment, found), default=0)
        holds = self._following is None and not self._is_over
        self._later = [entry for entry in entries if holds and _moment(entry) > last]
        yield from entries[: len(entries) - len(self._later)]

    def _around(self, found: list[JournalEntry]) -> Iterator[JournalEntry]:
        """What else is to be looked at, each entry once."""
        since, until = self._limits
        known = {entry.cursor for entry in found}
        for look in self._more(found):
            end = look.until if until is None else min(look.until, until)
            begin = max(look.since, since)
            for entry in self._journal.entries(look.matches, begin, end, limit=look.limit):
                if entry.cursor is not None and not (
                    entry.cursor in known or entry.cursor in self._told
                ):
                    self._told[entry.cursor] = _moment(entry)
                    yield entry
        if len(self._told) > _TOLD_MAX:
            self._told = dict(list(self._told.items())[_TOLD_MAX // 2 :])

    def _events(self) -> Iterator[Event]:
        yield from super()._events()
        if self._newest is not None and time.monotonic() - self._newest >= QUIET:
            self._newest = None
            yield from self._end()


def _moment(entry: JournalEntry) -> int:
    return entry.realtime_ns or 0
