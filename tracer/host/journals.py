"""Where a host keeps its journal, and what is one (systemd-journald.service(8))."""

from __future__ import annotations

import os

from tracer.model.errors import Problem

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


def are_journals(paths: list[str]) -> bool:
    """Whether all are. Raises Problem where only some are."""
    others = [path for path in paths if not is_journal(path)]
    if others and len(others) < len(paths):
        raise Problem(
            "cannot read journals and other logs in one run",
            f"{others[0]!r} is no journal, others are",
            "sigtrace replay, once for each",
        )
    return bool(paths) and not others
