"""The lines of a log that may tell something: found in whole blocks of it, so that the others cost next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracer.sources.logs.files import LINE_MAX, WholeLines

# Words that many of the tables' literals have in them: each is looked for once instead of all of those.
COMMON = (
    *(b"oom", b"OOM", b"Kill", b"kill", b"SIG", b"exit", b"code=", b"signal", b" timed out", b"atchdog", b"emory"),
    *(b"terminated ", b"Failed", b" sp:", b"omm: ", b"failcnt", b"dumped", b"(pid:", b"success", b"]: segfault", b" shutdown request"),
)  # fmt: skip


def anchors_of(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """What to look for: each literal has one of these in it."""
    found = dict.fromkeys(
        next((word for word in COMMON if word in literal), literal) for literal in literals
    )
    return tuple(one for one in found if not any(other in one and other != one for other in found))


def whole_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of whole lines, the last with a line end. Of a line longer than LINE_MAX the beginning
    is kept."""
    lines = WholeLines()
    for block in blocks:
        text, _ = lines.feed(block)
        if text:
            yield text
    rest = lines.rest()
    if rest:
        yield rest + b"\n"


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
