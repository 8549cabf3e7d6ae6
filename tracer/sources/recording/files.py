"""The files of a recording, and their lines: packed or not, whole or cut, while a recorder writes on or not."""

from __future__ import annotations

import errno
import os
import zlib
from time import time_ns

from tracer.model.errors import AS_ROOT, OWN, Problem
from tracer.model.frozen import frozen
from tracer.model.text import typed
from tracer.recording.names import Piece, in_order, piece_of, pieces_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = "/var/lib/sigtrace"
LINE_MAX = 1 << 20  # bytes; no line of ours is as long
BEGINNING = b'{"v": 1, "event": "'  # of each line of ours
# Of more at once each would get new memory from the kernel.
_CHUNK, _UNPACKED = 1 << 14, 1 << 17
_GZIP = b"\x1f\x8b"


@frozen
class Cut:
    """Stands at the end of a file whose end is missing or damaged."""

    why: str


def looks_like_recording(path: str) -> bool:
    """Whether a folder has pieces in it, or a file begins with a line of ``--json``."""
    try:
        if os.path.isdir(path):
            return bool(pieces_in(path)[0])
        if not os.path.isfile(path):
            return False
        first = next(iter(lines_of(path)), b"")
    except OSError:
        return False
    return isinstance(first, bytes) and first.startswith(b'{"v": ') and b'"event": ' in first[:40]


def find_pieces(paths: Iterable[str], since: int | None, until: int | None) -> list[Piece]:
    """The files to read, oldest first: of a folder the pieces that may hold something of this time.

    Raises Problem for what is not there, or is a folder without a recording.
    """
    found: list[Piece] = []
    for path in paths:
        try:
            found += _pieces_of(path, since, until)
        except OSError as error:
            raise unreadable(path, error) from error
    return in_order(found)


def _pieces_of(path: str, since: int | None, until: int | None) -> list[Piece]:
    if not os.path.isdir(path):
        size = os.stat(path).st_size
        # A file by another name is read whole, first of all.
        return [piece_of(path, size) or Piece(path, "", path, 0, time_ns(), size)]
    pieces, _ = pieces_in(path)
    if not pieces:
        raise Problem(
            f"no recording in {path!r}",
            "it has no file named HOST-BOOT-FIRST-LAST.jsonl.gz",
            f"sudo sigtrace record --dir {typed(path)}",
        )
    return [piece for piece in pieces if piece.may_hold(since, until)]


def unreadable(path: str, error: OSError) -> Problem:
    """The problem of a file or folder that cannot be opened."""
    try_ = f"{OWN} DIR, or FILE.jsonl.gz"
    if error.errno in (errno.EACCES, errno.EPERM):
        try_ = f"{AS_ROOT}, or be in the group adm"
    elif path == FOLDER:
        try_ = "sudo sigtrace record, which keeps one from now on; or name DIR"
    return Problem(f"cannot read {path!r}", (error.strerror or str(error)).lower(), try_)


def read_piece(piece: Piece) -> Iterator[bytes | Cut]:
    """Its lines. A recorder may pack or remove it meanwhile: then the packed one is read, or it is told as cut."""
    try:
        yield from lines_of(piece.path)
    except FileNotFoundError:
        for other in pieces_in(os.path.dirname(piece.path) or ".")[0]:
            if (other.host, other.boot, other.first) == (piece.host, piece.boot, piece.first):
                yield from lines_of(other.path)
                return
        yield Cut("removed while it was to be read")


def lines_of(path: str) -> Iterator[bytes | Cut]:
    """Lines without their ends; a Cut at the end where the last one has none, or the packed data breaks off.

    Raises OSError.
    """
    rest: list[bytes] = []
    size = 0
    cut: Cut | None = None
    for chunk in chunks(path):
        if isinstance(chunk, Cut):
            cut = chunk
            break
        *whole, last = chunk.split(b"\n")
        for line in whole:
            yield b"".join([*rest, line]) if size <= LINE_MAX else b""
            rest, size = [], 0
        if size <= LINE_MAX:
            rest.append(last)
        size += len(last)
    if cut is not None or size:
        yield cut or Cut("a line without an end")


def is_packed(path: str) -> bool:
    """Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return file.read(len(_GZIP)) == _GZIP


def chunks(path: str) -> Iterator[bytes | Cut]:
    """What is in a file, unpacked; a quarter of a megabyte at once. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        head = file.read(_CHUNK)
        if not head.startswith(_GZIP):
            while head:
                yield head
                head = file.read(_CHUNK)
            return
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while head:
            try:
                yield member.decompress(head, _UNPACKED)
            except zlib.error:
                yield Cut("damaged where it is packed")
                return
            head = member.unconsumed_tail
            if member.eof:
                head = member.unused_data
                member = zlib.decompressobj(16 + zlib.MAX_WBITS)
                if not head:
                    head = file.read(_CHUNK)
                    if not head:
                        return
            head = head or file.read(_CHUNK)
    yield Cut("a packed file without an end")
