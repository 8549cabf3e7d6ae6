"""libsystemd.so.0: its functions that are used (sd-journal.h), and a journal read through them."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator, Sequence
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from itertools import islice
from typing import Any

from tracer.sources.journal.base import Following, Journal
from tracer.sources.journal.entry import VALUE_MAX, Group, JournalEntry
from tracer.sources.journal.find import Place, open_files
from tracer.sources.journal.matches import Terms, terms_of
from tracer.sources.journal.own import microseconds
from tracer.sources.journal.unpack import Unpackers

SONAME = "libsystemd.so.0"
_LOCAL_ONLY, _ALL_NAMESPACES = 1, 1 << 5
# An entry's damage, a file that rotates away, or one that another systemd has packed otherwise.
_REOPENED_MAX = 16
_BAD_MAX = 1000
_EVER = 1 << 63
_RAW_MAX = VALUE_MAX + 128  # a value with its name

_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "open": (POINTER(c_void_p), c_int),
    "open_files": (POINTER(c_void_p), POINTER(c_char_p), c_int),
    "set_data_threshold": (c_void_p, c_size_t),
    "add_match": (c_void_p, c_char_p, c_size_t),
    "add_conjunction": (c_void_p,),
    "add_disjunction": (c_void_p,),
    "flush_matches": (c_void_p,),
    "seek_head": (c_void_p,),
    "seek_tail": (c_void_p,),
    "seek_realtime_usec": (c_void_p, c_uint64),
    "seek_cursor": (c_void_p, c_char_p),
    "test_cursor": (c_void_p, c_char_p),
    "next": (c_void_p,),
    "previous": (c_void_p,),
    "get_realtime_usec": (c_void_p, POINTER(c_uint64)),
    "get_monotonic_usec": (c_void_p, POINTER(c_uint64), c_char_p),
    "get_cursor": (c_void_p, POINTER(c_void_p)),
    "restart_data": (c_void_p,),
    "query_unique": (c_void_p, c_char_p),
    "enumerate_unique": (c_void_p, POINTER(c_void_p), POINTER(c_size_t)),
    "get_fd": (c_void_p,),
    "get_events": (c_void_p,),
    "get_timeout": (c_void_p, POINTER(c_uint64)),
    "process": (c_void_p,),
}


class Unusable(LookupError):
    """This way to read a journal is not there."""


class Broken(Exception):
    """The library gave up: a negative errno."""

    def __init__(self, number: int) -> None:
        super().__init__(os.strerror(-number))


class Library:
    """Raises Unusable. ``sd_journal_enumerate_data`` is the one before systemd 246: it ends at what it cannot unpack."""

    def __init__(self) -> None:
        try:
            found = ctypes.CDLL(SONAME)
            for name, arguments in _PROTOTYPES.items():
                function = getattr(found, f"sd_journal_{name}")
                function.argtypes, function.restype = arguments, c_int
                setattr(self, name, function)
            later = getattr(found, "sd_journal_enumerate_available_data", None)
            self.enumerate = later or found.sd_journal_enumerate_data
            self.enumerate.argtypes = (c_void_p, POINTER(c_void_p), POINTER(c_size_t))
            self.open_namespace = getattr(found, "sd_journal_open_namespace", None)  # systemd 245
            if self.open_namespace is not None:
                self.open_namespace.argtypes = (POINTER(c_void_p), c_char_p, c_int)
            found.sd_journal_close.argtypes = (c_void_p,)
            found.sd_journal_close.restype = None
            self.close = found.sd_journal_close
            self.free = ctypes.CDLL(None).free
            self.free.argtypes = (c_void_p,)
        except (OSError, AttributeError) as error:
            raise Unusable(f"{SONAME}: {error}") from error

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class LibraryJournal(Journal):
    """Through the library. Raises Unusable."""

    way = "libsystemd"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.library = Library()
        self._open: list[c_void_p] = []
        for file in open_files(place, self.losses, Unpackers()):
            self.readable += 1
            file.close()  # The library tells nobody which it could not open.
        # What cannot be opened has to be known at once; the first reading takes it.
        self._spare = self._opened() if self.readable else None

    def close(self) -> None:
        while self._open:
            self.library.close(self._open.pop())
        super().close()

    def handle(self) -> c_void_p:
        """The journal opened once more: each reading has its own place in it."""
        spare, self._spare = self._spare, None
        return spare or self._opened()

    def _opened(self) -> c_void_p:
        handle, library = c_void_p(), self.library
        if not self.place.is_host:
            names = [self.place.inside.place(name) for name in self.place.names(self.losses)]
            paths = (c_char_p * (len(names) + 1))(*(name.encode() for name in names), None)
            result = library.open_files(byref(handle), paths, 0)
        elif library.open_namespace is not None:
            flags = _LOCAL_ONLY | _ALL_NAMESPACES
            result = library.open_namespace(byref(handle), None, flags)
        else:
            result = library.open(byref(handle), _LOCAL_ONLY)
        if result < 0:
            raise Unusable(f"{SONAME}: {os.strerror(-result)}")
        library.set_data_threshold(handle, _RAW_MAX)
        self._open.append(handle)
        return handle

    def drop(self, handle: c_void_p) -> None:
        """Close one; that may have been done with all."""
        if handle in self._open:
            self._open.remove(handle)
            self.library.close(handle)

    def entries(
        self,
        matches: Sequence[Group] = (),
        since: int | None = None,
        until: int | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[JournalEntry]:
        found = self._entries(terms_of(matches), microseconds(since, until), reverse)
        return islice(found, limit)

    def _entries(
        self, groups: list[Terms], window: tuple[int, int], reverse: bool
    ) -> Iterator[JournalEntry]:
        reading = Reading(self, groups, window, reverse)
        since, until = window
        bad = 0
        try:
            while bad < _BAD_MAX:
                try:
                    if not reading.step():
                        return
                    moment = reading.realtime()
                    if since <= moment <= until:
                        yield reading.entry(moment)
                    elif (moment < since) == reverse:
                        return
                except Broken as trouble:
                    self.losses.add("journal", f"entries that cannot be read: {trouble}")
                    bad += 1
            self.losses.add("journal", "so much damage that the rest was not tried", None)
        finally:
            reading.close()

    def follow(self, matches: Sequence[Group] = (), since: int | None = None) -> Following:
        return LibraryFollowing(self, terms_of(matches), since)

    def boots(self) -> list[str]:
        handle = self.handle()
        data, size = c_void_p(), c_size_t()
        found: dict[str, None] = {}
        try:
            if self.library.query_unique(handle, b"_BOOT_ID") < 0:
                return []
            while self.library.enumerate_unique(handle, byref(data), byref(size)) > 0:
                value = ctypes.string_at(data, size.value).partition(b"=")[2]
                found[value.decode("ascii", "replace")] = None
        finally:
            self.drop(handle)
        return list(found)


class Reading:
    """One handle and where it stands. Where files rotate away under it, it is opened anew, and goes on from there."""

    def __init__(
        self,
        journal: LibraryJournal,
        groups: list[Terms],
        window: tuple[int, int] = (0, _EVER),
        reverse: bool = False,
    ) -> None:
        self._journal = journal
        self._library = journal.library
        self._groups = groups
        self._window = window
        self._reverse = reverse
        self._last: str | None = None
        self._reopened = 0
        self._data, self._size = c_void_p(), c_size_t()
        self._number = c_uint64()
        self._boot = ctypes.create_string_buffer(16)
        self.handle = journal.handle()
        self._match(groups)
        self._begin(window, reverse)

    def close(self) -> None:
        self._journal.drop(self.handle)

    def _match(self, groups: list[Terms]) -> None:
        library, handle = self._library, self.handle
        library.flush_matches(handle)
        for number, group in enumerate(groups):
            if number:
                _done(library.add_disjunction(handle))
            for terms in group:
                for term in terms:
                    _done(library.add_match(handle, term, len(term)))

    def _begin(self, window: tuple[int, int], reverse: bool) -> None:
        library, handle = self._library, self.handle
        since, until = window
        if reverse and until < 1 << 62:
            # The first that is not older than that: a step back from it is the last that is.
            _done(library.seek_realtime_usec(handle, until + 1))
        elif reverse:
            _done(library.seek_tail(handle))
        elif since:
            _done(library.seek_realtime_usec(handle, since))
        else:
            _done(library.seek_head(handle))

    def step(self) -> bool:
        """Whether there is one more."""
        move = self._library.previous if self._reverse else self._library.next
        result = move(self.handle)
        if result < 0 and self._reopened < _REOPENED_MAX:
            self._reopened += 1
            self._reopen()
            result = move(self.handle)
            if (
                result > 0
                and self._last
                and self._library.test_cursor(self.handle, self._last.encode()) > 0
            ):
                result = move(self.handle)
        return _done(result) > 0

    def _reopen(self) -> None:
        """After systemd's "Bad message" (EBADMSG) of a file that is being rotated, systemd issue 36247."""
        self._journal.drop(self.handle)
        self.handle = self._journal.handle()
        self._match(self._groups)
        if self._last is None:
            self._begin(self._window, self._reverse)
        else:
            _done(self._library.seek_cursor(self.handle, self._last.encode()))

    def realtime(self) -> int:
        _done(self._library.get_realtime_usec(self.handle, byref(self._number)))
        return self._number.value

    def entry(self, moment: int) -> JournalEntry:
        library, handle = self._library, self.handle
        self._last = self._cursor()
        entry = JournalEntry(realtime_ns=moment * 1000, cursor=self._last)
        _done(library.get_monotonic_usec(handle, byref(self._number), self._boot))
        entry.monotonic_ns = self._number.value * 1000
        entry.boot = self._boot.raw.hex()
        library.restart_data(handle)
        # Twenty times an entry: what a loop can do without is left out.
        data, size, string_at = self._data, self._size, ctypes.string_at
        enumerate_, at, length = library.enumerate, byref(data), byref(size)
        while True:
            result = enumerate_(handle, at, length)
            if result <= 0:
                break
            name, equals, value = string_at(data, min(size.value, _RAW_MAX)).partition(b"=")
            if equals and name.isascii():
                entry.add(name.decode(), value)
        _done(result)
        entry.setdefault("_BOOT_ID", entry.boot.encode())
        return entry

    def _cursor(self) -> str | None:
        text = c_void_p()
        if self._library.get_cursor(self.handle, byref(text)) < 0:
            return None
        try:
            return ctypes.string_at(text.value or 0).decode("ascii", "replace")
        finally:
            self._library.free(text)


class LibraryFollowing(Following):
    """The library's own descriptor (an inotify) tells of new entries and of files that come and go."""

    def __init__(self, journal: LibraryJournal, groups: list[Terms], since: int | None) -> None:
        begin, _ = microseconds(time.time_ns() if since is None else since, None)
        self._journal = journal
        self._reading = Reading(journal, groups, (begin, _EVER))
        _done(journal.library.get_fd(self._reading.handle))

    def descriptors(self) -> list[tuple[int, int]]:
        library, handle = self._journal.library, self._reading.handle
        return [(_done(library.get_fd(handle)), _done(library.get_events(handle)))]

    def timeout(self) -> float | None:
        """Some file systems tell of nothing (sd_journal_get_timeout(3))."""
        moment = c_uint64()
        self._journal.library.get_timeout(self._reading.handle, byref(moment))
        if moment.value == (1 << 64) - 1:
            return None
        return max(0.0, moment.value / 1e6 - time.monotonic())

    def read(self) -> Iterator[JournalEntry]:
        self._journal.library.process(self._reading.handle)
        try:
            while self._reading.step():
                yield self._reading.entry(self._reading.realtime())
        except Broken as trouble:
            self._journal.losses.add("journal", f"entries that cannot be read: {trouble}")

    def close(self) -> None:
        self._reading.close()


def _done(result: int) -> int:
    if result < 0:
        raise Broken(result)
    return result
