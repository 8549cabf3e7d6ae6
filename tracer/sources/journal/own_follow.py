"""Journal files that are being written, followed without systemd, through rotation."""

from __future__ import annotations

import heapq
import select
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tracer.host.inotify import Inotify
from tracer.sources.journal.base import Following
from tracer.sources.journal.entry import Losses
from tracer.sources.journal.file import EMPTY, Corrupt, Head, JournalFile
from tracer.sources.journal.find import open_files
from tracer.sources.journal.own import heads_of, microseconds

if TYPE_CHECKING:
    from tracer.sources.journal.entry import JournalEntry
    from tracer.sources.journal.matches import Terms
    from tracer.sources.journal.own import OwnJournal

# Seconds between two looks, where the kernel tells nothing.
_POLL = 0.25


class OwnFollowing(Following):
    """A file is known by its id: that stays when it is rotated, and given another name."""

    def __init__(self, journal: OwnJournal, groups: Sequence[Terms], since: int | None) -> None:
        self._journal = journal
        self._groups = list(groups)
        self._since = time.time_ns() if since is None else since
        self._inotify = Inotify()
        self._is_told = True
        self._files = {file.header.file_id: file for file in journal.opened}
        self._last = dict.fromkeys(self._files, 0)
        self._old = set(self._files)
        self._watch()

    def descriptors(self) -> list[tuple[int, int]]:
        return [] if self._inotify.fd is None else [(self._inotify.fd, select.POLLIN)]

    def timeout(self) -> float | None:
        return None if self._is_told else _POLL

    def read(self) -> Iterator[JournalEntry]:
        if self._inotify.drain() or not self._is_told:
            self._look()
        streams = [self._new(id_, file) for id_, file in self._files.items()]
        for head, file in heapq.merge(*streams, key=lambda found: found[0].realtime):
            self._last[file.header.file_id] = head.offset
            entry = self._journal.entry(head, file)
            if entry is not None:
                yield entry

    def close(self) -> None:
        self._inotify.close()

    def _watch(self) -> None:
        place = self._journal.place
        # Of a file that is named by itself: the folder it is in.
        around = [name.rpartition("/")[0] or "/" for name in place.files]
        folders = dict.fromkeys([*place.folders, *place.all_folders(self._journal.losses), *around])
        watched = [self._inotify.watch(place.inside.place(folder)) for folder in folders]
        self._is_told = any(watched)

    def _look(self) -> None:
        """Take in files that are new, and let go of those that are gone."""
        self._watch()
        journal = self._journal
        losses = Losses()
        there = open_files(journal.place, losses, journal.unpackers)
        for lost in losses.all():
            if lost.what != EMPTY:  # It has just been made, and is looked at again.
                journal.losses.add(lost.where, lost.what, lost.count)
        now: dict[bytes, JournalFile] = {}
        for file in there:
            id_ = file.header.file_id
            now[id_] = self._files.get(id_, file)
            if now[id_] is not file:
                file.close()
        for id_, file in self._files.items():
            if id_ not in now:
                file.close()
        self._files = now
        journal.opened[:] = now.values()

    def _new(self, id_: bytes, file: JournalFile) -> Iterator[tuple[Head, JournalFile]]:
        losses = self._journal.losses
        try:
            file.refresh()
        except (Corrupt, OSError) as trouble:
            losses.add(file.name, str(trouble), None)
            return
        # A file that has come since holds new entries alone, whatever the clock was set to.
        window = microseconds(self._since if id_ in self._old else None, None)
        for head in heads_of(file, self._groups, window, False, losses, self._last.get(id_, 0)):
            yield head, file
