"""The part of a filter that the kernel can decide: numbers, and what Python has decided of a process (``judge``).

``pushdown`` may only be looser than ``Filter.matches``, never tighter: for every signal, when the kernel says
no, ``matches`` says no (tests/unit/flow/test_filter.py proves it on random signals).
"""

from __future__ import annotations

from tracer.flow.judge import judge_of, unwanted
from tracer.model.frozen import frozen
from tracer.model.outcome import RESULTS_OF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.ends import Term
    from tracer.flow.filter import Filter
    from tracer.flow.judge import Judge


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
    judge: Judge | None = None

    def admits(
        self,
        number: int,
        result: int,
        sender: End,
        target: End,
        *,
        injected: bool = False,
        sent: bool = False,
    ) -> bool:
        """The C functions ``wanted`` and ``is_unwanted``; ``sender`` is current, sender or not. ``injected``: it is the
        target, which is traced. ``sent``: it has sent this by a call."""
        if self.judge and unwanted(sender.verdict, target.verdict, injected=injected, sent=sent):
            return False
        return (
            number in self.signals
            and result in self.results
            and (self.targets is None or target.pid in self.targets)
            and target.pid not in self.not_targets
            and (injected or self._admits_sender(sender, target))
        )

    def _admits_sender(self, sender: End, target: End) -> bool:
        return (
            (self.senders is None or sender.pid in self.senders)
            and (self.either is None or not self.either.isdisjoint((sender.pid, target.pid)))
            and (self.uids is None or not self.uids.isdisjoint((sender.uid, target.uid)))
        )


@frozen
class End:
    """As much of an end as the kernel's filter looks at; ``verdict`` as far as there is one."""

    pid: int
    uid: int
    verdict: int = 0


def pushdown(filter_: Filter) -> KernelFilter:
    """A sender's exclusion is no matter of numbers: ``current`` may be a process that a timer interrupted, and no
    sender at all."""
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
        judge=judge_of(filter_),
    )


def _only_pids(terms: tuple[Term, ...]) -> frozenset[int] | None:
    """The pids wanted, if the wanted terms are nothing but pids."""
    wanted = [term.pid for term in terms if not term.excluded]
    if not wanted or None in wanted:
        return None
    return frozenset(pid for pid in wanted if pid is not None)
