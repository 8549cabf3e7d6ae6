"""Audit records in a journal's entries → events: journald's audit transport, and what auditd or the kernel logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tracer.audit import journal_lines, json_lines
from tracer.audit.coalesce import Coalescer, Told
from tracer.audit.evidence import Evidence
from tracer.audit.known import NOBODY, Known, Users
from tracer.audit.lines import LineReader
from tracer.audit.lost import Losses
from tracer.audit.meaning import NotUnderstood, events_of
from tracer.audit.record import NOWHERE, File, Group
from tracer.audit.usual import Usual
from tracer.lines.dates import DateStyle

if TYPE_CHECKING:
    from tracer.audit.record import Record
    from tracer.lines.entry import Entry
    from tracer.model.event import Event, Place


class AuditTeller:
    """Takes the entries of one host's journal in their order. ``bad``: records that could not be understood."""

    def __init__(self, users: Users = NOBODY) -> None:
        self.evidence = Evidence()
        self.records = 0
        self.bad = 0
        self._coalescer = Coalescer()
        self._stamps = Told()
        self._at = 0  # of the entries so far, in bytes
        self._known = Known(users)
        self._losses = Losses()
        self._lines = LineReader(DateStyle())

    def feed(self, entry: Entry) -> list[Event]:
        """The events that are complete with this entry."""
        fields = entry.fields
        if not fields or (b"_AUDIT_TYPE" not in fields and b"audit" not in entry.text):
            return []
        value = {
            name: fields[key].decode("utf-8", "replace")
            for key, name in json_lines.READ_OF_JOURNAL
            if key in fields
        }
        made = json_lines.of_journal({**value, "MESSAGE": entry.text}, self._lines.record)
        return self._fed(made, len(entry.text))

    def feed_whole(self, told: journal_lines.Told) -> list[Event]:
        """The same of entries that are an event."""
        whole, text, size = told
        event = Usual(whole, text, 0, self._at + size, 0, NOWHERE, journal_lines.numbered)
        self._at += size + whole[1]
        self.records += whole[3]
        groups = list(self._coalescer.feed_whole(event))
        for lost in self._losses.after_serial(event.stamp):
            groups += self._coalescer.feed(lost._replace(at=self._at))
        return [one for group in (*groups, *self._coalescer.ready()) for one in self._told(group)]

    def feed_line(self, line: bytes, place: Place | None = None) -> list[Event]:
        """The same of a line of an audit.log; ``place``: a file, and its line there."""
        one = self._lines.record(line)
        if one is not None and place is not None and place.file and place.line:
            one = one._replace(file=File(place.file), line=place.line)
        return self._fed(() if one is None else (one,), len(line))

    def _fed(self, records: Iterable[Record], size: int) -> list[Event]:
        told: list[Event] = []
        self._at += size
        for one in records:
            self.records += 1
            for record in (one, *self._losses.after(one)):
                for group in self._coalescer.feed(record._replace(at=self._at)):
                    told += self._told(group)
        for group in self._coalescer.ready():
            told += self._told(group)
        return told

    def end(self) -> Iterator[Event]:
        """Nothing more comes: what was begun."""
        for group in self._coalescer.flush():
            yield from self._told(group)

    def _told(self, group: Group) -> Sequence[Event]:
        if group.seen:
            self._known.see(group)
            return ()
        if self._stamps.has(group):
            return ()
        try:
            told = events_of(group, self._known, self.evidence)
        except NotUnderstood:
            self.bad += 1
            return ()
        if told:
            self._stamps.add(group)
        return told
