"""The files that evidence lies in, each named once: F1:73 is line 73 of F1."""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.report.escape import h

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Data = dict[str, Any]

PATH_MAX = 4096  # PATH_MAX of linux/limits.h


@frozen
class Files:
    """Short names by path, or by what the cursors of one journal file begin with."""

    names: dict[str, str]

    def link(self, place: str) -> str:
        where, at = split(place)
        name = self.names[where]
        return f'<a href="#{name}">{name}{h(at)}</a>'


def files_of(data: Data) -> Files:
    """All that the evidence of a report lies in, in the order of the page."""
    found = dict.fromkeys(split(place)[0] for place in _places(data))
    return Files({where: f"F{number}" for number, where in enumerate(found, 1)})


def split(place: str) -> tuple[str, str]:
    """Where, and at what of it: FILE and :LINE, or the beginning of a journal's cursor and its ;i=NUMBER.

    s and i alone are a cursor, too (sd_journal_seek_cursor, systemd's src/libsystemd/sd-journal/sd-journal.c).
    """
    parts = place.split(";")
    if parts[0].startswith("s=") and parts[1:] and parts[1].startswith("i="):
        return parts[0], f";{parts[1]}"
    where, colon, line = place.rpartition(":")
    return (where, f":{line}") if colon and line.isdecimal() else (place, "")


def _places(data: Data) -> Iterator[str]:
    tables = [table["rows"] for table in data["tables"].values()]
    for rows in (data["kinds"], *tables):
        for row in rows:
            yield from (one["place"] for one in row.get("evidence", ()) if one["place"])
