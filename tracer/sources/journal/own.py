"""Journal files read without systemd: by their index, over all files in the order of writing."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice

from tracer.sources.journal.base import Following, Journal
from tracer.sources.journal.entry import Group, JournalEntry, Losses
from tracer.sources.journal.file import Corrupt, Head, JournalFile, Packed
from tracer.sources.journal.find import Place, open_files
from tracer.sources.journal.matches import Terms, terms_of
from tracer.sources.journal.search import END, everything, offsets_of
from tracer.sources.journal.unpack import Unpackers

# Of one entry: all values together.
_ENTRY_MAX = 1 << 22
# Entries of a file that cannot be read, after which no more of it is tried.
_PATIENCE = 1000
_EVER = 1 << 63
Found = tuple[Head, JournalFile]


class OwnJournal(Journal):
    """Nothing in a file makes it raise, hang, or take memory without bound."""

    way = "own"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.unpackers = Unpackers()
        self.opened = open_files(place, self.losses, self.unpackers)
        self.readable = len(self.opened)

    def close(self) -> None:
        for file in self.opened:
            file.close()
        super().close()

    def entries(
        self,
        matches: Sequence[Group] = (),
        since: int | None = None,
        until: int | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[JournalEntry]:
        groups = terms_of(matches)
        window = microseconds(since, until)
        streams = [
            self._in_sequence(files, groups, window, reverse) for files in _by_sequence(self.opened)
        ]
        sign = -1 if reverse else 1
        found = heapq.merge(*streams, key=lambda found: sign * found[0].realtime)
        entries = (self.entry(head, file) for head, file in found)
        return islice((entry for entry in entries if entry is not None), limit)

    def follow(self, matches: Sequence[Group] = (), since: int | None = None) -> Following:
        from tracer.sources.journal.own_follow import OwnFollowing

        return OwnFollowing(self, terms_of(matches), since)

    def boots(self) -> list[str]:
        found: dict[str, None] = {}
        for file in self.opened:
            if not file.header.entries:
                continue
            try:
                for offset in reversed(file.values_of(b"_BOOT_ID")):
                    found[file.value(offset)[1].decode("ascii", "replace")] = None
            except (Corrupt, Packed, OSError) as trouble:
                self.losses.add(file.name, str(trouble), None)
        return list(found)

    def entry(self, head: Head, file: JournalFile) -> JournalEntry | None:
        """With its fields; None, and told, if one of them is damaged."""
        boot = head.boot.hex()
        sequence = file.header.seqnum_id.hex()
        entry = JournalEntry(
            cursor=f"s={sequence};i={head.seqnum:x};b={boot};m={head.monotonic:x}"
            f";t={head.realtime:x};x={head.xor_hash:x}",
            realtime_ns=head.realtime * 1000,
            monotonic_ns=head.monotonic * 1000,
            boot=boot,
        )
        room = _ENTRY_MAX
        for offset in head.items:
            try:
                name, value, is_whole = file.value(offset)
            except Packed as trouble:
                what = f"values packed with {trouble.by}, which nothing here unpacks"
                self.losses.add(file.name, what, 1, offset)
                continue
            except (Corrupt, OSError) as trouble:
                self.losses.add(file.name, f"entries with {trouble}", 1, head.offset)
                return None
            entry.add(name, value[:room])
            if not is_whole or len(value) > room:
                entry.tell_cut(name)
            room = max(0, room - len(value))
        entry.setdefault("_BOOT_ID", boot.encode())
        return entry

    def _in_sequence(
        self, files: list[JournalFile], groups: list[Terms], window: tuple[int, int], reverse: bool
    ) -> Iterator[Found]:
        """Files that one journald has numbered throughout, by that number; each is opened when its turn has come."""
        sign = -1 if reverse else 1
        waiting = [
            (-file.header.tail_seqnum if reverse else file.header.head_seqnum, file)
            for file in files
        ]
        waiting.sort(key=lambda one: one[0], reverse=True)
        heap: list[tuple[int, int, Head, JournalFile, Iterator[Head]]] = []
        last = None
        while heap or waiting:
            while waiting and (not heap or waiting[-1][0] <= heap[0][0]):
                _, file = waiting.pop()
                heads = heads_of(file, groups, window, reverse, self.losses)
                for head in heads:
                    heapq.heappush(heap, (sign * head.seqnum, len(waiting), head, file, heads))
                    break
            if not heap:
                continue
            _, number, head, file, heads = heap[0]
            following = next(heads, None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (sign * following.seqnum, number, following, file, heads))
            # What journald has copied from one file to another is there twice.
            if (head.seqnum, head.realtime, head.xor_hash) != last:
                yield head, file
            last = head.seqnum, head.realtime, head.xor_hash


def heads_of(
    file: JournalFile,
    groups: list[Terms],
    window: tuple[int, int],
    reverse: bool,
    losses: Losses,
    after: int = 0,
) -> Iterator[Head]:
    """A file's entries that fit, in its order, those behind offset ``after``; what cannot be read is told."""
    since, until = window
    header = file.header
    if not header.entries:
        return  # Perhaps made a moment ago, and without its tables yet.
    in_order = header.head_realtime <= header.tail_realtime
    if in_order and header.head_realtime > until:
        return
    if in_order and header.tail_realtime < since and not file.is_written:
        return
    try:
        low, high = _between(file, window, losses)
        low = max(low, after + 1)
        offsets = offsets_of(file, groups, losses, reverse)
    except (Corrupt, OSError) as trouble:
        losses.add(file.name, str(trouble), None, getattr(trouble, "offset", None))
        return
    if offsets is None:
        return
    key, end = (-high, -low) if reverse else (low, high)
    patience = _PATIENCE
    while patience:
        try:
            found = offsets.find(key)
        except (Corrupt, OSError) as trouble:
            losses.add(file.name, str(trouble), None, getattr(trouble, "offset", None))
            return
        if found == END or found > end:
            return
        key = found + 1
        try:
            head = file.entry(abs(found))
        except (Corrupt, OSError) as trouble:
            losses.add(file.name, str(trouble), 1, getattr(trouble, "offset", None))
            patience -= 1
            continue
        if since <= head.realtime <= until:
            yield head
    losses.add(file.name, "so much damage that the rest was not tried", None)


def _between(file: JournalFile, window: tuple[int, int], losses: Losses) -> tuple[int, int]:
    """The offsets between which the entries of that time are."""
    since, until = window
    if since <= file.header.head_realtime and until >= _EVER:
        return 0, END - 1
    all_ = everything(file, losses, reverse=False)

    def first(is_behind: bool, time: int) -> int:
        low, high = 0, len(all_)
        while low < high:
            middle = (low + high) // 2
            realtime = file.realtime(all_.at(middle))
            if realtime < time or (is_behind and realtime == time):
                low = middle + 1
            else:
                high = middle
        return low

    begin = first(False, since)
    low = all_.at(begin) if begin < len(all_) else END - 1
    if until >= _EVER:
        return low, END - 1
    end = first(True, until)
    return low, all_.at(end) - 1 if end < len(all_) else END - 1


def microseconds(since: int | None, until: int | None) -> tuple[int, int]:
    """Both ends, in what a journal counts in."""
    return (0 if since is None else -(-since // 1000), _EVER if until is None else until // 1000)


def _by_sequence(files: Sequence[JournalFile]) -> list[list[JournalFile]]:
    found: dict[bytes, list[JournalFile]] = {}
    for file in files:
        found.setdefault(file.header.seqnum_id, []).append(file)
    return list(found.values())
