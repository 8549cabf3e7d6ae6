"""Which of millions of records are wanted: found by bytes at their places, before any is unpacked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tracer.flow.ends import LAST_PID
from tracer.model.frozen import frozen
from tracer.model.names import COMM_MAX
from tracer.model.times import SECOND
from tracer.sources.accounting.record import (
    AT_CODE,
    AT_COMM,
    AT_PID,
    BIG,
    SIZE,
    process_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from tracer.model.event import Process

# The low byte of an exit code that has a signal, or says that a core was dumped.
_SIGNALLED = re.compile(rb"[^\0\x80]")


@frozen
class Pick:
    """Ends by a signal; and all ends of ``what``, as ``fits`` understands it. ``since`` and ``until`` are in ns. ``latest``:
    so many at most of those of others, and of ``what`` FITTING_MAX; None: all."""

    what: bytes | None = None
    fits: Callable[[Process, bytes], bool] | None = None
    since: int | None = None
    until: int | None = None
    latest: int | None = None

    def has_time(self, time: int) -> bool:
        """Whether something of this second, or of a part of it, is wanted."""
        return (self.since is None or time >= self.since - self.since % SECOND) and (
            self.until is None or time <= self.until
        )

    def has_bounds(self) -> bool:
        """Whether not every time is wanted."""
        return self.since is not None or self.until is not None

    def places(self, run: bytes) -> Iterator[tuple[int, bool]]:
        """Where the wanted records of a run begin, all of one byte order and each of SIZE bytes, in their order; and whether
        each is of ``what``."""
        is_big = bool(run[1] & BIG)
        codes = run[AT_CODE + (3 if is_big else 0) :: SIZE]
        found = dict.fromkeys((one.start() * SIZE for one in _SIGNALLED.finditer(codes)), False)
        if self.what is not None and self.fits is not None:
            fitting: dict[bytes, bool] = {}
            by_pid = self.what.isdigit()
            for at in self._named(run, "big" if is_big else "little"):
                # What fits depends on the name, or the pid.
                own = run[at + AT_PID if by_pid else at + AT_COMM : at + SIZE]
                fits = fitting.get(own)
                if fits is None:
                    fits = fitting[own] = self.fits(process_of(run, at), self.what)
                if fits:
                    found[at] = True
        return iter(sorted(found.items()))

    def _named(self, run: bytes, order: Literal["big", "little"]) -> Iterator[int]:
        """Those of this name, or pid: the bytes are looked for, and count where they belong."""
        what = self.what or b""
        yield from _at(run, what[:COMM_MAX] + b"\0", AT_COMM)
        if what.isdigit() and int(what[:20]) <= LAST_PID:
            yield from _at(run, int(what).to_bytes(4, order), AT_PID)


def _at(run: bytes, word: bytes, place: int) -> Iterator[int]:
    at = run.find(word)
    while at >= 0:
        if at % SIZE == place:
            yield at - place
        at = run.find(word, at + 1)
