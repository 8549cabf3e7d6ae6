"""What systemd tells of its units without being asked: /run/systemd/units, since v232."""

from __future__ import annotations

import os

_FOLDER = b"/run/systemd/units"
_NAMED = (b".service", b".scope", b".socket", b".mount", b".swap")


def invocation_of(
    cgroup: bytes | None, unit: bytes | None, born: int | None, folder: bytes = _FOLDER
) -> bytes | None:
    """The run of the system's unit that a process born then belongs to; None where that cannot be told.

    A unit of a user's manager lies below that manager's own, and may bear any name. systemd makes the link when the unit
    starts, before its first process (unit_export_invocation_id(), src/core/unit.c): a process older than the link is
    of an earlier run.
    """
    named = [part for part in (cgroup or b"").split(b"/") if part.endswith(_NAMED)]
    if unit is None or born is None or named[:1] != [unit]:
        return None
    path = folder + b"/invocation:" + unit
    try:
        return os.readlink(path) if os.lstat(path).st_mtime_ns <= born else None
    except OSError:
        return None
