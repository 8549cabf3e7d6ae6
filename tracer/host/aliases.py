"""Other names of units: links among their files (systemd.unit(5), "Alias=")."""

from __future__ import annotations

import os

from tracer.model.names import UNITS_WITH_PROCESSES

# Where systemd looks first is first: systemd.unit(5), "Unit File Load Path".
FOLDERS = (
    *("etc/systemd/system", "run/systemd/system"),
    *("usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"),
)


def alias_of(name: bytes, root: str = "/") -> bytes | None:
    """The unit that a name is another one of; None for what is no link to a unit of another name, nor anything of a host
    without systemd. A link to /dev/null masks a unit."""
    unit = name if name.endswith(UNITS_WITH_PROCESSES) else name + b".service"
    if b"/" in unit or b"\0" in unit:
        return None
    for folder in FOLDERS:
        try:
            meant = os.readlink(os.fsencode(os.path.join(root, folder)) + b"/" + unit)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:  # It is a file of its own.
            return None
        own = os.path.basename(meant)
        return own if own != unit and own.endswith(UNITS_WITH_PROCESSES) else None
    return None
