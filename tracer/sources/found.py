"""What a person means by files, folders, a root or nothing: logs, journals, recordings, archives, each by itself."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Sequence

from tracer.host.inside import Inside
from tracer.host.journals import is_journal
from tracer.model.errors import OWN, Problem
from tracer.model.frozen import frozen, replace
from tracer.sources.logs import forms
from tracer.sources.logs.files import STDIN, LogSet, find_logs
from tracer.sources.logs.kept import HOST, SOS, Kept
from tracer.sources.recording.files import FOLDER, looks_like_recording

Closed = tuple[str, str]


@frozen
class Found:
    """``journals`` are files and folders; ``root``: the journal below it, too ("" for this host's). ``ring``: the
    kernel's messages, too. ``closed``: what may not be read, and why."""

    logs: tuple[LogSet, ...] = ()
    journals: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    root: str | None = None
    ring: bool = False
    closed: tuple[Closed, ...] = ()


def found_by_names(files: Sequence[str]) -> Found:
    """What these names mean. Raises Problem for what is not there."""
    journals, recordings, archives, others, below = [], [], [], [], []
    for path in files:
        if path == STDIN:
            others.append(path)
        elif is_journal(path):
            journals.append(path)
        elif path == FOLDER or looks_like_recording(path):
            recordings.append(path)
        elif is_archive(path):
            archives.append(path)
        elif os.path.isdir(os.path.join(path, "sos_commands")):
            below.append(path)
        else:
            journals += [inner for inner in [os.path.join(path, "journal")] if is_journal(inner)]
            others.append(path)
    logs, closed = readable(find_logs(others), others) if others else ([], [])
    logs, printed = without_recordings(logs)
    recordings += printed
    found = Found(tuple(logs), tuple(journals), tuple(recordings), tuple(archives), closed=tuple(closed))  # fmt: skip
    for path in below:
        more = found_below(path, SOS)
        found = replace(found, logs=found.logs + more.logs, closed=found.closed + more.closed)
        found = replace(found, journals=found.journals + more.journals)
    return found


def found_below(root: str, table: tuple[Kept, ...] = HOST) -> Found:
    """What is kept below a root: no link leads out of it. Raises Problem if it cannot be opened."""
    try:
        inside = Inside(root)
    except OSError as error:
        raise forms.unreadable(root, error) from error
    try:
        journal = os.path.join(root, "var/log/journal")
        paths, closed = _texts(inside, table)
        recordings = _recordings(inside) if table is HOST else ()
    finally:
        inside.close()
    journals = (journal,) if table is SOS and is_journal(journal) else ()
    return Found(
        tuple(find_logs(paths)) if paths else (),
        journals,
        recordings=recordings,
        root=root if table is HOST else None,
        closed=tuple(closed),
    )


def found_kept(root: str | None) -> Found:
    """What is kept below a root, None for this host's own."""
    return found_here() if root is None else found_below(root)


def found_here() -> Found:
    """What this host keeps. Raises Problem where standard input was meant."""
    if _has_input():
        raise Problem(
            "no FILE is named, and standard input has something",
            "what this host keeps would be read, and not that",
            f"{OWN} - with the same words beside it; or < /dev/null for this host's",
        )
    return replace(found_below("/"), root="", ring=True)


def _recordings(inside: Inside) -> tuple[str, ...]:
    try:
        path = inside.real(FOLDER)
    except OSError:
        return ()
    return (path,) if looks_like_recording(path) else ()


def _has_input() -> bool:
    """Whether standard input is a file, or a pipe that may still give something: cron's is empty, and nobody writes to it
    (poll(2): POLLHUP alone)."""
    try:
        fd = sys.stdin.fileno()
        status = os.fstat(fd)
    except (AttributeError, OSError, ValueError):
        return False
    if stat.S_ISFIFO(status.st_mode):
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return poll.poll(0) != [(fd, select.POLLHUP)]
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _texts(inside: Inside, table: tuple[Kept, ...]) -> tuple[list[str], list[Closed]]:
    """The real paths of the table's files, and those that may not be read."""
    paths: dict[str, None] = {}
    closed: list[Closed] = []
    for folder in dict.fromkeys(row.folder for row in table):
        try:
            names = inside.names("/" + folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            closed.append((inside.place(folder), (error.strerror or "").lower()))
            continue
        for name in names:
            if any(row.has(folder, name) for row in table):
                path = f"/{folder}/{name}"
                try:
                    paths[_real(inside, path)] = None
                except OSError as error:
                    closed.append((inside.place(path), (error.strerror or "").lower()))
    return list(paths), closed


def _real(inside: Inside, path: str) -> str:
    fd = inside.open(path)
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


def is_archive(path: str) -> bool:
    """Whether a file is a tar archive, packed or not."""
    if not os.path.isfile(path) or not any(word in os.path.basename(path) for word in (".tar", ".tgz", ".txz")):  # fmt: skip
        return False
    return forms.head_of(path)[257:262] == b"ustar"


def without_recordings(logs: Sequence[LogSet]) -> tuple[list[LogSet], list[str]]:
    """The logs, and what ``--json`` has printed: a folder may hold both."""
    ours = [path for log in logs for path in log.paths if looks_like_recording(path)]
    left = [(log.name, tuple(path for path in log.paths if path not in ours)) for log in logs]
    return [LogSet(name, paths) for name, paths in left if paths], ours


def readable(logs: Sequence[LogSet], files: Sequence[str]) -> tuple[list[LogSet], list[Closed]]:
    """Of what a folder holds, that which may be read; what is named itself has to be."""
    kept, closed = [], []
    for log in logs:
        paths = []
        for path in log.paths:
            why = None if path in files or path == STDIN else forms.why_unreadable(path)
            if why is None:
                paths.append(path)
            else:
                closed.append((path, why))
        kept += [LogSet(log.name, tuple(paths))] if paths else []
    if not kept and closed:
        forms.head_of(closed[0][0])  # Raises the Problem.
    return kept, closed
