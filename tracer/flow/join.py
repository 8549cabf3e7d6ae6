"""Signals and what came of them: a death is joined to the signal that caused it, a SIGKILL to the milder
signal that the target survived."""

from __future__ import annotations

from tracer.flow.pending import KILL, WISHES, Pending, earlier
from tracer.model.event import Exit, Series, Signal, Statement, moment
from tracer.model.frozen import replace
from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.flow.filter import Filter
    from tracer.model.event import Event, Process

    Key = tuple[str | None, int | None, int | None]

REMEMBERED = 2048  # targets, some 5 KB each
IDS_REMEMBERED = 32_768


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
        is_of_shown = any(id_ in self._ids for id_ in (event.cause, *event.causes))
        return is_of_shown or (alone and self._is_wanted(event))

    def _is_wanted(self, event: Exit) -> bool:
        number = event.number
        if number is None:
            # Who failed by itself is shown as what is said of it would be.
            failed = Statement(event.time, "", event.source, "", about=event.process)
            return bool(event.status) and self._filter.matches(failed)
        crash = Signal(event.time, "", event.source, number, origin="fault", target=event.process)
        return self._filter.matches(crash)


class Joiner:
    """Sees every shown event once, in order; gives it back completed, or None to leave it out.

    ``joining`` are the sources that join deaths to signals themselves: of theirs the escalations are found here.
    ``is_full``: no further signal is shown.
    """

    def __init__(self, filter_: Filter, joining: frozenset[str] = frozenset()) -> None:
        self._targets: Bounded[Key, Pending] = Bounded(REMEMBERED)
        self._joining = joining
        self._told = Told(filter_)
        self.is_full = False

    def join(self, event: Event) -> Event | None:
        if isinstance(event, Signal):
            if event.source in self._joining:
                self._told.note((event.id,))
                if event.number not in WISHES:
                    return event
            return self._signal(event)
        if isinstance(event, Series):
            # None of them is a SIGKILL, so none is changed; what a death is joined to is one of these two.
            self._signal(event.first)
            self._signal(event.last())
            return event
        if not isinstance(event, Exit):
            return event
        if event.source in self._joining:
            self._targets.pop(_key(event.process, event.host), None)
            return event if self._told.passes(event, alone=not self.is_full) else None
        return self._exit(event)

    def expects_death(self) -> bool:
        """Whether a target that was sent something deadly has not been seen to end."""
        return any(target.may_die() for target in self._targets.values())

    def _signal(self, signal: Signal) -> Signal:
        if signal.target is None or signal.target.pid is None or signal.time is None:
            return signal
        key = _key(signal.target, signal.host)
        target = self._targets.get(key)
        if target is None:
            target = self._targets[key] = Pending()
        if signal.number == KILL:
            request = target.escalated(signal)
            if request:
                signal = replace(signal, escalates=earlier(request, signal.time))
        target.note(signal)
        return signal

    def _exit(self, event: Exit) -> Exit | None:
        target = self._targets.pop(_key(event.process, event.host), None)
        if target is None or not (target.any_serious or event.number):
            return None
        if event.time is None:
            return event
        if event.number is None:
            request = target.taken(event.time)
            if request is None:
                return event
            answers = earlier(request, event.time)
            return replace(event, handled=request.id, after_ns=answers.after_ns, answers=answers)
        causes = target.causes(event.number, event.time)
        if len(causes) != 1:
            return replace(event, causes=tuple([signal.id for signal in causes]))
        # A fault's own end, or what its tracer did, is told by the signal.
        return replace(
            event, cause=causes[0].id, after_ns=event.time - moment(causes[0]), origin=None
        )


def _key(process: Process, host: str | None) -> Key:
    return host, process.pid, process.start
