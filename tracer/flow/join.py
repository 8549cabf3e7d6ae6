"""Signals and what came of them: a death is joined to the signal that caused it, a SIGKILL to the milder
signal that the target survived."""

from __future__ import annotations

from tracer.model.event import Earlier, Exit, Repeats, Series, Signal
from tracer.model.frozen import replace
from tracer.model.memo import Bounded
from tracer.model.signals import NUMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.flow.filter import Filter
    from tracer.model.event import Event, Process

REMEMBERED = 16384
IDS_REMEMBERED = 32_768
KILL = NUMBERS["KILL"]
# A request to end that a program may answer in its own time; SIGKILL after one of them is an escalation.
MILD = frozenset(NUMBERS[name] for name in ("TERM", "INT", "QUIT", "HUP", "ABRT"))
# Signals that never end a process by default (signal(7)): its exit later has nothing to do with them.
HARMLESS = frozenset(
    NUMBERS[name] for name in ("CHLD", "CONT", "URG", "WINCH", "STOP", "TSTP", "TTIN", "TTOU")
)
QUEUED = frozenset(("delivered", "blocked", "info lost", None))  # None: audit does not tell


class Target:
    """The signals that one process was sent and has not died of yet, by number."""

    def __init__(self) -> None:
        self.fatal: dict[int, Signal] = {}
        self.last_handled: Signal | None = None
        self.mild: Signal | None = None
        self.any_serious = False

    def note(self, signal: Signal) -> None:
        if signal.number in HARMLESS:
            return
        self.any_serious = True
        if signal.outcome == "handled":
            self.last_handled = signal
        elif signal.outcome in QUEUED:
            known = self.fatal.get(signal.number)
            # What the target dies of is the first that nothing held back.
            if known is None or (known.outcome != "delivered" and signal.outcome == "delivered"):
                self.fatal[signal.number] = signal
        if signal.number in MILD and signal.why != "exiting":
            self.mild = self.mild or signal


class Told:
    """The deaths of sources that join them themselves: each passes with the signal that it follows, and a crash by
    itself where a signal of its number to its process is wanted: nothing else tells of that."""

    def __init__(self, filter_: Filter) -> None:
        self._filter = filter_
        self._ids: Bounded[str, None] = Bounded(2 * IDS_REMEMBERED)

    def note(self, ids: Iterable[str]) -> None:
        """These signals are shown."""
        for id_ in ids:
            self._ids[id_] = None

    def passes(self, event: Exit, *, alone: bool) -> bool:
        """Whether a death is shown; ``alone``: also where its signal is not."""
        return event.cause in self._ids or (alone and self._is_wanted(event))

    def _is_wanted(self, event: Exit) -> bool:
        if event.number is None:
            return False
        time, number = event.time or 0, event.number
        crash = Signal(time, "", event.source, number, origin="fault", target=event.process)
        return self._filter.matches(crash)


class Joiner:
    """Sees every shown event once, in order; gives it back completed, or None to leave it out.

    ``joining`` are the sources that join deaths to signals themselves. ``is_full``: no further signal is shown.
    """

    def __init__(self, filter_: Filter, joining: frozenset[str] = frozenset()) -> None:
        self._targets: Bounded[tuple[int | None, int | None], Target] = Bounded(REMEMBERED)
        self._joining = joining
        self._told = Told(filter_)
        self.is_full = False

    def join(self, event: Event) -> Event | None:
        if isinstance(event, Signal):
            if event.source not in self._joining:
                return self._signal(event)
            self._told.note((event.id,))
            return event
        if isinstance(event, Series):  # logs tell them
            self._told.note(event.ids)
            return event
        if isinstance(event, Repeats):
            # None of them is a SIGKILL, so none is changed; what a death is joined to is one of these two.
            self._signal(event.first)
            self._signal(event.last())
            return event
        if not isinstance(event, Exit):
            return event
        if event.source in self._joining:
            return event if self._told.passes(event, alone=not self.is_full) else None
        return self._exit(event)

    def expects_death(self) -> bool:
        """Whether a target that was sent something deadly has not been seen to end."""
        return any(
            signal.outcome in ("delivered", None)
            for target in self._targets.values()
            for signal in target.fatal.values()
        )

    def _signal(self, signal: Signal) -> Signal:
        if signal.target is None:
            return signal
        key = _key(signal.target)
        target = self._targets.get(key)
        if target is None:
            target = self._targets[key] = Target()
        mild = target.mild
        if (
            signal.number == KILL
            and mild
            and signal.outcome in ("delivered", None)
            and KILL not in target.fatal
        ):
            earlier = Earlier(mild.id, mild.number, signal.time - mild.time)
            signal = replace(signal, escalates=earlier)
        target.note(signal)
        return signal

    def _exit(self, event: Exit) -> Exit | None:
        target = self._targets.pop(_key(event.process), None)
        if target is None or not (target.any_serious or event.number):
            return None
        cause = target.last_handled if event.number is None else target.fatal.get(event.number)
        if cause is None or event.time is None:
            return event
        after = event.time - cause.time
        if event.number is None:
            return replace(event, handled=cause.id, after_ns=after)
        return replace(event, cause=cause.id, after_ns=after)


def _key(process: Process) -> tuple[int | None, int | None]:
    return process.pid, process.start
