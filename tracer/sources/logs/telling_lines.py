"""The lines of a log that may tell something: found in whole blocks of it, so that the others cost next to nothing."""

from __future__ import annotations

import marshal
import os
import stat
from collections.abc import Iterable, Iterator

from tracer.sources import pieces
from tracer.sources.logs.files import LINE_MAX, WholeLines, is_packed
from tracer.sources.pieces import Sieve
from tracer.statements.anchors import anchors_of

_BLOCK = 1 << 18


def whole_blocks(blocks: Iterable[bytes], *, returns: bool | None = None) -> Iterator[bytes]:
    """The same bytes in blocks of whole lines, the last with a line end. Of a line longer than LINE_MAX the beginning
    is kept. ``returns``: as WholeLines has it."""
    lines = WholeLines(returns=returns)
    for block in blocks:
        text, _ = lines.feed(block)
        if text:
            yield text
    rest = lines.rest()
    if rest:
        yield rest + b"\n"


def by_pieces(path: str, head: int) -> tuple[int, int] | None:
    """Where a file's first ``head`` bytes have their last line end, and its size; None for one that is not to be read in
    pieces: small, packed, no file. Raises Problem if it cannot be read."""
    if is_packed(path):
        return None
    with open(path, "rb", buffering=0) as stream:
        about = os.fstat(stream.fileno())
        begin = os.pread(stream.fileno(), head, 0).rfind(b"\n") + 1
    is_big = stat.S_ISREG(about.st_mode) and about.st_size - begin >= pieces.PARALLEL_MIN
    return (begin, about.st_size) if is_big and begin else None


def cut_behind(fd: int, wanted: int, size: int) -> int:
    """The first place from ``wanted`` on where a line begins."""
    at = wanted - 1
    while at < size:
        block = os.pread(fd, _BLOCK, at)
        end = block.find(b"\n")
        if end >= 0:
            return min(size, at + end + 1)
        at += len(block) or size
    return size


class Telling:
    """Finds the lines that have an anchor in them."""

    def __init__(self, literals: Iterable[bytes]) -> None:
        self._anchors = anchors_of(literals)

    def lines(self, data: bytes, number: int) -> tuple[list[tuple[int, bytes]], int]:
        """Of a block of whole lines, of which the first has this number; and the number of the line behind it."""
        at, found = 0, []
        for start, end in self._spots(data):
            number += data.count(b"\n", at, start)
            at = start
            found.append((number, data[start : min(end, start + LINE_MAX)]))
        return found, number + data.count(b"\n", at)

    def sieve(self) -> Sieve:
        """What finds them in a big file, piece by piece."""
        return Sieve(cut_behind, self.found, marshal.dumps, marshal.loads)

    def found(self, fd: int, begin: int, end: int) -> tuple[list[tuple[int, bytes]], int]:
        """The same of whole lines in a file: as if the first were line 0."""
        found, number = [], 0
        for block in whole_blocks(blocks_of(fd, begin, end), returns=False):
            more, number = self.lines(block, number)
            found += more
        return found, number

    def _spots(self, data: bytes) -> list[tuple[int, int]]:
        spots: dict[int, int] = {}
        for anchor in self._anchors:
            at = data.find(anchor)
            while at >= 0:
                end = data.find(b"\n", at)
                end = len(data) if end < 0 else end
                spots[data.rfind(b"\n", 0, at) + 1] = end
                at = data.find(anchor, end)
        return sorted(spots.items())


def blocks_of(fd: int, begin: int, end: int) -> Iterator[bytes]:
    """What is in a file from one place to another."""
    while begin < end:
        block = os.pread(fd, min(_BLOCK, end - begin), begin)
        if not block:
            return
        begin += len(block)
        yield block
