"""Which events a user wants: one meaning, ``Filter.matches``. The kernel does part of it (``tracer.flow.kernel_filter``)."""

from __future__ import annotations

from tracer.flow.judge import BOTH, FROM, TO
from tracer.model import outcome as outcomes
from tracer.model import signals
from tracer.model.errors import Problem
from tracer.model.event import (
    Exec,
    Exit,
    Failed,
    Loss,
    Mark,
    Probe,
    Process,
    Series,
    Signal,
    Statement,
)
from tracer.model.frozen import frozen
from tracer.model.origin import CALL_ORIGINS, ORIGINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.flow.ends import Term, Value
    from tracer.flow.judge import Demand
    from tracer.model.event import Event


# Who acts or speaks, and whom that concerns, where it is no sender and target.
_ENDS: dict[type, tuple[str | None, str | None]] = {
    Statement: ("by", "about"),
    Exec: ("process", None),
    Mark: (None, None),
}


@frozen
class Filter:
    """What is wanted; an empty part wants everything. Wanted terms are alternatives of each other."""

    signals: frozenset[int] = signals.EVERY
    sender: tuple[Term, ...] = ()
    target: tuple[Term, ...] = ()
    either: tuple[Term, ...] = ()
    values: tuple[Value, ...] = ()
    outcomes: frozenset[str] = frozenset()
    fates: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None
    probes: bool = True

    def demands(self) -> tuple[Demand, ...]:
        """What is asked of the ends: each must be met, by one of the ends that it is asked of."""
        kinds = dict.fromkeys(value.kind for value in self.values)
        of_kinds: list[tuple[Term | Value, ...]] = [
            tuple([one for one in self.values if one.kind == kind]) for kind in kinds
        ]
        asked = ((self.sender, FROM), (self.target, TO), (self.either, BOTH))
        return tuple(
            [demand for demand in (*asked, *((words, BOTH) for words in of_kinds)) if demand[0]]
        )

    def looks_at_names(self) -> bool:
        """Whether it asks for processes by name, or by a word of their command lines."""
        terms = (*self.sender, *self.target, *self.either)
        return any(term.pid is None for term in terms) or any(
            value.kind in ("arg", "children-of") for value in self.values
        )

    def matches(self, event: Event) -> bool:
        """Whether to show the event. Losses of its time always; deaths are shown with the signal they follow."""
        if isinstance(event, Loss):
            return self._time_fits(event.time)
        if isinstance(event, Exit):
            return True
        if isinstance(event, Series):
            return self.matches(event.first)
        if isinstance(event, (Statement, Exec, Mark)):
            return self._time_fits(event.time) and self._says_what_is_wanted(event)
        return self._time_fits(event.time) and self._fits(event)

    def _says_what_is_wanted(self, event: Statement | Exec | Mark) -> bool:
        """Who asks for signals of some kind does not mean what is said about them."""
        if (
            self.outcomes
            or self.fates
            or self.origins
            or not self.signals >= signals.EVERY - signals.NOISY
        ):
            return False
        return self._ends_fit(event)

    def _fits(self, event: Signal | Failed | Probe) -> bool:
        # Who asks how it ended, too, is answered when that is known (tracer.flow.fates).
        if self.outcomes and not self.fates and outcome_word(event) not in self.outcomes:
            return False
        if self.origins and _origin(event) not in self.origins:
            return False
        return self._number_fits(event) and self._ends_fit(event)

    def _number_fits(self, event: Signal | Failed | Probe) -> bool:
        number = 0 if isinstance(event, Probe) else event.number
        if number == 0:
            return self.probes
        if number is None or number in self.signals:
            return True
        # A refused call may have named no signal at all (EINVAL): it is shown unless some were chosen.
        return number not in signals.EVERY and self.signals >= signals.EVERY - signals.NOISY

    def _time_fits(self, time: int | None) -> bool:
        """What has no time is of any."""
        if time is None:
            return True
        return (self.since is None or time >= self.since) and (
            self.until is None or time <= self.until
        )

    def _ends_fit(self, event: Signal | Failed | Probe | Statement | Exec | Mark) -> bool:
        if not (self.sender or self.target or self.either or self.values):
            return True
        sender, target = ends_of(event)
        return all(
            _allow(words, (sender if ends & FROM else []) + (target if ends & TO else []))
            for words, ends in self.demands()
        )


def words_of(filter_: Filter) -> list[str]:
    """What is wanted of the ends, in words: "to nginx, webapp", "not from systemd", "unit cron.service"."""
    made = []
    for word, terms in (("from", filter_.sender), ("to", filter_.target), ("of", filter_.either)):
        wanted = [term.words() for term in terms if not term.excluded]
        unwanted = [term.words().replace("not ", "", 1) for term in terms if term.excluded]
        made += [f"{word} {', '.join(wanted)}"] if wanted else []
        made += [f"not {word} {', '.join(unwanted)}"] if unwanted else []
    made += [value.words() for value in filter_.values]
    for word, chosen in (
        ("outcome", filter_.outcomes | filter_.fates),
        ("origin", filter_.origins),
    ):
        made += [f"{word} {', '.join(sorted(chosen))}"] if chosen else []
    return made


def ends_of(
    event: Signal | Failed | Probe | Statement | Exec | Mark,
) -> tuple[list[Process], list[Process]]:
    """Who acts or speaks, and whom that concerns."""
    by, about = _ENDS.get(type(event), ("sender", "target"))
    acting, concerned = by and getattr(event, by), about and getattr(event, about)
    return [acting] if acting else [], [concerned] if concerned else []


def outcome_word(event: Signal | Failed | Probe) -> str | None:
    if isinstance(event, Signal):
        return event.outcome or event.why
    return outcomes.REFUSED if isinstance(event, Failed) else outcomes.EXISTS


def _origin(event: Signal | Failed | Probe) -> str | None:
    return event.origin if isinstance(event, Signal) else CALL_ORIGINS.get(event.call or "")


def _allow(terms: Iterable[Term | Value], ends: list[Process]) -> bool:
    """No excluded term fits any end, and a wanted one, if there is one, fits some end."""
    wanted = [term for term in terms if not term.excluded]
    if any(term.excluded and any(map(term.fits, ends)) for term in terms):
        return False
    return not wanted or any(any(map(term.fits, ends)) for term in wanted)


def parse_words(
    text: str, option: str, known: Iterable[str], aliases: dict[str, str]
) -> frozenset[str]:
    """A comma-separated choice of known words; ``-`` and ``_`` stand for a blank, ``!`` excludes."""
    names = {name: name for name in known}
    names.update(aliases)
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for part in text.split(","):
        word = part.strip().lower().lstrip("!").replace("-", " ").replace("_", " ")
        if word not in names:
            from tracer.model.near import near

            words = sorted(one.replace(" ", "-") for one in set(names.values()))
            raise Problem(
                f"{option} {text!r} is not understood",
                f"{part.strip()!r} is none of its words{near(word.replace(' ', '-'), words)}",
                ", ".join(words),
            )
        (unwanted if part.strip().startswith("!") else wanted).add(names[word])
    return frozenset((wanted or set(names.values())) - unwanted)


def parse_outcomes(text: str) -> frozenset[str]:
    """Words of outcomes, of attempts and of fates."""
    known = (*outcomes.OUTCOMES, *outcomes.ATTEMPTS, *outcomes.FATES)
    return parse_words(text, "--outcome", known, outcomes.ALIASES)


def parse_origins(text: str) -> frozenset[str]:
    return parse_words(text, "--origin", ORIGINS, {})
