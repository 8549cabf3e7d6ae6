"""Journals that somebody names, told whole: what is said in them, and what audit has left there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tracer.audit.entries import AuditTeller
from tracer.audit.journal_lines import Taken, Told, taken
from tracer.sources.journal import open_journal
from tracer.sources.journal.plan import Plan
from tracer.sources.journal.source import NAME, JournalSource
from tracer.sources.journal.text_source import TextSource
from tracer.statements.tables import index
from tracer.statements.teller import Teller

if TYPE_CHECKING:
    from typing import IO

    from tracer.audit.known import Users
    from tracer.flow.filter import Filter
    from tracer.lines.entry import Entry
    from tracer.model.event import Event
    from tracer.sources.journal import ExportReader, JsonReader

__all__ = ["NAME", "Telling", "journal_source", "text_source"]
# Seconds that an entry may come to journald after what it tells of, in ns.
_LATE = 60_000_000_000


class Telling:
    """Entries in their order → events of both."""

    def __init__(self, users: Users, *, quiet: bool = True) -> None:
        self.index = index(quiet=quiet)
        self.audit = AuditTeller(users)
        self._statements = Teller(self.index, quiet=quiet)

    def feed(self, entry: Entry) -> list[Event]:
        return [*self._statements.feed(entry), *self.audit.feed(entry)]

    def taken(self, block: bytes) -> list[Taken]:
        """What is in a block of ``journalctl -o json``'s text; changes nothing here."""
        return taken(block, self.index.silence_of)

    def feed_whole(self, told: Told) -> list[Event]:
        """Several entries that are one event of audit's."""
        return self.audit.feed_whole(told)

    def end(self) -> Iterator[Event]:
        yield from self._statements.end()
        yield from self.audit.end()


def journal_source(
    paths: Sequence[str],
    filter_: Filter,
    users: Users,
    *,
    root: str | None = None,
    follow: bool = False,
    quiet: bool = True,
) -> JournalSource:
    """The source of journal files, of folders with such files, of another root's, or (none) of this host's.

    ``quiet``: all statements, not only those that are shown by themselves. Raises Problem.
    """
    telling = Telling(users, quiet=quiet)
    plan = Plan(telling.index, filter_)
    until = None if filter_.until is None else filter_.until + _LATE
    return JournalSource(
        open_journal(paths, root=root),
        telling.feed,
        telling.end,
        matches=plan.matches,
        more=plan.more,
        since=filter_.since,
        until=until,
        follow=follow,
    )


def text_source(
    stream: IO[bytes],
    reader: type[ExportReader] | type[JsonReader],
    users: Users,
    *,
    file: str,
    is_pipe: bool,
    begun: bytes = b"",
    quiet: bool = True,
) -> TextSource:
    """The source of what ``journalctl -o export`` or ``-o json`` has written; ``begun`` was read of it already."""
    telling = Telling(users, quiet=quiet)
    return TextSource(
        stream,
        reader,
        telling.feed,
        telling.end,
        file=file,
        is_pipe=is_pipe,
        begun=begun,
        taker=telling,
    )
