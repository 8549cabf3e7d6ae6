"""Files in a tar archive, as its bytes come by: nothing is unpacked to disk, no name of it is ever opened.

ustar, pax and GNU's long names (POSIX.1-2017, pax; tar(5)). What is no regular file is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from tracer.model.frozen import frozen
from tracer.model.times import SECOND

BLOCK = 512
_CHUNK = 1 << 18
NAME_MAX = 1 << 16  # bytes of a header that only holds a name
_REGULAR = (b"0", b"\0", b"7")


class Damaged(Exception):
    """What follows is no archive."""


@frozen
class Member:
    """A regular file: its name as it is written there, its size in bytes, when it was last written (ns)."""

    name: bytes
    size: int
    mtime: int


class Tar:
    """Reads the archive in ``stream`` once, from its begin to its end. ``limit``: so many bytes at most."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self._held = b""
        self._left = limit
        self._of_member = 0

    def members(self) -> Iterator[Member]:
        """Each regular file; ``blocks`` has its bytes until the next one is asked for. Raises Damaged, EOFError."""
        name: bytes | None = None
        while True:
            self._skip()
            header = self._take(BLOCK)
            if not header.strip(b"\0"):
                return
            if len(header) < BLOCK or not _is_header(header):
                raise Damaged("no archive's header is where one should be")
            size = _number(header[124:136])
            kind = header[156:157]
            self._of_member = size + -size % BLOCK
            if kind in (b"x", b"L") and size <= NAME_MAX:
                text = self._take(self._of_member)[:size]
                self._of_member = 0
                name = text.rstrip(b"\0") if kind == b"L" else _pax_path(text) or name
                continue
            if kind in _REGULAR:
                mtime = _number(header[136:148]) * SECOND
                yield Member(name or _name(header), size, mtime)
            name = None

    def blocks(self, size: int) -> Iterator[bytes]:
        """The first so many bytes of the file that was told last."""
        self._of_member -= min(size, self._of_member)
        while size:
            block = self._next(size)
            if not block:
                self._of_member = 0
                raise EOFError("the archive ends in the middle of a file")
            size -= len(block)
            yield block

    def _skip(self) -> None:
        while self._of_member:
            block = self._next(self._of_member)
            if not block:
                raise EOFError("the archive ends in the middle of a file")
            self._of_member -= len(block)

    def _take(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            block = self._next(size - len(taken))
            if not block:
                break
            taken += block
        return taken

    def _next(self, size: int) -> bytes:
        if not self._held:
            self._held = self._read(_CHUNK)
            self._left -= len(self._held)
            if self._left < 0:
                raise Damaged("it unpacks to more than is read")
        block, self._held = self._held[:size], self._held[size:]
        return block


def _is_header(header: bytes) -> bool:
    """Whether the checksum is right: the sum of all bytes, its own taken for blanks."""
    wanted = sum(header[:148]) + 8 * 32 + sum(header[156:])
    return _number(header[148:156]) == wanted


def _number(field: bytes) -> int:
    """Octal digits, or (GNU) the bytes themselves."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else 0


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:262] == b"ustar" else b""
    return prefix + b"/" + name if prefix else name


def _pax_path(text: bytes) -> bytes | None:
    """The value of ``path`` among "LENGTH KEY=VALUE\\n"."""
    while text:
        digits, _, _ = text.partition(b" ")
        length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        if not length:
            return None
        key, _, value = text[len(digits) + 1 : length - 1].partition(b"=")
        if key == b"path":
            return value
        text = text[length:]
    return None
