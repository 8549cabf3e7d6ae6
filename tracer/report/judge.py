"""Events as they come → deaths → verdicts, in bounded memory.

Each death is judged by itself, so that one kind's cause is not put to another's. Where there are too many, the
newest of each kind are, and how many were not is told. A death waits for its verdict as long as its witnesses are kept:
most are not judged, for newer ones of their kind have come.
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.report.kinds import Judged, kinds_of
from tracer.report.window import Window
from tracer.report.witnesses import Beside, Witnesses
from tracer.why.ask import witness_of
from tracer.why.deaths import deaths_in, key_of
from tracer.why.repeats import alike, newest_of_each
from tracer.why.verdict import opinion_of, with_sight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from typing import Protocol

    from tracer.model.coverage import Coverage
    from tracer.model.event import Event, Process
    from tracer.report.kinds import Kind
    from tracer.report.witnesses import Told
    from tracer.why.deaths import Death
    from tracer.why.verdict import Opinion

    class Wanted(Protocol):
        """``by_sender``: whether a death is wanted may depend on who was behind it."""

        by_sender: bool

        def __call__(self, death: Death, behind: Process | None) -> bool: ...


JUDGED_MAX = 2_000
# So many events are looked at for all of them: a microsecond each.
LOOKS_MAX = 10_000_000
# Deaths are looked for when so many events have come, and there are KEPT_MAX at most.
SOME, KEPT_MAX = 20_000, 100_000
# Kinds of which it is known how many were not judged.
KINDS_MAX = 10_000


@frozen
class Candidate:
    """A death that may be told by itself. ``beside`` has its neighbours until it is judged."""

    death: Death
    kind: Hashable
    beside: Beside | None
    opinion: Opinion | None = None
    events: tuple[Told, ...] = ()


@frozen
class Judgement:
    """``kinds`` by the time of their newest, of so many ``deaths``; ``left`` were not judged; ``plain`` ended with status
    0. ``forgotten`` events were let go while a death near them might have come."""

    kinds: tuple[Kind, ...]
    deaths: int
    left: int
    plain: int
    forgotten: int


class Judge:
    """Hears events in the order of their times, of each host. ``wanted`` says which deaths are meant."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._window = Window()
        self._next = SOME
        self._held: list[Candidate] = []
        self._looks = LOOKS_MAX
        self._left = self._plain = self._forgotten = 0
        self._left_of: dict[Hashable, int] = {}

    def hear(self, events: Iterable[Event]) -> None:
        """The next ones."""
        window = self._window
        for event in events:
            witness = witness_of(event)
            if witness is not None:
                window.add(witness)
                if len(window.events) >= self._next:
                    self._go_on()

    def judgement(self, coverages: Sequence[Coverage]) -> Judgement:
        """The verdicts, when everything was heard; ``coverages`` say what could have been seen."""
        self._find(len(self._window.events))
        found = [
            Judged(one.death, with_sight(one.opinion, coverages), one.events)
            for one in self._judged(self._held, self._looks)
            if one.opinion is not None
        ]
        kinds = kinds_of(found, self._left_of)
        return Judgement(tuple(kinds), len(found), self._left, self._plain, self._forgotten)

    def _go_on(self) -> None:
        """Judge who has waited, if no newer ones of its kind have come by now. Of too many events half are let go."""
        size = len(self._window.events)
        half = size // 2 if size >= KEPT_MAX else 0
        last = self._find(half)
        due = [one for one in self._held if half or one.beside is not last]
        rest = [one for one in self._held if not half and one.beside is last]
        self._held = [*self._judged(due, self._looks // 2), *rest]
        self._forgotten += self._window.drop(half)
        kept = len(self._window.events)
        self._next = min(KEPT_MAX, max(kept + SOME, kept + kept // 2))

    def _find(self, sure: int) -> Beside:
        """Hold the newest of each kind of what has died. Returns who is beside those that were found now."""
        deaths = deaths_in(self._window.to_search())
        beside = Beside(deaths)
        fresh = self._window.fresh(deaths, sure)
        telling = [one for one in fresh if one.number is not None or one.status != 0]
        self._plain += len(fresh) - len(telling)
        found = [Candidate(one, alike(one), beside) for one in telling]
        if self._wanted.by_sender:
            found = self._judged(found, self._looks // 2)
        else:
            found = [one for one in found if self._wanted(one.death, None)]
        ranked = newest_of_each([*self._held, *found], lambda one: one.death)
        self._held = ranked[:JUDGED_MAX]
        for one in ranked[JUDGED_MAX:]:
            self._leave(one)
        return beside

    def _judged(self, some: Sequence[Candidate], looks: int) -> list[Candidate]:
        """Those that are wanted, with their verdicts, as far as so many looks go."""
        pids = {key_of(one.death.process) for one in some if one.opinion is None}
        witnesses = Witnesses(self._window.events, pids)
        made = []
        for one in some:
            if one.opinion is not None:
                made.append(one)
                continue
            near = witnesses.of(one.death)
            looks -= len(near)
            if looks < 0:
                self._leave(one)
                continue
            self._looks -= len(near)
            beside = [] if one.beside is None else one.beside.of(one.death)
            opinion = opinion_of(one.death, near, beside)
            if not self._wanted.by_sender or self._wanted(one.death, opinion.behind):
                story = witnesses.story(one.death, opinion.verdict, near)
                made.append(Candidate(one.death, one.kind, None, opinion, story))
        return made

    def _leave(self, one: Candidate) -> None:
        self._left += 1
        if one.kind in self._left_of or len(self._left_of) < KINDS_MAX:
            self._left_of[one.kind] = self._left_of.get(one.kind, 0) + 1
