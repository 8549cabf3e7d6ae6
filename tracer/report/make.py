"""All that is read → the data of the report."""

from __future__ import annotations

from tracer.flow.source import every
from tracer.model.event import Signal
from tracer.report.data import data_of
from tracer.report.gather import Gathered
from tracer.report.judge import judged
from tracer.why.ask import Heard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracer.flow.filter import Filter
    from tracer.flow.source import Source
    from tracer.model.verdict import Verdict
    from tracer.report.data import Hide
    from tracer.why.deaths import Death


def report_of(
    source: Source, filter_: Filter, read: Callable[[], list[str]], hide: Hide
) -> dict[str, Any]:
    """The data; ``read`` is asked, at the end, what was read."""
    gathered = Gathered(filter_)
    heard = Heard(gathered.passing(every(source)))
    seen = source.coverage()
    judgement = judged(heard.events, seen, wanted_by(filter_))
    return data_of(gathered, judgement, seen, read(), hide=hide, forgotten=heard.forgotten)


def wanted_by(filter_: Filter) -> Callable[[Death, Verdict], bool]:
    """Whether a death is meant: as the signal from who was behind it to who ended."""

    def wanted(death: Death, verdict: Verdict) -> bool:
        who = verdict.who
        as_sent = Signal(
            death.time, "", "", death.number or next(iter(filter_.signals), 0),
            sender=None if who is None else who.asked or who.sender, target=death.process,
        )  # fmt: skip
        return filter_.matches(as_sent)

    return wanted
