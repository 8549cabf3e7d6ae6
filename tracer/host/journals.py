"""Where a host keeps its journal, and what is one (systemd-journald.service(8))."""

from __future__ import annotations

import os

# Kept over a boot, and not.
FOLDERS = ("/var/log/journal", "/run/log/journal")
MAGIC = b"LPKSHHRH"
_HEX = frozenset("0123456789abcdef")


def is_file_name(name: str) -> bool:
    """A file that was not closed well, or was found damaged, has the tilde."""
    return name.endswith((".journal", ".journal~"))


def is_folder_name(name: str) -> bool:
    """A machine's folder, a namespace's of it, or that of what systemd-journal-remote collects."""
    machine, _, _ = name.partition(".")
    return name == "remote" or (len(machine) == 32 and _HEX.issuperset(machine))


def is_journal(path: str) -> bool:
    """Whether it is a journal file, or a folder with one in it."""
    try:
        if os.path.isfile(path):  # of a pipe, what is looked at would be gone
            with open(path, "rb") as stream:
                return stream.read(len(MAGIC)) == MAGIC
        names = os.listdir(path)
        below = (os.path.join(path, name) for name in names if is_folder_name(name))
        names += [name for folder in below if os.path.isdir(folder) for name in os.listdir(folder)]
        return any(map(is_file_name, names))
    except OSError:
        return False
