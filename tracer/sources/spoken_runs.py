"""Which runs of units a process wrote lines of: for who knows a pid, or a name, of which a manager's words on the end say
nothing (systemd's line has neither)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.model.errors import Problem
from tracer.model.names import COMM_MAX

if TYPE_CHECKING:
    from tracer.sources.found import Found

# Entries that are looked at, the newest first.
_ENTRIES_MAX = 64


def runs_of(found: Found, what: bytes) -> frozenset[tuple[bytes, bytes]]:
    """Units and their runs (INVOCATION_ID) of which a process of that pid or name wrote lines last, as journald saw it
    (_PID, _COMM, _SYSTEMD_UNIT: systemd.journal-fields(7))."""
    if not found.journals and found.root is None:
        return frozenset()
    from tracer.sources.journal import open_journal

    group = {"_PID": what.lstrip(b"0")} if what.isdigit() else {"_COMM": what[:COMM_MAX]}
    runs = set()
    try:
        with open_journal(found.journals, root=found.root or None) as journal:
            for entry in journal.entries([group], None, None, True, _ENTRIES_MAX):
                unit, run = entry.one("_SYSTEMD_UNIT"), entry.one("_SYSTEMD_INVOCATION_ID")
                if unit is not None and run is not None:
                    runs.add((unit, run))
    except (Problem, OSError, ValueError):
        return frozenset()
    return frozenset(runs)
