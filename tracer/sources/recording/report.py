"""What is said after a replay of a recording: when somebody recorded, and what was not seen then."""

from __future__ import annotations

from tracer.model.text import counted
from tracer.model.times import SECOND, utc
from tracer.sources.recording.files import find_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracer.model.coverage import Coverage
    from tracer.sources.recording.source import Recording

_GAPS_MAX = 5


def account(source: Recording, shown: int) -> Iterator[str]:
    """Lines about the reading as a whole."""
    files = counted(len(source.pieces), "file")
    yield f"read {counted(source.lines, 'line')} of {files}; {counted(shown, 'event')} shown"
    yield from passed_over(source)
    yield from _seen(source.coverage()) if source.pieces else _of_another_time(source)


def passed_over(source: Recording) -> Iterator[str]:
    """What of it is damaged, or not understood."""
    for why, count in sorted(source.passed.items()):
        yield f"passed over: {why}: {count:,}"


def _of_another_time(source: Recording) -> Iterator[str]:
    """From when to when its pieces are, of which none holds anything of the time that was asked for."""
    for newest in (every := find_pieces(source.paths, None, None))[-1:]:
        until = "now" if newest.last is None else _moment(newest.last)
        yield f"the recording has nothing of that time: it reaches from {_moment(every[0].first)} to {until}"


def _seen(sights: Sequence[Coverage]) -> Iterator[str]:
    spans = sorted((span for one in sights for span in one.spans), key=lambda span: span.began)
    if not spans:
        yield "nothing says when this was recorded without gaps: that something is missing here proves nothing"
        return
    ended = max(span.ended or span.began for span in spans)
    yield f"recorded from {_moment(spans[0].began)} to {_moment(ended)}"
    apart = [
        (before.ended, after.began)
        for before, after in zip(spans, spans[1:])
        if before.ended is not None and after.began - before.ended > SECOND
    ]
    for since, until in apart[-_GAPS_MAX:]:
        yield f"not recorded: {_moment(since)} to {_moment(until)}"
    if len(apart) > _GAPS_MAX:
        yield f"not recorded: {len(apart) - _GAPS_MAX} times before that"
    lost = [gap for one in sights for gap in one.gaps]
    if lost:
        known = sum(gap.count or 0 for gap in lost)
        yield f"lost: {known:,} or more, {counted(len(lost), 'time')} ({lost[-1].why})"
    for why in dict.fromkeys(why for one in sights for blind in one.blind for why in blind.why):
        yield f"not seen: {why}"


def _moment(time: int) -> str:
    return utc(time)[:19] + "Z"
