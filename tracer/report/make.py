"""All that is read → the data of the report."""

from __future__ import annotations

from tracer.flow.source import every
from tracer.model.event import Signal
from tracer.model.frozen import replace
from tracer.report.data import data_of
from tracer.report.gather import Gathered
from tracer.report.judge import Judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracer.flow.filter import Filter
    from tracer.flow.source import Source
    from tracer.model.event import Process
    from tracer.model.verdict import Verdict
    from tracer.report.data import Hide
    from tracer.report.judge import Judgement
    from tracer.why.deaths import Death

# Of each a log may be read again.
MORE_MAX = 20


def report_of(
    source: Source,
    filter_: Filter,
    read: Callable[[], list[str]],
    hide: Hide,
    more: Callable[[Verdict], Verdict] = lambda verdict: verdict,
) -> dict[str, Any]:
    """The data; ``read`` is asked, at the end, what was read, and ``more`` what else is known of a death, once a kind, of
    the newest kinds."""
    gathered = Gathered(filter_)
    judge = Judge(Wanted(filter_))
    judge.hear(gathered.passing(every(source)))
    seen = source.coverage()
    told = _with_more(judge.judgement(seen), more)
    return data_of(gathered, told, seen, read(), hide=hide)


def _with_more(judgement: Judgement, more: Callable[[Verdict], Verdict]) -> Judgement:
    kinds = [
        replace(kind, newest=replace(kind.newest, verdict=more(kind.newest.verdict)))
        for kind in judgement.kinds[-MORE_MAX:]
    ]
    return replace(judgement, kinds=(*judgement.kinds[:-MORE_MAX], *kinds))


class Wanted:
    """Whether a death is meant: as the signal from who was behind it to who ended."""

    def __init__(self, filter_: Filter) -> None:
        self._filter = filter_
        self.by_sender = bool(filter_.demands())

    def __call__(self, death: Death, behind: Process | None) -> bool:
        number = death.number or next(iter(self._filter.signals), 0)
        return self._filter.matches(
            Signal(death.time, "", "", number, sender=behind, target=death.process)
        )
