"""A journal's entries, by its index, through whatever this host has to read it with.

    with open_journal() as journal:                       # this host's; root="/mnt/disk"; paths=["system.journal"]
        for entry in journal.entries([{"UNIT": b"nginx.service", "CODE_FUNC": [b"log_kill"]}], since=ns):
            entry.one("MESSAGE"), entry.realtime_ns, entry.cursor
        journal.losses.all()                              # what could not be read, with its place
        journal.coverage()                                # boots, gaps, steps of the clock

``ExportReader`` and ``JsonReader`` make the same entries of ``journalctl -o export`` and ``-o json``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracer.host.journals import FOLDERS
from tracer.model.errors import OWN, Problem
from tracer.sources.journal import find
from tracer.sources.journal.base import Following, Journal
from tracer.sources.journal.entry import (
    VALUE_MAX,
    Boot,
    Coverage,
    Gap,
    Group,
    JournalEntry,
    Losses,
    Lost,
)
from tracer.sources.journal.text import ExportReader, JsonReader

__all__ = [
    "VALUE_MAX",
    "Boot",
    "Coverage",
    "ExportReader",
    "Following",
    "Gap",
    "Group",
    "Journal",
    "JournalEntry",
    "JsonReader",
    "Losses",
    "Lost",
    "open_journal",
]

# The library reads fastest. But it runs in our process: files of a stranger, which may have been made to crash it,
# are read by our own reader, which believes nothing.
HOST, FOREIGN = ("libsystemd", "journalctl", "own"), ("own",)


def open_journal(
    paths: Sequence[str] = (), *, root: str | None = None, ways: Sequence[str] | None = None
) -> Journal:
    """This host's journal; below ``root`` that of another; or ``paths``, files and folders.

    Read in the first of ``ways`` that there is. Raises Problem if there is no file that can be read.
    """
    is_host = not paths and root is None
    reasons: list[str] = []
    for way in ways or (HOST if is_host else FOREIGN):
        place = find.host() if is_host else find.named(paths) if root is None else find.below(root)
        try:
            journal = _open(way, place)
        except (LookupError, OSError) as error:
            place.close()
            reasons.append(str(error))
            continue
        if not journal.readable:
            journal.close()
            raise _unreadable(paths, root, journal)
        return journal
    raise Problem("cannot read the journal", "; ".join(reasons), "apt install systemd")


def _unreadable(paths: Sequence[str], root: str | None, journal: Journal) -> Problem:
    what = ", ".join(paths) or (root and f"a journal below {root!r}") or "this host's journal"
    losses = "; ".join(f"{lost.where}: {lost.what}" for lost in journal.losses.all()[:3])
    folders = " and in ".join((root or "").rstrip("/") + folder for folder in FOLDERS)
    return Problem(
        f"cannot read {what}",
        losses or f"there is no journal file in {', '.join(paths) or folders}",
        "journalctl --verify" if losses else f"{OWN} FILE",
    )


def _open(way: str, place: find.Place) -> Journal:
    if way == "libsystemd":
        from tracer.sources.journal.library import LibraryJournal

        return LibraryJournal(place)
    if way == "journalctl":
        from tracer.sources.journal.helper import HelperJournal

        return HelperJournal(place)
    from tracer.sources.journal.own import OwnJournal

    return OwnJournal(place)
