"""One journal file: its header and its objects, read by offset. Nothing that the file says is believed unchecked.

Layout: systemd's src/libsystemd/sd-journal/journal-def.h. All numbers are little endian, all offsets those of the
file. Read with pread(2), never mapped: a file that is truncated meanwhile would be a SIGBUS.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tracer.host.journals import MAGIC
from tracer.model.memo import Bounded
from tracer.sources.journal.entry import VALUE_MAX
from tracer.sources.journal.hashes import lookup3, siphash24
from tracer.sources.journal.unpack import LZ4, NAMES, XZ, ZSTD, Damaged, Unpackers

# Incompatible flags: what a reader must know. 1, 2 and 8 say that some value is packed.
KEYED_HASH, COMPACT = 4, 16
_KNOWN_FLAGS = 1 | 2 | KEYED_HASH | 8 | COMPACT
DATA, FIELD, ENTRY, ENTRY_ARRAY = 1, 2, 3, 6
_OBJECT = struct.Struct("<BB6xQ")
_HEADER = struct.Struct("<8sIIB7x16s16s16s16sQQQQQQQQQQQQQQQ")
_ENTRY = struct.Struct("<QQQ16sQ")
_DATA = struct.Struct("<QQQQQQ")
_ARRAY = struct.Struct("<Q")
# ENTRY_FIELD_COUNT_MAX (journal-importer.h): systemd itself writes no entry with more fields.
_FIELDS_MAX = 1024
# One value's, however well it packs.
_PACKED_MAX = 1 << 20
# systemd rotates a file with a chain of more than 100 (since v246); a longer one is a lie or an attack.
_CHAIN_MAX = 4096
_NAME_MAX = 64
_GUESS = 640  # bytes that most objects fit in, to have them in one read
_REMEMBERED = 1 << 15
_ONLINE = 1
EMPTY = "empty"


class Corrupt(Exception):
    """What is there cannot be what a journal has there."""

    def __init__(self, what: str, offset: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset


class Header(NamedTuple):
    """Times in µs."""

    magic: bytes
    compatible: int
    incompatible: int
    state: int
    file_id: bytes
    machine: bytes
    tail_boot: bytes
    seqnum_id: bytes
    size: int
    arena: int
    data_table: int
    data_table_size: int
    field_table: int
    field_table_size: int
    tail_object: int
    objects: int
    entries: int
    tail_seqnum: int
    head_seqnum: int
    entry_array: int
    head_realtime: int
    tail_realtime: int
    tail_monotonic: int


class Data(NamedTuple):
    """A value and who refers to it: one entry by itself, the rest in a chain of arrays."""

    hash: int
    next_hash: int
    next_field: int
    entry: int
    array: int
    entries: int


class Head(NamedTuple):
    """An entry without its fields. Times in µs; ``items``: the offsets of its data."""

    offset: int
    seqnum: int
    realtime: int
    monotonic: int
    boot: bytes
    xor_hash: int
    items: tuple[int, ...]


class JournalFile:
    """Raises Corrupt, where a header is none that can be read, and OSError."""

    def __init__(self, fd: int, name: str, unpackers: Unpackers) -> None:
        self.name = name
        self._fd = fd
        self._unpackers = unpackers
        self._values: Bounded[int, tuple[str, bytes, bool]] = Bounded(_REMEMBERED)
        self.refresh()
        self.compact = bool(self.header.incompatible & COMPACT)
        self.item_size = 4 if self.compact else 8
        self._item = struct.Struct("<I" if self.compact else "<Q")
        self._payload = 72 if self.compact else 64

    def refresh(self) -> None:
        """The header anew: a file that is written to grows."""
        raw = os.pread(self._fd, _HEADER.size, 0)
        self.end = os.fstat(self._fd).st_size
        if len(raw) < _HEADER.size or not raw.startswith(MAGIC):
            raise Corrupt("no journal file" if raw else EMPTY)
        self.header = header = Header(*_HEADER.unpack(raw))
        unknown = header.incompatible & ~_KNOWN_FLAGS
        if unknown:
            raise Corrupt(f"of a newer systemd (flags {unknown:#x})")
        if not _HEADER.size <= header.size <= self.end:
            raise Corrupt("a header longer than the file")

    @property
    def is_written(self) -> bool:
        """Whether somebody writes to it, or died over it: its header may be older than its end."""
        return self.header.state == _ONLINE

    def close(self) -> None:
        os.close(self._fd)

    def read(self, offset: int, size: int) -> bytes:
        """Exactly so many bytes."""
        raw = os.pread(self._fd, size, offset)
        if len(raw) != size:
            raise Corrupt("behind the end of the file", offset)
        return raw

    def size_of(self, offset: int, kind: int) -> int:
        """The size of an object of that kind."""
        return self._start(offset, kind, _OBJECT.size)[1]

    def _start(self, offset: int, kind: int, least: int) -> tuple[bytes, int, int]:
        """The first bytes of an object, its size and its flags."""
        if offset & 7 or not self.header.size <= offset < self.end:
            raise Corrupt("an object outside the file", offset)
        raw = os.pread(self._fd, _GUESS, offset)
        if len(raw) < least:
            raise Corrupt("an object behind the end", offset)
        found, flags, size = _OBJECT.unpack_from(raw)
        if found != kind:
            raise Corrupt("an object of another kind", offset)
        if not least <= size <= self.end - offset:
            raise Corrupt("an object larger than the file", offset)
        return raw, size, flags

    def array(self, offset: int) -> tuple[int, int]:
        """An entry array: the offset of the next (0: none) and how many items it has room for."""
        raw, size, _ = self._start(offset, ENTRY_ARRAY, 24)
        return _ARRAY.unpack_from(raw, 16)[0], (size - 24) // self.item_size

    def items(self, offset: int, index: int, count: int) -> tuple[int, ...]:
        """Some items of an entry array."""
        raw = self.read(offset + 24 + index * self.item_size, count * self.item_size)
        return struct.unpack(f"<{count}{'I' if self.compact else 'Q'}", raw)

    def entry(self, offset: int) -> Head:
        raw, size, _ = self._start(offset, ENTRY, 64)
        step = 4 if self.compact else 16
        count = (size - 64) // step
        if count > _FIELDS_MAX:
            raise Corrupt("an entry of too many fields", offset)
        if size > len(raw):
            raw = self.read(offset, size)
        words = struct.unpack_from(f"<{count}I" if self.compact else f"<{2 * count}Q", raw, 64)
        items = words if self.compact else words[::2]
        seqnum, realtime, monotonic, boot, xor_hash = _ENTRY.unpack_from(raw, 16)
        return Head(offset, seqnum, realtime, monotonic, boot, xor_hash, items)

    def realtime(self, offset: int) -> int:
        """When an entry was written (µs)."""
        return int(_ENTRY.unpack_from(self._start(offset, ENTRY, 64)[0], 16)[1])

    def value(self, offset: int) -> tuple[str, bytes, bool]:
        """A data object's field, value, and whether it is whole. Raises Corrupt, and Packed."""
        known = self._values.get(offset)
        if known is not None:
            return known
        raw, size, flags = self._start(offset, DATA, self._payload)
        payload = self._unpacked(raw, offset, size, flags)
        name, equals, value = payload.partition(b"=")
        if not equals or not 0 < len(name) <= _NAME_MAX or not name.isascii():
            raise Corrupt("a value without a field", offset)
        found = name.decode(), value[:VALUE_MAX], len(value) <= VALUE_MAX
        if len(payload) < 256:
            self._values[offset] = found
        return found

    def _unpacked(self, raw: bytes, offset: int, size: int, flags: int) -> bytes:
        most = VALUE_MAX + _NAME_MAX + 2
        kind = flags & (XZ | LZ4 | ZSTD)
        size = min(size - self._payload, _PACKED_MAX if kind else most)
        begin = self._payload
        payload = raw[begin : begin + size]
        if len(payload) < size:
            payload = self.read(offset + begin, size)
        if not kind:
            return payload
        unpack = self._unpackers.of(kind)
        if unpack is None:
            raise Packed(NAMES.get(kind, "an unknown packer"), offset)
        try:
            return unpack(payload, most)
        except Damaged as error:
            raise Corrupt(f"damaged {NAMES[kind]} data", offset) from error

    def data(self, offset: int) -> Data:
        return Data._make(_DATA.unpack_from(self._start(offset, DATA, self._payload)[0], 16))

    def hash(self, payload: bytes) -> int:
        if self.header.incompatible & KEYED_HASH:
            return siphash24(payload, self.header.file_id)
        return lookup3(payload)

    def find_data(self, payload: bytes) -> Data | None:
        """What the file has of ``FIELD=value``; None if nothing."""
        header = self.header
        hash_ = self.hash(payload)
        for offset in self._chain(header.data_table, header.data_table_size, hash_):
            data = self.data(offset)
            if data.hash == hash_ and self._is(offset, payload):
                return data
        return None

    def _is(self, offset: int, payload: bytes) -> bool:
        raw, size, flags = self._start(offset, DATA, self._payload)
        try:
            return self._unpacked(raw, offset, size, flags) == payload
        except Packed:
            return True  # By its hash of 64 bits.

    def values_of(self, name: bytes) -> list[int]:
        """The offsets of all data of a field."""
        header = self.header
        hash_ = self.hash(name)
        for offset in self._chain(header.field_table, header.field_table_size, hash_):
            raw, size, _ = self._start(offset, FIELD, 40)
            own, _, head = struct.unpack_from("<QQQ", raw, 16)
            if own == hash_ and raw[40:size] == name:
                return self._list(head)
        return []

    def _list(self, offset: int) -> list[int]:
        """The data of one field, the newest first: each is put before the one before."""
        found: list[int] = []
        while offset:
            if len(found) >= _REMEMBERED or (found and offset >= found[-1]):
                raise Corrupt("a list of values without an end", offset)
            found.append(offset)
            offset = self.data(offset).next_field
        return found

    def _chain(self, table: int, size: int, hash_: int) -> Iterator[int]:
        """The objects of one bucket: newer ones stand behind older ones."""
        if size < 16 or table < self.header.size or table + size > self.end:
            raise Corrupt("a hash table outside the file", table)
        at, last = table + hash_ % (size // 16) * 16, 0
        for _ in range(_CHAIN_MAX):
            offset = struct.unpack("<Q", self.read(at, 8))[0]
            if not offset:
                return
            if offset <= last:
                break
            yield offset
            at, last = offset + 24, offset
        raise Corrupt("a hash chain without an end", at)


class Packed(Exception):
    """A value that nothing on this host unpacks."""

    def __init__(self, by: str, offset: int) -> None:
        super().__init__(by)
        self.by = by
        self.offset = offset
