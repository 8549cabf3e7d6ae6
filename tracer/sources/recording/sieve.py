"""Of a piece the lines that may be about somebody, found in its bytes: a line that is not among them is never split
off, counted or read as JSON.

Marks, losses and statements are always among them: they tell what could be seen, and of whom other witnesses know.
"""

from __future__ import annotations

import re

from tracer.sources.recording.files import BEGINNING, LINE_MAX, Cut, chunks, is_packed
from tracer.sources.recording.mention import about

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Optional

    from tracer.recording.names import Piece
    from tracer.sources.recording.mention import Mention

    # Lines with their numbers, from 1; that of a state mark is not counted.
    Lines = list[tuple[Optional[int], bytes]]

_BEGIN = b"\n" + BEGINNING
_KEPT = re.compile(rb'\n\{"v": 1, "event": "(?:mark|loss|statement)"')
_IS_KEPT = re.compile(rb'\{"v": 1, "event": "(?:mark|loss|statement)"').match
_STATE = b'"what": "state"'
# Of ends of others whose name is alike so many are told of a piece, each of them once.
_ALIKE_MAX = 64
_NAMES = re.compile(rb'"(?:comm|exe|unit)": "[^"]*"|"argv": \[[^\]]{0,60}')
# What a sieve remembers at most, in bytes; what is more is sieved again.
_HELD_MAX = 16 << 20
# What it finds in one file at most; of such a file each line is to be looked at.
_FOUND_MAX = 64 << 20
_LINE = 100  # bytes that a line takes besides its own


class Sieve:
    """``of`` a piece; None: it is to be read line by line, being cut, damaged, not as we write it, or full of such lines.
    ``wants``: which lines about it; of others that are alike some are told."""

    def __init__(self, mention: Mention, wants: Callable[[bytes], bool] | None = None) -> None:
        self._mention = mention
        self._wants = wants or mention.is_in
        self._known: dict[str, Lines | None] = {}
        self._room = _HELD_MAX

    def of(self, piece: Piece) -> Lines | None:
        if piece.path not in self._known:
            found = self.sieved(piece)
            self.remember(piece, found)
            return found
        return self._known[piece.path]

    def remember(self, piece: Piece, found: Lines | None) -> None:
        """What was found in a piece, by whoever has looked."""
        size = sum(len(line) + _LINE for _, line in found or ())
        if size <= self._room:
            self._room -= size
            self._known[piece.path] = found

    def sieved(self, piece: Piece) -> Lines | None:
        """The same, looked for again."""
        found: list[tuple[int, bytes]] = []
        size = 0
        try:
            for at, line in self._wanted(piece.path):
                found.append((at, line))
                size += len(line) + _LINE
                if size > _FOUND_MAX:
                    return None
            return list(_numbered(piece.path, found))
        except (OSError, _NotOurs):
            return None

    def _wanted(self, path: str) -> Iterator[tuple[int, bytes]]:
        """Where each begins, bytes from the first; of state marks that follow each other the last."""
        state: tuple[int, bytes] | None = None
        alike: set[bytes] = set()
        before = 0
        # What is packed has a checksum; to look at each line of it would take a tenth as long again.
        each = not is_packed(path)
        for block in _blocks(path):
            if not _is_ours(block, each=each):
                raise _NotOurs
            for at in sorted(self._begins(block)):
                line = block[at : block.find(b"\n", at)]
                if _is_state(line):
                    state = before + at, line
                    continue
                if not (_IS_KEPT(line) or self._wants(line) or self._is_new(line, alike)):
                    continue
                if state is not None:
                    yield state
                    state = None
                yield before + at, line if len(line) <= LINE_MAX else b""
            before += len(block) - 1
        if state is not None:
            yield state

    def _begins(self, block: bytes) -> set[int]:
        """Where the lines begin that may be wanted."""
        found = {one.start() + 1 for one in _KEPT.finditer(block)}
        for needle in self._mention.needles:
            at = block.find(needle)
            while at >= 0:
                found.add(block.rfind(b"\n", 0, at) + 1)
                at = block.find(needle, block.find(b"\n", at))
        return found

    def _is_new(self, line: bytes, known: set[bytes]) -> bool:
        """Whether an end is of somebody alike whose names were not told yet."""
        if len(known) >= _ALIKE_MAX or not self._mention.is_like(line):
            return False
        names = b"".join(_NAMES.findall(about(line)))
        is_new = names not in known
        known.add(names)
        return is_new


def _is_state(line: bytes) -> bool:
    """Whether it is the mark of every minute."""
    return _IS_KEPT(line) is not None and _STATE in line


def _numbered(path: str, found: list[tuple[int, bytes]]) -> Iterator[tuple[int | None, bytes]]:
    """With numbers for places; nothing is told by the place of a state mark. Of most pieces no more is wanted than
    the first line, and no line is counted."""
    blocks = _blocks(path)
    block, before, number, counted = b"", 0, 0, 0
    for at, line in found:
        if _is_state(line):
            yield None, line
        elif at == 1:
            yield 1, line
        else:
            while at - before >= len(block):
                number += block.count(b"\n", counted, len(block) - 1)
                before += max(0, len(block) - 1)
                block, counted = next(blocks), 0
            number += block.count(b"\n", counted, at - before)
            counted = at - before
            yield number, line


def _is_ours(block: bytes, *, each: bool) -> bool:
    """Whether its first line, or each, begins as ours do, and none has what stands in no text: after a power loss there may
    be NULs."""
    if b"\0" in block or not block.startswith(_BEGIN):
        return False
    at, last = 0, len(block) - 1
    while each and at < last and block.startswith(_BEGIN, at):
        at = block.find(b"\n", at + 1)
    return at == last or not each


class _NotOurs(Exception):
    """A file that is cut, damaged, or not as our sinks write it."""


def _blocks(path: str) -> Iterator[bytes]:
    """Whole lines, each between two line ends. Raises OSError, _NotOurs."""
    rest = b"\n"
    for chunk in chunks(path):
        if isinstance(chunk, Cut):
            raise _NotOurs
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest += chunk
            if len(rest) > LINE_MAX:
                raise _NotOurs
            continue
        block = b"".join((rest, memoryview(chunk)[:end]))
        yield block
        rest = b"\n" + chunk[end:]
    if rest != b"\n":
        raise _NotOurs
