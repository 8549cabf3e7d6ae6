"""What a journal has in sight: from its boots, from what journald says it has dropped, and from its files' headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.sources.journal.entry import Boot, Coverage, Gap, Group, JournalEntry, Losses
from tracer.sources.journal.file import Corrupt, JournalFile
from tracer.sources.journal.find import open_files
from tracer.sources.journal.unpack import Unpackers

if TYPE_CHECKING:
    from tracer.sources.journal.base import Journal

# sd-messages.h: JOURNAL_DROPPED, JOURNAL_MISSED, TIME_CHANGE.
DROPPED = b"a596d6fe7bfa4994828e72309e95d61e"
MISSED = b"e9bf28e6e834481bb6f48f548ad13606"
CLOCK = b"c7a787079b354eaaa9e77b371893cd27"
# Anybody may write any MESSAGE_ID; nobody but journald itself has this transport, and PID 1 this number.
_DRIVER = b"driver"


def coverage_of(journal: Journal) -> Coverage:
    """Costs two look-ups a boot, and a look into each file."""
    boots = sorted(_boots(journal), key=lambda boot: boot.first_ns)
    gaps = [_gap(journal, entry) for entry in _marks(journal)]
    gaps += _files(journal)
    clock = journal.entries(
        [{"MESSAGE_ID": CLOCK, "_PID": b"1"}, {"MESSAGE_ID": CLOCK, "_TRANSPORT": _DRIVER}]
    )
    steps = [entry.realtime_ns for entry in clock if entry.realtime_ns is not None]
    gaps.sort(key=lambda gap: gap.from_ns or 0)
    return Coverage(tuple(boots), tuple(gaps), tuple(steps))


def _boots(journal: Journal) -> Iterator[Boot]:
    for boot in journal.boots():
        matches = [{"_BOOT_ID": boot.encode()}]
        first = next(journal.entries(matches, limit=1), None)
        last = next(journal.entries(matches, limit=1, reverse=True), None)
        if first and last and first.realtime_ns is not None and last.realtime_ns is not None:
            yield Boot(boot, first.realtime_ns, last.realtime_ns, first.monotonic_ns)


def _marks(journal: Journal) -> Iterator[JournalEntry]:
    return journal.entries([{"MESSAGE_ID": (DROPPED, MISSED), "_TRANSPORT": _DRIVER}])


def _gap(journal: Journal, entry: JournalEntry) -> Gap:
    """What is missing lies behind the last that is there of the same: of the kernel, or of the service."""
    message = entry.one("MESSAGE") or b""
    found = re.search(rb"\d{1,18}", entry.one("N_DROPPED") or message)
    count = int(found[0]) if found else None
    what = message.decode("utf-8", "backslashreplace")
    moment = entry.realtime_ns
    if entry.one("MESSAGE_ID") == MISSED:
        return Gap("missed", _last(journal, {"_TRANSPORT": b"kernel"}, moment), moment, count, what)
    unit = re.search(rb" from (\S+)", message)
    begin = _last(journal, {"_SYSTEMD_UNIT": unit[1]}, moment) if unit else None
    return Gap("dropped", begin, moment, count, what)


def _last(journal: Journal, group: Group, moment: int | None) -> int | None:
    entry = next(journal.entries([group], until=moment, reverse=True, limit=1), None)
    return None if entry is None else entry.realtime_ns


def _files(journal: Journal) -> list[Gap]:
    losses = Losses()
    files = open_files(journal.place, losses, Unpackers())
    try:
        unread = [Gap("file", None, None, None, f"{one.where}: {one.what}") for one in losses.all()]
        return unread + list(holes(files))
    finally:
        for file in files:
            file.close()


def holes(files: list[JournalFile]) -> Iterator[Gap]:
    """Numbers that no file has, between two files of the same boot: files that are gone.

    Between two boots a hole tells nothing: the first entries of a boot are numbered for /run.
    """
    by_id: dict[bytes, list[JournalFile]] = {}
    for file in files:
        if file.header.entries:
            by_id.setdefault(file.header.seqnum_id, []).append(file)
    for several in by_id.values():
        several.sort(key=lambda file: file.header.head_seqnum)
        last = several[0].header
        for file in several[1:]:
            header = file.header
            missing = header.head_seqnum - last.tail_seqnum - 1
            if missing > 0 and _first_boot(file) == last.tail_boot:
                begin, end = last.tail_realtime * 1000, header.head_realtime * 1000
                what = f"before {file.name}: a file is gone or unreadable"
                yield Gap("entries", min(begin, end), max(begin, end), missing, what)
            last = max(last, header, key=lambda one: one.tail_seqnum)


def _first_boot(file: JournalFile) -> bytes | None:
    try:
        return file.entry(file.items(file.header.entry_array, 0, 1)[0]).boot
    except (Corrupt, OSError):
        return None
