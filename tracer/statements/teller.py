"""Entries → events: what is said in each, and the OOM reports put together."""

from __future__ import annotations

from tracer.statements.make import Making
from tracer.statements.oom import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.lines.entry import Entry
    from tracer.statements.make import Told
    from tracer.statements.row import Index

JOURNAL, SYSLOG, KERNEL_LOG = "journal", "syslog", "kernel log"


class Teller:
    """Takes entries in their order. ``seen``: how many entries told something."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._reports = Reports()

    def feed(self, entry: Entry) -> list[Told]:
        """The events that are complete with this entry."""
        found = self._index.find(entry)
        if found is None:
            return []
        source = source_of(entry)
        if "report" in found.row.makes:
            return self._reports.feed(entry, found, source)
        return Making(entry, found, source).events()

    def end(self) -> list[Told]:
        """Nothing more comes: what was begun."""
        return self._reports.end()

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
