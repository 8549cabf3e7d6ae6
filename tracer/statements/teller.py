"""Entries → events: what is said in each, and the OOM reports put together."""

from __future__ import annotations

from collections import Counter

from tracer.model.event import Exit, Statement
from tracer.model.frozen import replace
from tracer.statements.make import Making
from tracer.statements.oom import Reports
from tracer.statements.whats import WHATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.lines.entry import Entry
    from tracer.statements.make import Told
    from tracer.statements.row import Index

IDS_MAX = 4096  # of one time
JOURNAL, SYSLOG, KERNEL_LOG = "journal", "syslog", "kernel log"


class Teller:
    """Takes entries of one log, in their order. ``quiet``: all statements, not only those that are shown by themselves."""

    def __init__(self, index: Index, *, quiet: bool = True) -> None:
        self._index = index
        self._quiet = quiet
        self._reports = Reports()
        self._time: int | None = None
        self._ids: Counter[str] = Counter()

    def feed(self, entry: Entry) -> list[Told]:
        """The events that are complete with this entry."""
        return self._apart([event for event in self._made(entry) if self._is_told(event)])

    def _is_told(self, event: Told) -> bool:
        """Whether it is asked for; what nobody believes is quiet, too."""
        if self._quiet or not isinstance(event, Statement):
            return True
        return WHATS[event.what].shown and event.believed is not False

    def _apart(self, events: list[Told]) -> list[Told]:
        """The same words at the same time, once more: another event. Of a process there is one end."""
        made = []
        for event in events:
            if event.time != self._time or len(self._ids) >= IDS_MAX:
                self._time = event.time
                self._ids.clear()
            before = self._ids[event.id]
            self._ids[event.id] += 1
            is_end = isinstance(event, Exit) and event.process.pid is not None
            made.append(
                replace(event, id=f"{event.id}-{before}") if before and not is_end else event
            )
        return made

    def _made(self, entry: Entry) -> list[Told]:
        found = self._index.find(entry)
        if found is None:
            return []
        source = source_of(entry)
        if "report" in found.row.makes:
            return self._reports.feed(entry, found, source)
        return Making(entry, found, source).events()

    def end(self) -> list[Told]:
        """Nothing more comes: what was begun."""
        return [event for event in self._reports.end() if self._is_told(event)]

    def told(self, entries: Iterable[Entry]) -> Iterator[Told]:
        """All events of all entries."""
        for entry in entries:
            yield from self.feed(entry)
        yield from self.end()


def source_of(entry: Entry) -> str:
    """The word for where it was seen."""
    if entry.fields is not None:
        return JOURNAL
    return KERNEL_LOG if entry.tag in (None, b"kernel") and entry.host is None else SYSLOG
