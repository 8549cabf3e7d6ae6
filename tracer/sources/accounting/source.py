"""Process accounting as a source: the ends of processes, of files that may hold millions of records."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from tracer.model.coverage import Blind, Coverage, Span
from tracer.model.event import Loss, Place, lost
from tracer.model.frozen import frozen
from tracer.model.text import counted
from tracer.model.times import SECOND
from tracer.model.witness import ACCOUNTING
from tracer.sources.abilities import BY_NAME
from tracer.sources.accounting.pick import Pick
from tracer.sources.accounting.record import SIZE, end_of, is_record, second_of
from tracer.sources.accounting.runs import Foreign, Run, runs_of

if TYPE_CHECKING:
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event

KINDS = BY_NAME[ACCOUNTING].kinds
BATCH = 512
# Ends of the name that is asked for: the latest are told.
FITTING_MAX = 10_000
# Places that are no record: the first are told one by one.
LOSSES_MAX = 1_000
# A record's second may be so much earlier than that of the one before it: two CPUs write.
_LATE = 2
_OFF = "accounting may have been off at times, or its disk nearly full, and says nothing of that"


@frozen
class Found:
    """A wanted record of a file at ``offset``, and the second of the end ``before`` it."""

    record: bytes
    path: str
    offset: int
    before: int
    is_meant: bool


class Reader:
    """The wanted ends in files, oldest first, and what is told of the reading: ``records`` that there were, ``left_out``
    ends that were wanted, ``first`` and ``last`` second of all."""

    def __init__(self, pick: Pick) -> None:
        self.records = self.left_out = 0
        self.first: int | None = None
        self.last = 0
        self._pick = pick

    def events(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[Event]:
        """Of each file the path and its bytes, unpacked; EOFError among them ends a damaged one. Of too many ends no more than
        the latest are told, so that memory is bounded."""
        found = (one for path, blocks in files for one in self._in_file(path, blocks))
        latest = self._pick.latest
        for one in found if latest is None else self._latest(found, latest):
            yield one if isinstance(one, Loss) else self._event(one)

    def _latest(self, found: Iterable[Found | Loss], others: int) -> list[Found | Loss]:
        """The last ends of each kind, in the order in which they came; and what is lost, that of many places as one."""
        kept: tuple[deque[tuple[int, Found]], ...] = (
            deque(maxlen=others),
            deque(maxlen=FITTING_MAX),
        )
        losses: list[tuple[int, Loss]] = []
        ends = more = 0
        missing: int | None = 0
        for at, one in enumerate(found):
            if not isinstance(one, Loss):
                ends += 1
                kept[one.is_meant].append((at, one))
            elif len(losses) < LOSSES_MAX:
                losses.append((at, one))
            else:
                more += 1
                missing = None if None in (missing, one.count) else missing + one.count  # type: ignore[operator]
        self.left_out += ends - sum(map(len, kept))
        told: list[tuple[int, Found | Loss]] = [*kept[0], *kept[1], *losses]
        told.sort(key=lambda pair: pair[0])
        where = f"{counted(more, 'more place')} with bytes that are no record"
        rest = [lost(self.last * SECOND or None, ACCOUNTING, missing, where)] if more else []
        return [*(one for _, one in told), *rest]

    @staticmethod
    def _event(found: Found) -> Event:
        second = second_of(found.record, 0, found.before)
        return end_of(found.record, 0, second, Place(file=found.path, offset=found.offset))

    def _in_file(self, path: str, blocks: Iterable[bytes]) -> Iterator[Found | Loss]:
        try:
            for run in runs_of(blocks):
                if isinstance(run, Foreign):
                    yield self._lost(path, run)
                else:
                    yield from self._in_run(path, run)
        except EOFError as error:
            yield lost(self.last * SECOND or None, ACCOUNTING, None, f"{path}: {error}")

    def _in_run(self, path: str, run: Run) -> Iterator[Found | Loss]:
        data, pick = run.data, self._pick
        first, last = second_of(data, 0, self.last), second_of(data, len(data) - SIZE, self.last)
        self.records += len(data) // SIZE
        self.first = first if self.first is None else min(self.first, first)
        before, self.last = self.last, max(self.last, last)
        if pick.since is not None and (max(first, last) + _LATE) * SECOND < pick.since:
            return
        for at, is_meant in pick.places(data):
            before = second_of(data, at - SIZE) if at else before
            if not is_record(data, at):
                yield self._lost(path, Foreign(SIZE))
            elif not pick.has_bounds() or pick.has_time(second_of(data, at, before) * SECOND):
                yield Found(data[at : at + SIZE], path, run.offset + at, before, is_meant)

    def _lost(self, path: str, foreign: Foreign) -> Loss:
        rest = ", and the rest is not read" if foreign.whole else ""
        where = f"{path}: {counted(foreign.size, 'byte')} that are no record{rest}"
        count = None if foreign.whole else -(-foreign.size // SIZE)
        return lost(self.last * SECOND or None, ACCOUNTING, count, where)

    def notes(self, title: str) -> list[str]:
        """What was left out of ``title``, for who reads how often something came."""
        left = self.left_out
        return [f"{counted(left, 'earlier end')} in {title} not looked at; --since and --until take others"] if left else []  # fmt: skip

    def coverage(self) -> list[Coverage]:
        """From the first end to the last."""
        if self.first is None:
            return []
        span = Span(self.first * SECOND, max(self.first, self.last) * SECOND)
        return [Coverage(ACCOUNTING, KINDS, (span,), blind=(Blind(KINDS, (_OFF,), quiet=True),))]


class Accounting:
    """``files`` are those of one accounting, oldest first, as ``reader`` takes them. What of them is no accounting is
    told as lost."""

    name = ACCOUNTING
    grace = 0.0

    def __init__(
        self, title: str, files: Iterable[tuple[str, Iterable[bytes]]], reader: Reader
    ) -> None:
        self.title = title
        self.counts: Counter[str] = Counter()
        self._reader = reader
        self._is_over = False
        self._events = self._told(reader.events(files))

    @property
    def entries(self) -> int:
        """How many records were read."""
        return self._reader.records

    def has_records(self) -> bool:
        return self._reader.records > 0

    def descriptors(self) -> Descriptors:
        return ()

    def due(self) -> float | None:
        return 0.0

    def has_begun(self) -> bool:
        return self.has_records() or self._is_over

    def is_over(self) -> bool:
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """The next events, BATCH at most: who is asked to end reads no file to its end. Raises Problem for one that cannot
        be opened any more."""
        for told, event in enumerate(self._events, 1):
            yield event
            if told >= BATCH:
                return
        self._is_over = True

    def coverage(self) -> list[Coverage]:
        return self._reader.coverage()

    def close(self) -> None:
        """End what is being read."""
        self._events.close()

    def _told(self, events: Iterable[Event]) -> Generator[Event, None, None]:
        for event in events:
            self.counts[type(event).__name__.lower()] += 1
            yield event
