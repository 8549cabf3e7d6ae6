"""What happened beside a death, in the same seconds, and proves nothing of it: for who looks on where the cause, or who it
was, is not told."""

from __future__ import annotations

from tracer.model.event import Exec, Statement
from tracer.model.times import SECOND
from tracer.why.commands import command_of, ends_others, is_line
from tracer.why.evidence import evidence_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.model.verdict import Evidence
    from tracer.why.case import Case

# "The same second": logs of whole seconds may be one apart.
AT_THE_TIME = 2 * SECOND
MOST = 3
# Statements of which each has ended somebody, or is about to.
ENDING = frozenset(
    ("oom report", "oom notice", "oom kill", "memory failure", "stop timeout", "killed on client request",
     "session ended", "shutdown", "caller named")
)  # fmt: skip


def beside(case: Case, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Commands that end processes, and kills for want of memory, of the death's own time: the nearest, in their order;
    none that is ``evidence``."""
    proving = {one.id for one in evidence if one.id is not None}

    def away(one: Exec | Statement) -> int:
        return abs((one.time or 0) - case.death.time)

    near = [
        one
        for one in case.near
        if isinstance(one, (Exec, Statement)) and away(one) <= AT_THE_TIME
        if _may_matter(one) and one.id not in proving
    ]
    nearest = sorted(near, key=away)[:MOST]
    return tuple([evidence_of(one) for one in near if one in nearest])


def _may_matter(event: Exec | Statement) -> bool:
    ran = command_of(event)
    if ran is not None:
        return ends_others(ran.argv or (), is_line(event))
    return isinstance(event, Statement) and event.what in ENDING
