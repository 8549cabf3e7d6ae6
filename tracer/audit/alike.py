"""Kills that differ from an earlier one in their stamps alone: what that one meant, these mean, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Callable, NamedTuple

from tracer.audit.argv import title_of
from tracer.audit.coalesce import Group
from tracer.audit.known import Known
from tracer.audit.meaning import remember
from tracer.audit.record import Record, Stamp
from tracer.model.event import Series, Signal

if TYPE_CHECKING:
    from tracer.model.event import Event


class Model:
    """A kill's records. ``like``: what they mean while nothing else is known of the victim.

    ``hold``: the sender's arguments are cut, and may be completed by what the log showed before.
    """

    __slots__ = ("hold", "like", "records", "sender", "victim")

    def __init__(self, records: tuple[Record, ...]) -> None:
        self.records = records
        self.like: Signal | None = None
        self.sender = self.victim = 0
        self.hold = title_of(records)[1]

    def learn(self, events: Sequence[Event], known: Known) -> None:
        """Take ``like`` from what the records meant, if that is one signal from one to another."""
        one = events[0] if len(events) == 1 else None
        if self.hold or not isinstance(one, Signal) or not one.sender or not one.target:
            return
        sender, victim = one.sender.pid, one.target.pid
        if sender is None or victim is None or one.target_is_asked or known.is_seen(None, victim):
            return
        self.like, self.sender, self.victim = one, sender, victim


class Alike(NamedTuple):
    """Kills in the order of the log: each by its model, its id, and its stamp."""

    log: int
    models: list[Model]
    ids: list[str]
    stamps: list[Stamp]

    @property
    def stamp(self) -> Stamp:
        """The first one's."""
        return self.stamps[0]

    def records(self) -> Iterator[Record]:
        """Their records one by one, for who cannot take them together."""
        for model, stamp in zip(self.models, self.stamps):
            for one in model.records:
                yield one._replace(stamp=stamp)


def told_by_models(
    alike: Alike, known: Known, read: Callable[[Group], Sequence[Event]]
) -> Iterator[Event]:
    """The events of kills; ``read`` tells what one means that its model cannot tell."""
    run = _Run(known)
    for model, id_, stamp in zip(alike.models, alike.ids, alike.stamps):
        if model.like is None or model.victim in run.senders or known.is_seen(None, model.victim):
            yield from run.end()
            run = _Run(known)
            told = read(Group(stamp, model.records))
            model.learn(told, known)
            yield from told
        else:
            run.add(model, model.like, id_, stamp)
    yield from run.end()


class _Run:
    """Kills one after another that their models tell; of each process the last one counts."""

    def __init__(self, known: Known) -> None:
        self.senders: dict[int, tuple[Stamp, Model]] = {}
        self._victims: dict[tuple[int, int], tuple[Stamp, str]] = {}
        self._series = Series([], [], [])
        self._known = known

    def add(self, model: Model, like: Signal, id_: str, stamp: Stamp) -> None:
        self.senders[model.sender] = stamp, model
        victim = model.victim, like.number
        self._victims.pop(victim, None)
        self._victims[victim] = stamp, id_
        self._series.likes.append(like)
        self._series.times.append(stamp.time)
        self._series.ids.append(id_)

    def end(self) -> Iterator[Series]:
        for (pid, number), (stamp, id_) in self._victims.items():
            remember(number, stamp, id_, pid, self._known)
        for pid, (stamp, model) in self.senders.items():
            self._known.see(Group(stamp, model.records), pid)
        if self._series:
            yield self._series
