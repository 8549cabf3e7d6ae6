"""What a source saw and did not see, as data: from when to when, which kinds, with which gaps.

A negative ("no death in that window") is claimed only where ``lacking`` finds nothing. Times are nanoseconds since
the epoch, UTC.
"""

from __future__ import annotations

from tracer.model.event import Loss
from tracer.model.frozen import frozen, replace
from tracer.model.times import local_moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.model.event import Event

# What may be seen or not.
KINDS = {
    "sends": "signals that processes send",
    "kernel": "signals that the kernel sends",
    "outcomes": "what becomes of a signal",
    "deaths": "how processes end",
    "refused": "sends that are refused",
    "probes": "sends of signal 0",
    "oom": "kills of the OOM killer",
    "oom count": "how many the OOM killer has killed, without times",
    "statements": "what others say of a process or unit",
    "commands": "control commands that are run",
}
# So many gaps are told apart. Two neighbours become one that reaches from the first to the second.
GAPS_MAX = 256


@frozen
class Span:
    """A time of seeing; ``ended`` None: it goes on."""

    began: int
    ended: int | None = None


@frozen
class Gap:
    """Something is missing, of some time between these two. ``began`` None: from the first on; ``ended`` None: to the
    last; ``count`` None: nobody knows how much."""

    began: int | None
    ended: int | None
    count: int | None
    why: str


@frozen
class Blind:
    """What stays unseen all the time, or may have; no kind: of every kind seen.

    ``why`` is a sentence, or more, for people. ``try_`` is what to type in order to see it. ``quiet``: the user
    knows, or it hides hardly anything; it matters to who claims a negative.
    """

    kinds: tuple[str, ...]
    why: tuple[str, ...]
    try_: tuple[str, ...] = ()
    quiet: bool = False


@frozen
class Coverage:
    """What one source saw of one host. ``host`` None: the one that it is read on, or one without a name. ``left_out``:
    signals that the filter's words did not fit, and which the kernel has therefore kept to itself; of a source that is closed."""

    source: str
    kinds: tuple[str, ...]
    spans: tuple[Span, ...]
    gaps: tuple[Gap, ...] = ()
    blind: tuple[Blind, ...] = ()
    host: str | None = None
    left_out: int = 0

    def blind_to(self, kind: str) -> list[Blind]:
        """What hides some of this kind."""
        return [one for one in self.blind if not one.kinds or kind in one.kinds]


class Gaps:
    """The gaps of a reading, as they come: few enough to be kept for as long as a trace runs."""

    def __init__(self, most: int = GAPS_MAX) -> None:
        self._gaps: list[Gap] = []
        self._most = most

    def add(self, gap: Gap) -> None:
        gaps = self._gaps
        gaps.append(gap)
        if len(gaps) > self._most:
            self._gaps = [_one(*gaps[at : at + 2]) for at in range(0, len(gaps), 2)]

    def __bool__(self) -> bool:
        return bool(self._gaps)

    def told(self) -> tuple[Gap, ...]:
        return tuple(self._gaps)


class GapsBetween:
    """The gaps of a log whose losses say of what they know no more than where they were noticed: what is missing lies
    between what was told before and what is told next."""

    def __init__(self) -> None:
        self._gaps, self._open = Gaps(), Gaps()
        self._told: int | None = None

    def note(self, event: Event) -> None:
        """Take an event, in the order in which they are told."""
        if isinstance(event, Loss):
            known = [time for time in (self._told, event.time) if time is not None]
            began = None if self._told is None else min(known)
            self._open.add(Gap(began, event.time, event.count, event.where))
        elif event.time is not None:
            if self._told is None or event.time > self._told:
                self._told = event.time
            if self._open:
                self._end_before(self._told)

    def _end_before(self, time: int) -> None:
        noticed, self._open = self._open.told(), Gaps()
        for gap in noticed:
            if gap.ended is None or gap.ended < time:
                self._gaps.add(replace(gap, ended=time))
            else:
                self._open.add(gap)

    def told(self) -> tuple[Gap, ...]:
        """Of what nothing later was told, the end is not known."""
        return (*self._gaps.told(), *(replace(gap, ended=None) for gap in self._open.told()))


def _one(first: Gap, second: Gap | None = None) -> Gap:
    if second is None:
        return first
    known = first.count is not None and second.count is not None
    count = (first.count or 0) + (second.count or 0) if known else None
    whys = [first.why] if second.why in first.why else [first.why, second.why]
    ends = first.ended, second.ended
    ended = None if None in ends else max(end for end in ends if end is not None)
    return Gap(first.began, ended, count, "; ".join(whys))


def lacking(coverages: Iterable[Coverage], kind: str, began: int, ended: int) -> list[str]:
    """Why nobody can say that nothing of this kind happened between two times; [] if that can be said.

    One source may have seen the beginning and another one the end.
    """
    left = [(began, ended + 1)]
    reasons: list[tuple[str, int, int]] = []
    for one in coverages:
        if kind in one.kinds:
            missing = _missing(one, kind, began, ended + 1)
            reasons += missing
            left = _joined(
                both
                for first, last in left
                for _, since, until in missing
                if (both := (max(first, since), min(last, until))) and both[0] < both[1]
            )
    if not left:
        return []
    whys = [
        why
        for why, since, until in reasons
        if any(since < last and first < until for first, last in left)
    ]
    return list(dict.fromkeys(whys)) or [f"there is no record of {KINDS.get(kind, kind)}"]


def _joined(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same times without overlap: as many sources with as many gaps would else multiply."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


def _missing(one: Coverage, kind: str, began: int, ended: int) -> list[tuple[str, int, int]]:
    """What a source may have missed from ``began`` to before ``ended``: why, since when and until when."""
    hidden = [why for blind in one.blind_to(kind) for why in blind.why]
    if hidden:
        return [(why, began, ended) for why in hidden]
    outside = [(began, ended)]
    for span in one.spans:
        outside = [
            part
            for first, last in outside
            for part in (
                (first, min(last, span.began)),
                (first if span.ended is None else max(first, span.ended + 1), last),
            )[: 1 if span.ended is None else 2]
            if part[0] < part[1]
        ]
    missing = [(_unseen(one, *part), *part) for part in outside]
    for gap in one.gaps:
        since = began if gap.began is None else max(began, gap.began)
        until = ended if gap.ended is None else min(ended, gap.ended + 1)
        if since < until:
            missing.append((gap.why, since, until))
    return missing


def _unseen(one: Coverage, began: int, ended: int) -> str:
    """Why a source has not seen a time that lies outside of its spans."""
    before = [span.ended for span in one.spans if span.ended is not None and span.ended < began]
    behind = [span.began for span in one.spans if span.began >= ended]
    if behind and not before:
        return f"{one.source} begins at {_clock(min(behind))}"
    if before and not behind:
        return f"{one.source} ends at {_clock(max(before))}"
    if before and behind:
        return f"{one.source} saw nothing from {_clock(max(before))} to {_clock(min(behind))}"
    return f"{one.source} saw nothing then"


def _clock(moment: int) -> str:
    return local_moment(moment).partition(".")[0]


def until(coverage: Coverage, now: int) -> Coverage:
    """The same, ended by now."""
    spans = tuple(
        replace(span, ended=now) if span.ended is None else span for span in coverage.spans
    )
    return replace(coverage, spans=spans)
