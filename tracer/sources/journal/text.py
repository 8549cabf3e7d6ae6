"""The text forms that lose nothing, ``journalctl -o export`` and ``-o json``, to entries.

Both come in pieces of any size, from a pipe or a file; what cannot be understood is told with its line or offset.
Forms: https://systemd.io/JOURNAL_EXPORT_FORMATS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tracer.sources.journal.entry import VALUE_MAX, JournalEntry, Losses

# DATA_SIZE_MAX (journal-importer.h): no field is larger.
_SIZE_MAX = 768 << 20
_FIELDS_MAX = 1024
_NAME_MAX = 64
_LINE_MAX = VALUE_MAX + _NAME_MAX + 2
# A line of JSON: each byte of a value may be written as "255, ".
_JSON_MAX = 1 << 24


class ExportReader:
    """``feed`` gives the entries that the bytes until now complete, ``end`` the one at the end."""

    def __init__(self, where: str, losses: Losses) -> None:
        self._where = where
        self._losses = losses
        self._rest = b""
        self._at = 0  # where the rest begins
        self._fields: list[tuple[str, bytes, bool]] = []
        self._binary = ""  # the field whose bytes are being read
        self._kept = b""
        self._left = 0  # bytes of it that are still to come, with the line's end
        self._bad = False  # until the next empty line
        self._long = False  # within a line of which the beginning is taken

    def feed(self, data: bytes) -> Iterator[JournalEntry]:
        rest = self._rest + data if self._rest else data
        at = 0
        while at < len(rest):
            if self._left:
                at = self._more(rest, at)
                continue
            end = rest.find(b"\n", at)
            if end < 0:
                break
            line = rest[at:end]
            if self._long:
                self._long = False
                at = end + 1
                continue
            if not line:
                at = end + 1
                entry = self._done()
                if entry is not None:
                    yield entry
                continue
            if b"=" in line or self._bad:
                self._take(line)
                at = end + 1
                continue
            if len(rest) < end + 9:
                break
            self._begin(line, int.from_bytes(rest[end + 1 : end + 9], "little"), at)
            at = end + 9 if self._left else end + 1
        self._at += at
        self._rest = rest[at:]
        if len(self._rest) > _LINE_MAX:
            if not self._long:
                self._take(self._rest[:_LINE_MAX])
                self._long = True
            self._at += len(self._rest)
            self._rest = b""

    def end(self) -> Iterator[JournalEntry]:
        """What has no empty line behind it; cut within a line, it is told as lost."""
        if self._rest or self._left:
            self._losses.add(self._where, "cut in the middle of an entry", 1, self._at)
        else:
            entry = self._done()
            if entry is not None:
                yield entry

    def _take(self, line: bytes) -> None:
        name, equals, value = line.partition(b"=")
        if equals and not self._bad and len(name) <= _NAME_MAX and len(self._fields) <= _FIELDS_MAX:
            whole = len(line) < _LINE_MAX
            self._fields.append((name.decode("ascii", "replace"), value, whole))

    def _begin(self, name: bytes, size: int, at: int) -> None:
        """A field of bytes, of which its length is told first."""
        if size > _SIZE_MAX or len(name) > _NAME_MAX or not name.isascii():
            self._losses.add(
                self._where, "entries that are not of the export form", 1, self._at + at
            )
            self._bad = True
            return
        self._binary, self._kept, self._left = name.decode(), b"", size + 1

    def _more(self, rest: bytes, at: int) -> int:
        piece = rest[at : at + self._left]
        self._left -= len(piece)
        value = piece if self._left else piece[:-1]
        self._kept += value[: VALUE_MAX + 1 - len(self._kept)]
        if not self._left and len(self._fields) <= _FIELDS_MAX:
            self._fields.append((self._binary, self._kept, True))
        return at + len(piece)

    def _done(self) -> JournalEntry | None:
        fields, self._fields = self._fields, []
        bad, self._bad = self._bad, False
        if bad or not fields:
            return None
        if len(fields) > _FIELDS_MAX:
            self._losses.add(self._where, "an entry of too many fields", 1, self._at)
            return None
        entry = JournalEntry()
        for name, value, whole in fields:
            _put(entry, name, value)
            if not whole:
                entry.tell_cut(name)
        return entry


class JsonReader:
    """The same of ``-o json``, ``json-seq`` and ``json-sse``, an entry a line, and of ``json-pretty``: its lines between
    two braces."""

    def __init__(self, where: str, losses: Losses) -> None:
        self._where = where
        self._losses = losses
        self._rest: list[bytes] = []
        self._size = 0
        self._line = 0
        self._pretty: list[bytes] = []
        self._pretty_size = self._pretty_at = 0

    def feed(self, data: bytes) -> Iterator[JournalEntry]:
        first, newline, rest = data.partition(b"\n")
        if self._size <= _JSON_MAX:
            self._rest.append(first)
        self._size += len(first)
        if not newline:
            return
        yield from self._ended()
        *lines, last = rest.split(b"\n")
        for line in lines:
            yield from self._entry(line)
        self._rest, self._size = [last], len(last)

    def is_within(self) -> bool:
        """Whether what comes next may be the rest of something."""
        return bool(self._size or self._pretty)

    def passed_over(self, lines: int) -> None:
        """So many whole lines were read by somebody else."""
        self._line += lines

    def end(self) -> Iterator[JournalEntry]:
        yield from self._ended()
        self._give_up()

    def _ended(self) -> Iterator[JournalEntry]:
        line, size = b"".join(self._rest), self._size
        self._rest, self._size = [], 0
        if size > _JSON_MAX:
            self._line += 1
            self._lose("lines longer than 16 MiB")
        elif size:
            yield from self._entry(line)
        else:
            self._line += 1

    def _entry(self, line: bytes) -> Iterator[JournalEntry]:
        self._line += 1
        line = line.strip(b"\x1e \r")
        if line.startswith(b"data: "):
            line = line[6:]
        if self._pretty and line.startswith(b"{"):
            self._give_up()
        if self._pretty or line == b"{":
            self._pretty_at = self._pretty_at if self._pretty else self._line
            self._pretty_size += len(line)
            if self._pretty_size <= _JSON_MAX:
                self._pretty.append(line)
            if line != b"}":
                return
            line, self._pretty, self._pretty_size = b"\n".join(self._pretty), [], 0
        if not line or line.startswith(b"--"):  # "-- Boot …", "-- No entries --"
            return
        try:
            found = json.loads(line)
            if not isinstance(found, dict):
                raise ValueError
            entry = entry_of_json(found)
        except (ValueError, RecursionError):
            self._lose("lines that are no JSON of a journal")
            return
        if entry is not None:
            yield entry

    def _give_up(self) -> None:
        """An object over several lines has no end."""
        if self._pretty:
            self._pretty, self._pretty_size = [], 0
            self._lose("lines that are no JSON of a journal", self._pretty_at)

    def _lose(self, what: str, line: int | None = None) -> None:
        self._losses.add(f"{self._where}:{self._line if line is None else line}", what)


def entry_of_json(fields: dict[str, Any]) -> JournalEntry | None:
    """The entry that one object of ``journalctl -o json`` is: null is a value too large to be shown, an array of
    numbers is bytes, any other array is several values. None if it has no field. Raises ValueError."""
    entry = JournalEntry()
    for name, value in fields.items():
        several = isinstance(value, list) and not _is_bytes(value)
        for one in value if several else (value,):
            if one is None:
                entry.tell_cut(name)
            else:
                _put(entry, name, _bytes(one))
    return entry if entry else None


def _is_bytes(value: list[Any]) -> bool:
    return bool(value) and all(type(one) is int for one in value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list) and (not value or _is_bytes(value)):
        return bytes(value)
    if isinstance(value, (int, float)):
        return str(value).encode()
    raise ValueError("neither text nor bytes")


def _put(entry: JournalEntry, name: str, value: bytes) -> None:
    """A field, or what is told of the entry itself."""
    if not name.startswith("__"):
        entry.add(name, value)
        if name == "_BOOT_ID":
            entry.boot = value.decode("ascii", "replace")
    elif name == "__CURSOR":
        entry.cursor = value.decode("utf-8", "replace")
    elif name in _TIMES and value.isdigit() and len(value) < 20:
        setattr(entry, _TIMES[name], int(value) * 1000)


_TIMES = {"__REALTIME_TIMESTAMP": "realtime_ns", "__MONOTONIC_TIMESTAMP": "monotonic_ns"}
