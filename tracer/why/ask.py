"""All events that were read → the verdicts that were asked for."""

from __future__ import annotations

from tracer.model.event import (
    Exec,
    Exit,
    Failed,
    Loss,
    Mark,
    Series,
    Signal,
    Statement,
    moment,
)
from tracer.model.frozen import frozen
from tracer.model.names import container_names, names_of
from tracer.model.signals import NUMBERS
from tracer.model.text import printable
from tracer.model.times import utc
from tracer.why import overview, query
from tracer.why.deaths import deaths_in
from tracer.why.finding import CONT
from tracer.why.lost import lost_with_the_host
from tracer.why.neighbours import Neighbours
from tracer.why.repeats import newest_of_each, with_repeats
from tracer.why.tellings import has_failed, without_failed
from tracer.why.undated import as_told, is_dated, placed
from tracer.why.verdict import verdict_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from typing import Optional, Union

    from tracer.model.coverage import Coverage
    from tracer.model.event import Event
    from tracer.model.verdict import Verdict
    from tracer.why.deaths import Death

    # Since when and until when, in nanoseconds.
    Window = tuple[Optional[int], Optional[int]]
    Witness = Union[Signal, Exit, Failed, Statement, Exec, Mark]

ALWAYS = (None, None)
# Events that are kept at most: the latest. 500 bytes each make 200 MB of a million.
KEPT_MAX = 200_000
# Deaths that are judged at a glance: the newest of each kind first. Each is compared with all of its kind.
JUDGED_MAX = 2_000
# As many as so many events are near them, all together: a quarter of a minute.
GLANCE_MAX = 10_000_000
MISSING_MAX = 5
# Of earlier deaths so many are judged as so many events are near them, all together: three tenths of a second.
LOOKS_MAX = 50_000
# Signals that end nobody by default and ask for nothing (signal(7)) are not kept. With SIGWINCH httpd is asked to end
# (its page "Stopping and Restarting").
_IDLE = frozenset(NUMBERS[name] for name in ("CHLD", "URG", "CONT"))
_KINDS = (Signal, Exit, Failed, Statement, Exec, Mark)


def witness_of(event: Event) -> Witness | None:
    """What of an event a verdict may need; None if nothing."""
    if isinstance(event, Series):
        return witness_of(event.first)  # Of signals that differ in nothing but time one tells all.
    if isinstance(event, Signal) and event.number in _IDLE and not _is_of_a_stop(event):
        return None
    return event if isinstance(event, _KINDS) else None


def _is_of_a_stop(signal: Signal) -> bool:
    """Whether it may be the SIGCONT that systemd sends behind the request to end, when it stops a unit."""
    return signal.number == CONT and signal.sender is not None and signal.sender.pid == 1


class Heard:
    """What witnesses told, as far as a verdict may need it; the oldest goes first where it is too much. ``lives_on``: of
    which deaths it is known better (tracer.why.living)."""

    def __init__(
        self, events: Iterable[Event] = (), lives_on: Callable[[Death], bool] | None = None
    ) -> None:
        self._lives_on = lives_on
        self.events: list[Event] = []
        self.missing: dict[str, None] = {}
        self.forgotten = 0
        self.hear(events)

    def hear(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Loss) and event.time is None and event.where:
                self.missing[event.where] = None  # Of a file that is damaged, or cut.
            witness = witness_of(event)
            if witness is not None:
                self.events.append(placed(witness))
            if len(self.events) > 2 * KEPT_MAX:
                self.forgotten += len(self.events) - KEPT_MAX
                del self.events[:-KEPT_MAX]

    def hear_between(self, events: Iterable[Event]) -> None:
        """Take what is told when all has been heard: each before what came later, or in the same whole second."""
        for event in events:
            at = len(self.events)
            while at and moment(self.events[at - 1]) >= moment(event):
                at -= 1
            self.events.insert(at, event)

    def deaths(self) -> list[Death]:
        """Every end that they tell of."""
        lives_on, found = self._lives_on, deaths_in(self.events)
        return found if lives_on is None else [one for one in found if not lives_on(one)]

    def units_of(self, what: bytes) -> list[bytes]:
        """The units of those that fit and have ended, newest first."""
        ends = (one.process for one in reversed(self.events) if isinstance(one, Exit))
        return list(dict.fromkeys(one.unit for one in ends if one.unit and query.fits(one, what)))

    def notes(self) -> list[str]:
        """What is missing or was forgotten, for who reads a verdict that it might have changed."""
        missing = [f"missing: {printable(where)}" for where in [*self.missing][:MISSING_MAX]]
        return missing + self._forgotten()

    def _forgotten(self) -> list[str]:
        if not self.forgotten:
            return []
        first = next(
            (one.time for one in self.events if one.time is not None and is_dated(one.time)), None
        )
        since = "" if first is None else f": what came before {utc(first)} is not looked at"
        return [
            f"{self.forgotten} events are too many to be kept{since}; --since and --until take others"
        ]


@frozen
class Answer:
    """``verdicts`` newest first; ``others`` are deaths that fit, too. Where none fits: ``names`` of all who died, and
    ``outside``, the deaths of another time than was asked for, newest first, and ``survived``, the last signal to one that fits. ``all_ends``: see ``absent.Asked``."""

    verdicts: tuple[Verdict, ...]
    others: tuple[Death, ...] = ()
    names: tuple[bytes, ...] = ()
    outside: tuple[Death, ...] = ()
    all_ends: bool | None = None
    survived: Signal | None = None


def answer(
    heard: Heard,
    coverages: Sequence[Coverage],
    what: bytes,
    window: Window = ALWAYS,
    *,
    count: int = 1,
    at: int | None = None,
    runs_of: Callable[[], Collection[tuple[bytes, bytes]]] = tuple,
) -> Answer:
    """The verdicts on the last deaths in the window that fit, or on those nearest to ``at`` (ns); newest first.
    ``runs_of`` gives the runs of units of which who is meant has written lines: where none fits these are told, with that
    doubt."""
    deaths = [*heard.deaths(), *lost_with_the_host(heard.events)]
    named = query.died(deaths, what)
    by_run = not named
    if by_run:
        named = query.of_runs(deaths, runs_of())
    found = [one for one in named if _is_in(window, one)]
    wanted = found if at is None else sorted(found, key=lambda death: abs(death.time - at))
    chosen = set(map(id, wanted[:count]))
    near = Neighbours(heard.events, deaths)
    verdicts = [_with_repeats(one, near, coverages) for one in found if id(one) in chosen]
    others = tuple(one for one in found if id(one) not in chosen)
    names = () if found else tuple({name for one in deaths for name in _names(one)})
    outside = () if found else tuple(named)
    all_ends = None if found else _has_all_ends(heard.events)
    if by_run:
        verdicts = [query.by_its_run(verdict, what) for verdict in verdicts]
    survived = None if named else _last_to(without_failed(heard.events), what)
    return Answer(tuple(map(as_told, verdicts)), others, names, outside, all_ends, survived)


def _last_to(events: Sequence[Event], what: bytes) -> Signal | None:
    """The last signal to a process that fits."""
    for one in reversed(events):
        if isinstance(one, Signal) and one.target is not None and query.fits(one.target, what):
            return one
    return None


def _has_all_ends(events: Iterable[Event]) -> bool | None:
    """Whether each recorder that was heard of kept the end of every process; None where none was."""
    kept = [(one.details or {}).get("exits") for one in events if isinstance(one, Mark)]
    told = [one for one in kept if one is not None]
    return all(one == "all" for one in told) if told else None


def _is_in(window: Window, death: Death) -> bool:
    """What bears no date may be of any time."""
    since, until = window
    if not is_dated(death.time):
        return True
    return (since is None or since <= death.time) and (until is None or death.time <= until)


def _judged(death: Death, near: Neighbours, coverages: Sequence[Coverage]) -> Verdict:
    return verdict_of(death, near.events_of(death), coverages, near.deaths_of(death), near.logins)


def _with_repeats(death: Death, near: Neighbours, coverages: Sequence[Coverage]) -> Verdict:
    """The verdict, with how often the same came before: the newest of the earlier ones are judged, too."""
    verdict, looks = _judged(death, near, coverages), LOOKS_MAX
    earlier = []
    for one in near.earlier(death, verdict):
        looks -= near.count_of(one) if looks > 0 else 0
        earlier.append((one, _judged(one, near, coverages) if looks > 0 else None))
    return with_repeats(verdict, death, earlier)


def _names(death: Death) -> tuple[bytes, ...]:
    return (*names_of(death.process), *container_names(death.process))


def _ended_well(death: Death) -> bool:
    """Whether nothing is told of it but that a unit is over: it did not fail, says its manager."""
    if (death.number, death.status, death.reported) != (None, None, None):
        return False
    said = [one for one in death.tellings if isinstance(one, Statement)]
    return not any(one.what == "boot" or has_failed(one) for one in said)


def unordered(
    heard: Heard, coverages: Sequence[Coverage], window: Window, repeats: bool
) -> tuple[list[Verdict], int]:
    """The verdicts on the deaths in the window that nobody asked a manager for; of so many earlier ones it is not known.
    ``repeats``: each with how often the same came before."""
    deaths = [*heard.deaths(), *lost_with_the_host(heard.events)]
    near = Neighbours(heard.events, deaths)
    meant = [one for one in deaths if _is_in(window, one) and not _ended_well(one)]
    verdicts = [(one, _judged(one, near, coverages)) for one in _looked_at(meant, near)]
    known = {id(one): verdict for one, verdict in verdicts}
    found = [
        as_told(
            with_repeats(
                verdict,
                death,
                [(one, known.get(id(one))) for one in near.earlier(death, verdict)]
                if repeats
                else (),
            )
        )
        for death, verdict in verdicts
        if overview.unordered(verdict)
    ]
    return found, len(meant) - len(verdicts)


def _looked_at(deaths: Iterable[Death], near: Neighbours) -> Iterator[Death]:
    """Those that are judged of too many: one at least."""
    looks = GLANCE_MAX
    for one in newest_of_each(deaths, lambda death: death)[:JUDGED_MAX]:
        if looks <= 0:
            return
        looks -= near.count_of(one)
        yield one
