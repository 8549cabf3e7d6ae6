"""Which timer starts a unit: as unit files say it (systemd.timer(5), "Unit=")."""

from __future__ import annotations

import os

from tracer.host.aliases import FOLDERS
from tracer.host.inside import Inside

_TIMER = ".timer"
# systemd-run(1) makes its own here.
_FOLDERS = (*FOLDERS, "run/systemd/transient", "run/systemd/generator")
_SIZE_MAX = 1 << 16


def timer_of(unit: bytes, root: str = "/") -> bytes | None:
    """The timer that starts a unit, by its own name or by its Unit=; None where no file says so. Of one name the file of
    the first folder counts; a link to /dev/null masks a timer (systemd.unit(5))."""
    try:
        inside = Inside(root)
    except OSError:
        return None
    seen: set[str] = set()
    try:
        for folder in _FOLDERS:
            for name in _timers(inside, folder):
                if name not in seen and _starts(inside, f"{folder}/{name}", name) == unit:
                    return os.fsencode(name)
                seen.add(name)
    finally:
        inside.close()
    return None


def _timers(inside: Inside, folder: str) -> list[str]:
    try:
        return [name for name in inside.names(folder) if name.endswith(_TIMER)]
    except OSError:
        return []


def _starts(inside: Inside, path: str, name: str) -> bytes | None:
    """The unit that a timer starts; None of what is no file."""
    try:
        with os.fdopen(inside.open(path), "rb") as file:
            lines = file.read(_SIZE_MAX).splitlines()
    except OSError:
        return None
    said = [
        value.strip()
        for key, _, value in (line.partition(b"=") for line in lines)
        if key.strip() == b"Unit"
    ]
    return said[-1] if said else os.fsencode(name)[: -len(_TIMER)] + b".service"
