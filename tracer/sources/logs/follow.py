"""A log that is still being written, through both ways of rotating: renamed, or copied and truncated."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO

from tracer.model.errors import Problem
from tracer.sources.logs.files import (
    LINE_MAX,
    STDIN,
    LogSet,
    WholeLines,
    is_packed,
    unreadable,
)

_BLOCK = 1 << 18
_TAIL = 64


def check_growing(logs: Iterable[LogSet]) -> None:
    """Raises Problem for what cannot be followed: nobody adds to it."""
    for log in logs:
        path = log.paths[-1]
        is_file = path != STDIN and os.path.isfile(path)
        if not is_file or is_packed(path):
            raise Problem(
                f"cannot follow {path!r}",
                "a packed log does not grow" if is_file else "it is no log file",
                "sigtrace replay --follow /var/log/audit/audit.log",
            )


class Follower:
    """One file. ``burst`` gives the whole lines written since the last call; ``opened`` counts the files that had the
    name."""

    def __init__(self, path: str, offset: int = 0) -> None:
        self.path = path
        self.opened = 0
        self._stream: IO[bytes] | None = None
        self._inode = 0
        self._lines = WholeLines()
        self._tail = b""
        self._open(offset)

    def burst(self) -> tuple[bytes, int]:
        """The text of new lines, and its size in the file; b"" if there are none. A line without its end is kept for
        the next time."""
        if self._was_truncated():
            self._open(0)
        lines = self._read()
        if not lines[0] and self._was_renamed():
            # Something may have been written between our look and the renaming.
            lines = self._read()
            if not lines[0]:
                self._open(0)
                lines = self._read()
        return lines

    def close(self) -> None:
        """Give the file back."""
        if self._stream is not None:
            self._stream.close()

    def _read(self) -> tuple[bytes, int]:
        data = b"" if self._stream is None else self._stream.read(_BLOCK)
        if not data:
            return b"", 0
        self._tail = (self._tail + data)[-_TAIL:]
        return self._lines.feed(data)

    def _was_renamed(self) -> bool:
        """Another file has the name now."""
        try:
            return self._stream is None or os.stat(self.path).st_ino != self._inode
        except OSError:
            return False

    def _was_truncated(self) -> bool:
        """What stands before our place is not what we have read: it may have grown again since."""
        if self._stream is None or not self._tail:
            return False
        at = self._stream.tell() - len(self._tail)
        return os.pread(self._stream.fileno(), len(self._tail), at) != self._tail

    def _open(self, offset: int) -> None:
        """Between a rename and the new file there is none for a moment."""
        if self._stream is not None:
            self._stream.close()
        try:
            self._stream = open(self.path, "rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError:
            self._stream = None
            return
        except OSError as error:
            raise unreadable(self.path, error) from error
        self._inode = os.fstat(self._stream.fileno()).st_ino
        self._stream.seek(offset)
        self._lines, self._tail = WholeLines(), b""
        self.opened += 1


def whole_lines(path: str) -> int:
    """The offset behind the last whole line of a file."""
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - LINE_MAX))
        tail = stream.read()
    return size - len(tail) + tail.rfind(b"\n") + 1


def last_record(path: str, whole: int) -> int:
    """Where the last record begins that may go on behind the last whole line: ``whole`` if what is there begins one."""
    with open(path, "rb") as stream:
        stream.seek(whole)
        if stream.read(5) in (b"", b"type=", b"node="):
            return whole
        begin = max(0, whole - LINE_MAX)
        stream.seek(begin)
        tail = b"\n" + stream.read(whole - begin)
    at = max(tail.rfind(b"\ntype="), tail.rfind(b"\nnode="))
    return whole if at < 0 else begin + at
