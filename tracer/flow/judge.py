"""What the words of a filter say of one end of a signal, as a number that the kernel keeps: enum verdict of
bpf/sigtrace.h. It is one end's own: what both say together is asked for each signal.
"""

from __future__ import annotations

from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.ends import Term, Value
    from tracer.flow.filter import Filter
    from tracer.model.event import Process

    # Words that are alternatives of each other, and the ends that they are asked of.
    Demand = tuple[tuple[Term | Value, ...], int]

# The ends that a word is asked of: enum judges.
SENDERS, TARGETS = FROM, TO = 1, 2
BOTH = FROM | TO
# Nothing is wanted from it; nothing to it; nothing that it has surely sent: an exclusion is the sender's alone, and
# what is current when the kernel sends need not be that.
NOT_FROM, NOT_TO, NOT_SENT = 1, 2, 4
# From here on a bit for each demand of either end that this end does not meet.
_FIRST = 8
NEITHER = 0xFF8
VERDICT = 0xFFF


@frozen
class Judge:
    """The words of a filter, as far as they are asked of ends."""

    demands: tuple[Demand, ...]

    def ends(self) -> int:
        """Which ends there is something to ask of."""
        found = 0
        for _, ends in self.demands:
            found |= ends
        return found

    def verdict(self, process: Process) -> int:
        """0 lets everything of this end pass."""
        found = 0
        for index, (words, ends) in enumerate(self.demands):
            if any(word.excluded and word.fits(process) for word in words):
                found |= (NOT_SENT if ends & FROM else 0) | (NOT_TO if ends & TO else 0)
            wanted = [word for word in words if not word.excluded]
            if wanted and not any(word.fits(process) for word in wanted):
                found |= {FROM: NOT_FROM, TO: NOT_TO}.get(ends, _FIRST << index)
        return found


def unwanted(sender: int, target: int, *, injected: bool, sent: bool) -> bool:
    """The C function is_unwanted of bpf/judged.bpf.h: of the verdicts on current and on the target. ``injected``: a
    traced process sends it itself. ``sent``: current has sent it by a call."""
    if target & NOT_TO:
        return True
    if injected:
        return False
    return bool(sender & NOT_FROM or sender & target & NEITHER or (sender & NOT_SENT and sent))


def judge_of(filter_: Filter) -> Judge | None:
    """Who decides what numbers alone do not; None where nothing is left."""
    terms = (*filter_.sender, *filter_.target, *filter_.either)
    if (
        all(term.pid is not None for term in terms)
        and not any(term.excluded for term in (*filter_.sender, *filter_.either))
        and all(value.kind == "uid" and not value.excluded for value in filter_.values)
    ):
        return None
    return Judge(filter_.demands())
