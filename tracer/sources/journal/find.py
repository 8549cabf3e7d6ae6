"""Which files a journal is made of: a host's, those below another root, or those that a person names."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Sequence

from tracer.host.inside import Inside
from tracer.host.journals import FOLDERS, is_file_name, is_folder_name
from tracer.model.errors import Problem
from tracer.sources.journal.entry import Losses
from tracer.sources.journal.file import Corrupt, JournalFile
from tracer.sources.journal.unpack import Unpackers

_FILES_MAX = 7168  # JOURNAL_FILES_MAX of sd-journal.c


class Place:
    """Where a journal's files are. ``names`` are paths inside ``inside``, and looked up anew whenever asked.

    Of ``machine`` (its id) alone, where a root holds several, as a host of containers does: others are other hosts.
    """

    def __init__(
        self,
        inside: Inside,
        folders: Sequence[str],
        files: Sequence[str] = (),
        *,
        is_host: bool = False,
        is_asked: bool = False,
    ) -> None:
        self.inside = inside
        self.folders = tuple(folders)
        self.files = tuple(files)
        self.is_host = is_host
        self._is_asked = is_asked
        self._machine = None if is_asked else _machine_id(inside)

    def close(self) -> None:
        self.inside.close()

    def names(self, losses: Losses) -> list[str]:
        """The journal files, by name; what cannot be looked into is told."""
        found = [*self.files]
        for folder in self.all_folders(losses):
            names = self._list(folder, losses)
            found += [f"{folder}/{name}" for name in names if is_file_name(name)]
        if len(found) > _FILES_MAX:
            losses.add(self.inside.root, "more files than are read", None)
        return found[:_FILES_MAX]

    def all_folders(self, losses: Losses) -> list[str]:
        """Those that may hold journal files."""
        found: list[str] = []
        for folder in self.folders:
            names = [name for name in self._list(folder, losses) if is_folder_name(name)]
            if not self._is_asked:
                own = [name for name in names if name[:32] == self._machine]
                names = own or [name for name in names if name != "remote"]
            found += [folder] * self._is_asked
            found += [f"{folder}/{name}" for name in names]
        return found

    def _list(self, folder: str, losses: Losses) -> list[str]:
        try:
            return self.inside.names(folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            losses.add(self.inside.place(folder), _words(error), None)
            return []


def open_files(place: Place, losses: Losses, unpackers: Unpackers) -> list[JournalFile]:
    """All that can be opened; the rest is told."""
    names = place.names(losses)
    if len(names) > 200:
        _more_files()
    found: list[JournalFile] = []
    for name in names:
        file = open_file(place, name, losses, unpackers)
        if file is not None:
            found.append(file)
    return found


def open_file(place: Place, name: str, losses: Losses, unpackers: Unpackers) -> JournalFile | None:
    """One of ``names``; None, and told, if it cannot be read."""
    where = place.inside.place(name)
    try:
        fd = place.inside.open(name)
    except FileNotFoundError:
        return None  # Rotated or vacuumed a moment ago: under its new name, if it has one, it is looked at, too.
    except OSError as error:
        losses.add(where, _words(error), None)
        return None
    try:
        return JournalFile(fd, where, unpackers)
    except (Corrupt, OSError) as trouble:
        os.close(fd)
        losses.add(where, str(trouble), None)
        return None


def host() -> Place:
    """This machine's."""
    return Place(Inside("/"), FOLDERS, is_host=True)


def below(root: str) -> Place:
    """Another root's: a dead host's disk, an image, a container's. Raises Problem."""
    try:
        return Place(Inside(root), FOLDERS)
    except OSError as error:
        raise Problem(
            f"cannot read {root!r}", _words(error), "sigtrace replay --root FOLDER"
        ) from error


def named(paths: Sequence[str]) -> Place:
    """Files, and folders with journal files in them, that a person has typed: links are followed."""
    real = [os.path.realpath(path) for path in paths]
    folders = [path for path in real if os.path.isdir(path)]
    return Place(
        Inside("/"), folders, [path for path in real if path not in folders], is_asked=True
    )


def _machine_id(inside: Inside) -> str | None:
    try:
        fd = inside.open("/etc/machine-id")
    except OSError:
        return None
    try:
        return os.read(fd, 33).decode("ascii", "replace").strip() or None
    finally:
        os.close(fd)


def _more_files() -> None:
    """As many descriptors as may be had: a host with many users has more files than the usual 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError):
        pass


def _words(error: OSError) -> str:
    if error.errno == errno.EACCES and error.strerror == "no regular file":
        return error.strerror
    return (error.strerror or str(error)).lower()
