"""Entries of one file by its index: lists of offsets, or-ed and and-ed without reading the entries.

Every list here answers one question: ``find(key)``, its first offset from ``key`` on. Backwards, offsets are
negative, so that "on" is the same direction.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import count
from typing import Protocol

from tracer.sources.journal.entry import Losses
from tracer.sources.journal.file import Corrupt, JournalFile
from tracer.sources.journal.matches import Terms

END = 1 << 64
_CHUNK = 512
# Each array has room for twice as many as the one before.
_ARRAYS_MAX = 1024


class Offsets(Protocol):
    def find(self, key: int) -> int:
        """The first from ``key`` on; END if there is none."""


class Postings:
    """The entries that a chain of arrays tells of, after ``first`` if that is not 0."""

    def __init__(
        self, file: JournalFile, losses: Losses, first: int, array: int, count: int, reverse: bool
    ) -> None:
        self._file = file
        self._losses = losses
        self._first = first
        self._sign = -1 if reverse else 1
        self._arrays: list[int] = []
        self._starts: list[int] = []  # the index of the first item of each
        self._length = 1 if first else 0
        self._join(array, count)
        self._chunk: list[int] = []
        self._next = 0  # the index that follows the chunk

    def _join(self, array: int, count: int) -> None:
        try:
            while array and self._length < count:
                if len(self._arrays) == _ARRAYS_MAX or array <= (self._arrays or [0])[-1]:
                    raise Corrupt("a chain of arrays without an end", array)
                following, room = self._file.array(array)
                self._arrays.append(array)
                self._starts.append(self._length)
                self._length = min(self._length + room, count)
                array = following
        except Corrupt as trouble:
            # What came before it is still good.
            self._losses.add(self._file.name, trouble.what, None, trouble.offset)

    def __len__(self) -> int:
        return self._length

    def at(self, index: int) -> int:
        """The offset with that number, in the file's order."""
        return self._slice(index, index + 1)[0]

    def _slice(self, begin: int, end: int) -> list[int]:
        found: list[int] = []
        if begin == 0 < end and self._first:
            found.append(self._first)
            begin = 1
        number = bisect_right(self._starts, begin) - 1
        while begin < end and 0 <= number < len(self._arrays):
            following = self._starts[number + 1 : number + 2] or [end]
            until = min(end, following[0])
            start = self._starts[number]
            found += self._file.items(self._arrays[number], begin - start, until - begin)
            begin = until
            number += 1
        return found

    def find(self, key: int) -> int:
        chunk = self._chunk
        if not chunk or not chunk[0] <= key <= chunk[-1]:
            chunk = self._load(key)
            if not chunk:
                return END
        return chunk[bisect_left(chunk, key)]

    def _load(self, key: int) -> list[int]:
        """A chunk that holds the first from ``key`` on; [] at the end."""
        low, high = 0, self._length
        if self._chunk and key > self._chunk[-1]:
            chunk = self._signed(self._next)
            if chunk and chunk[-1] >= key:
                return chunk
            low = self._next
        while low < high:
            middle = (low + high) // 2
            if self._sign * self.at(self._turned(middle)) < key:
                low = middle + 1
            else:
                high = middle
        while low < self._length:
            chunk = self._signed(low)
            if chunk and chunk[-1] >= key:
                return chunk
            low = self._next
        return []

    def _turned(self, index: int) -> int:
        return index if self._sign > 0 else self._length - 1 - index

    def _signed(self, index: int) -> list[int]:
        """The chunk that begins with that number, in the direction of reading, good offsets only."""
        end = min(index + _CHUNK, self._length)
        if self._sign > 0:
            found = self._slice(index, end)
        else:
            found = [
                -one for one in reversed(self._slice(self._length - end, self._length - index))
            ]
        good = found
        if any(map(_falls, found, found[1:])) or 0 in found:
            # A file that was not closed may tell of more than was written.
            good = _rising(found)
            self._losses.add(
                self._file.name, "an array of entries out of order", len(found) - len(good)
            )
        self._chunk, self._next = good, end
        return good


def _falls(one: int, following: int) -> bool:
    return one >= following


def _rising(offsets: list[int]) -> list[int]:
    good: list[int] = []
    for one in offsets:
        if one and (not good or one > good[-1]):
            good.append(one)
    return good


class AnyOf:
    """Offsets that one of several lists has."""

    def __init__(self, lists: Sequence[Offsets]) -> None:
        self._lists = lists
        self._heads = [-END] * len(lists)

    def find(self, key: int) -> int:
        heads = self._heads
        for number, head in enumerate(heads):
            if head < key:
                heads[number] = self._lists[number].find(key)
        return min(heads)


class AllOf:
    """Offsets that each of several lists has."""

    def __init__(self, lists: Sequence[Offsets]) -> None:
        self._lists = lists

    def find(self, key: int) -> int:
        agreed = 0
        for number in count():
            found = self._lists[number % len(self._lists)].find(key)
            if found == END:
                return END
            agreed = agreed + 1 if found == key else 1
            if agreed == len(self._lists):
                return found
            key = found
        raise AssertionError


def everything(file: JournalFile, losses: Losses, reverse: bool) -> Postings:
    """All entries of a file."""
    header = file.header
    return Postings(file, losses, 0, header.entry_array, header.entries, reverse)


def offsets_of(
    file: JournalFile, groups: Sequence[Terms], losses: Losses, reverse: bool
) -> Offsets | None:
    """The entries of a file that fit; None if it has none."""
    if not groups:
        return everything(file, losses, reverse)
    # A term may be in many groups.
    known: dict[bytes, Postings | None] = {}

    def of(term: bytes) -> Postings | None:
        if term not in known:
            data = file.find_data(term)
            known[term] = data and Postings(
                file, losses, data.entry, data.array, data.entries, reverse
            )
        return known[term]

    alternatives: list[Offsets] = []
    for group in groups:
        fields: list[Offsets] = []
        for terms in group:
            there = [one for one in map(of, terms) if one is not None]
            if not there:
                break
            fields.append(there[0] if len(there) == 1 else AnyOf(there))
        else:
            alternatives.append(fields[0] if len(fields) == 1 else AllOf(fields))
    if not alternatives:
        return None
    return alternatives[0] if len(alternatives) == 1 else AnyOf(alternatives)
