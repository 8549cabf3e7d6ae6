"""Verdicts on ends, where the kernel looks them up: bpf/judged.bpf.h.

What a verdict was decided on is a description of a process and what the record tells of the end; so long as neither
changes it holds, and the number that it is kept under is made of both. Once they are changed the kernel finds none.
"""

from __future__ import annotations

import mmap
from struct import Struct

from tracer.flow.judge import VERDICT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.judge import Judge
    from tracer.model.event import Process
    from tracer.sources.wire.records import End

# Of bpf/maps.bpf.h: sets of words, how many are in each, and counters, of which each has so many words to itself.
JUDGED, WAYS = 2048, 4
COUNTERS, _EACH = 64, 8
_COMM = Struct("=QQ")
_ALL = (1 << 64) - 1


def mark_of(key: int, told: int, end: End) -> int:
    """The number of an end in the state that ``told`` stands for."""
    mark = key
    for word in (told, end.pid << 1 | (end.tid == end.pid), end.uid, *_COMM.unpack(end.comm)):
        mark = (mark ^ word) * key & _ALL
        mark ^= mark >> 32
    return mark


class Judged:
    """The map of that name, and the counters of what was left out: mapped, so that neither needs a right to call
    bpf(2)."""

    def __init__(self, fd: int, counters: int, key: int, judge: Judge) -> None:
        self._key = key
        self._verdict_of = judge.verdict
        self._page = mmap.mmap(fd, 8 * JUDGED * WAYS)
        # The kernel may read a word at any moment: one of the array's own type is stored in one go.
        self._words = memoryview(self._page).cast("Q")
        self._counters = mmap.mmap(counters, 8 * COUNTERS * _EACH, prot=mmap.PROT_READ)
        self._turn = 0

    def keep(self, told: int, end: End, process: Process) -> None:
        """The verdict on an end that is known as ``process``; nothing where it lets everything pass, or 0 is told."""
        verdict = self._verdict_of(process) if told else 0
        if not verdict:
            return
        mark = mark_of(self._key, told, end)
        first = (mark >> 32) % JUDGED * WAYS
        self._words[first + self._way(first, mark)] = mark & ~VERDICT | verdict

    def _way(self, first: int, mark: int) -> int:
        """Its own, a free one, or each in its turn."""
        kept = [word & ~VERDICT for word in self._words[first : first + WAYS]]
        for wanted in (mark & ~VERDICT, 0):
            if wanted in kept:
                return kept.index(wanted)
        self._turn = (self._turn + 1) % WAYS
        return self._turn

    def left_out(self) -> int:
        """How many signals the kernel has left out because of a verdict."""
        return sum(memoryview(self._counters).cast("Q")[::_EACH])

    def close(self) -> None:
        self._words.release()
        self._page.close()
        self._counters.close()
