"""What a recorder saw, from the marks that it has left: docs/recording.md has the words in them."""

from __future__ import annotations

from tracer.model.coverage import KINDS, Blind, Coverage, Gap, Gaps, Span
from tracer.model.event import Loss, Mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Event

NAME = "recording"


class Run:
    """One recorder from its begin to its end: what it could see, when, and what it lost."""

    def __init__(self, mark: Mark) -> None:
        details = mark.details or {}
        self.host = mark.host
        self.kinds = tuple(kind for kind in _words(details.get("kinds")) if kind in KINDS)
        self.blind = tuple(_blind(text) for text in _words(details.get("unseen")))
        self.spans: list[Span] = []
        self.gaps = Gaps()
        self.began = self.last = mark.time

    def end(self, time: int) -> None:
        self.spans.append(Span(self.began, max(self.began, time)))

    def coverage(self, last: int | None) -> Coverage:
        """``last``: it is open, and had seen everything up to then."""
        open_ = () if last is None else (Span(self.began, max(self.began, last)),)
        return Coverage(
            NAME, self.kinds, (*self.spans, *open_), self.gaps.told(), self.blind, self.host
        )


class Sight:
    """Is shown every event in the order in which it is written. Two runs with other settings are two coverages."""

    def __init__(self) -> None:
        self._over: list[Coverage] = []
        self._run: Run | None = None

    def note(self, event: Event) -> None:
        if isinstance(event, Mark):
            self._mark(event)
        run = self._run
        if run is None or event.time is None:
            return
        if isinstance(event, Loss):
            run.gaps.add(Gap(min(run.last, event.time), event.time, event.count, event.where))
        run.last = max(run.last, event.time)

    def between(self) -> None:
        """Something of the recording is not read, or cannot be: nothing is known from here to the next mark."""
        self._close(None)

    def coverage(self, now: int | None = None) -> list[Coverage]:
        """``now``: the recorder is still at work, and all that it had seen by now was read."""
        run = self._run
        if run is None:
            return list(self._over)
        return [*self._over, run.coverage(run.last if now is None else max(run.last, now))]

    def _mark(self, mark: Mark) -> None:
        if mark.what == "begin" or (mark.what == "rotate" and self._run is None):
            self._close(None)
            self._run = Run(mark)
        elif mark.what == "end":
            self._close(mark.time)
        elif mark.what == "clock step" and self._run is not None:
            self._step(mark, self._run)

    def _step(self, mark: Mark, run: Run) -> None:
        """The clock was set: what lies between its two readings may have happened twice, or not at all."""
        run.end(run.last)
        run.began = run.last = mark.time

    def _close(self, time: int | None) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end(run.last if time is None else time)
            self._over.append(run.coverage(None))


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _blind(text: str) -> Blind:
    """ "sends, kernel: why"; without a kind, all of them."""
    kinds, colon, why = text.partition(": ")
    named = tuple(kinds.split(", "))
    if not colon or not set(named) <= set(KINDS):
        return Blind((), (text,))
    return Blind(named, (why,))


def unseen_of(blind: Blind) -> list[str]:
    """What ``_blind`` reads."""
    head = f"{', '.join(blind.kinds)}: " if blind.kinds else ""
    return [head + why for why in blind.why]
