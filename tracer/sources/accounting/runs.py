"""A file of accounting → runs of whole records; what lies between them is counted, and passed over.

A file may hold what is no record: the end of a disk cuts one, and all behind it is shifted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tracer.model.frozen import frozen
from tracer.sources.accounting.record import BIG, SIZE, VERSION, is_record

_VERSIONS = re.compile(b"[%c%c]" % (VERSION, VERSION | BIG))
# Bytes without a record after which the rest is not looked at: it is another file.
GIVE_UP = 1 << 20


@frozen
class Run:
    """Records that follow each other, of one byte order: ``data``, whose first byte is that of the file at ``offset``."""

    data: bytes
    offset: int


@frozen
class Foreign:
    """So many bytes that are no record. ``whole``: what follows them is not read."""

    size: int
    whole: bool = False


def runs_of(blocks: Iterable[bytes]) -> Iterator[Run | Foreign]:
    """What a file holds. Foreign bytes are told where they end."""
    rest, offset, foreign = b"", 0, 0
    for block in blocks:
        data = rest + block
        at = 0
        while len(data) - at >= SIZE:
            size = _run(data, at) if is_record(data, at) else 0
            if size:
                if foreign:
                    yield Foreign(foreign)
                foreign = 0
                yield Run(data[at : at + size], offset + at)
                at += size
                continue
            found = _VERSIONS.search(data, at + 2)
            next_ = len(data) - SIZE + 1 if found is None else found.start() - 1
            next_ = max(at + 1, min(next_, len(data) - SIZE + 1))
            foreign += next_ - at
            at = next_
            if foreign > GIVE_UP:
                yield Foreign(foreign, whole=True)
                return
        rest, offset = data[at:], offset + at
    if rest or foreign:
        yield Foreign(foreign + len(rest))


def _run(data: bytes, at: int) -> int:
    """How many bytes of whole records of one byte order begin there; the first and the last are looked at."""
    count = (len(data) - at) // SIZE
    versions = data[at + 1 : at + count * SIZE : SIZE]
    same = len(versions) - len(versions.lstrip(versions[:1]))
    while not is_record(data, at + (same - 1) * SIZE):
        same -= 1
    return same * SIZE
