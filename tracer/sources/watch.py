"""What a live source has seen since it began."""

from __future__ import annotations

import time

from tracer.host import procfs
from tracer.host.name import HOST
from tracer.host.privileges import in_first_namespace
from tracer.model.coverage import Blind, Coverage, Gap, Gaps, Span
from tracer.sources.abilities import kinds_of, narrowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Loss
    from tracer.sources.wanted import Wanted


class Watch:
    """Begins when it is made: what it is then told of was already so."""

    def __init__(self, source: str, wanted: Wanted) -> None:
        self.source = source
        self._kinds = kinds_of(source, wanted)
        self._blind = narrowed(wanted)
        self._began = self._looked = time.time_ns()
        self._gaps = Gaps()
        self.left_out = 0
        if not in_first_namespace("pid"):
            self.hidden(
                "in a pid namespace of its own /proc tells nothing of the processes of others"
            )
        elif procfs.hides_others():
            self.hidden(
                "/proc hides other users' processes (hidepid): of later ones it tells nothing"
            )

    def looked(self) -> None:
        """All losses up to now are told."""
        self._looked = time.time_ns()

    def lost(self, loss: Loss) -> None:
        """Something was lost since the last look."""
        now = time.time_ns() if loss.time is None else loss.time
        self._gaps.add(Gap(min(self._looked, now), now, loss.count, loss.where))

    def hidden(self, why: str, *kinds: str) -> None:
        """Some of these kinds, or of all, stays unseen here."""
        self._blind.append(Blind(kinds, (why,)))

    def coverage(self) -> Coverage:
        """From the beginning to now."""
        span = Span(self._began, time.time_ns())
        return Coverage(
            self.source,
            self._kinds,
            (span,),
            self._gaps.told(),
            tuple(self._blind),
            HOST,
            self.left_out,
        )
