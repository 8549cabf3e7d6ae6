"""What stands beside a verdict: the kernel's counters, the last words of who died, the lines of a person's own files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tracer.host.timers import timer_of
from tracer.model.frozen import replace
from tracer.sources.logs.files import open_log
from tracer.sources.spoken import written_before
from tracer.why import tell
from tracer.why.counts import with_counts
from tracer.why.last_words import with_last_words
from tracer.why.quotes import with_lines
from tracer.why.timed import with_timer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.verdict import Verdict
    from tracer.sources.found import Found
    from tracer.why.ask import Answer


def with_all(
    answer: Answer, named: Found, context: Sequence[str], *, is_here: bool, quotes: bool = False
) -> Answer:
    """The answer, its verdicts with all of that. ``is_here``: they are about this host, whose counters may be asked.
    ``quotes``: with the lines of texts that they stand on."""

    said = saying(named)
    root = "/" if is_here else named.root

    def more(verdict: Verdict) -> Verdict:
        counted = with_counts(verdict) if is_here else verdict
        if root is not None:
            counted = with_timer(counted, partial(timer_of, root=root))
        whole = tell.with_more(said(counted), context, open_log)
        return with_lines(whole, open_log, named.root) if quotes else whole

    return replace(answer, verdicts=tuple(map(more, answer.verdicts)))


def saying(named: Found) -> Callable[[Verdict], Verdict]:
    """What gives a verdict the last words of who died, from these logs and journals."""
    return partial(with_last_words, written_before=partial(written_before, named))
