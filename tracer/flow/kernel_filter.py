"""The part of a filter that the kernel can decide: numbers alone.

``pushdown`` may only be looser than ``Filter.matches``, never tighter: for every signal, when the kernel says
no, ``matches`` says no (tests/unit/flow/test_filter.py proves it on random signals).
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.model.outcome import RESULTS_OF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.ends import Term
    from tracer.flow.filter import Filter


@frozen
class KernelFilter:
    """What the BPF program decides: sets of numbers, None where everything passes."""

    signals: frozenset[int]
    results: frozenset[int]
    senders: frozenset[int] | None = None
    targets: frozenset[int] | None = None
    not_targets: frozenset[int] = frozenset()
    either: frozenset[int] | None = None
    uids: frozenset[int] | None = None

    def admits(self, number: int, result: int, sender: End, target: End) -> bool:
        """The C function ``wanted`` of bpf/sigtrace.bpf.c; ``sender`` is current, sender or not."""
        return (
            number in self.signals
            and result in self.results
            and (self.senders is None or sender.pid in self.senders)
            and (self.targets is None or target.pid in self.targets)
            and target.pid not in self.not_targets
            and (self.either is None or not self.either.isdisjoint((sender.pid, target.pid)))
            and (self.uids is None or not self.uids.isdisjoint((sender.uid, target.uid)))
        )


@frozen
class End:
    """As much of an end as the kernel's filter looks at."""

    pid: int
    uid: int


def pushdown(filter_: Filter) -> KernelFilter:
    """The part that numbers alone decide. A sender's exclusion stays in Python: ``current`` may be a
    process that a timer interrupted, and no sender at all."""
    uids = [value for value in filter_.values if value.kind == "uid" and not value.excluded]
    return KernelFilter(
        signals=filter_.signals,
        results=frozenset(
            result
            for name in (RESULTS_OF if filter_.fates else filter_.outcomes or RESULTS_OF)
            for result in RESULTS_OF.get(name, ())
        ),
        senders=_only_pids(filter_.sender),
        targets=_only_pids(filter_.target),
        not_targets=frozenset(
            term.pid
            for term in filter_.target + filter_.either
            if term.excluded and term.pid is not None
        ),
        either=_only_pids(filter_.either),
        uids=frozenset(int(value.text) for value in uids) if uids else None,
    )


def _only_pids(terms: tuple[Term, ...]) -> frozenset[int] | None:
    """The pids wanted, if the wanted terms are nothing but pids."""
    wanted = [term.pid for term in terms if not term.excluded]
    if not wanted or None in wanted:
        return None
    return frozenset(pid for pid in wanted if pid is not None)
