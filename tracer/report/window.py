"""The latest events of a stream, as long as a death among them may need them.

Hosts may be told one after the other, a piece of a recording each, and clocks are set: so how far a host has come is told
by the order in which its events came, and each host has its own.
"""

from __future__ import annotations

from tracer.why.case import BEFORE
from tracer.why.near import REACH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.report.witnesses import Told
    from tracer.why.deaths import Death

# All that may have to do with a death has come when its host has come so far behind it.
RIPE = BEFORE + REACH


class Window:
    """``events`` in the order in which they came; ``_at`` has, for each, how far its host had come then (ns)."""

    def __init__(self) -> None:
        self.events: list[Told] = []
        self._at: list[int] = []
        self._come: dict[str | None, int] = {}
        # Up to where deaths were found the last time, and the time before.
        self._found: dict[str | None, int] = {}
        self._before: dict[str | None, int] = {}
        # Events, by id(), that tell of a death that was found.
        self._told: set[int] = set()

    def add(self, event: Told) -> None:
        """The next one."""
        come = self._come.get(event.host, 0)
        if event.time is not None and event.time > come:
            self._come[event.host] = come = event.time
        self.events.append(event)
        self._at.append(come)

    def to_search(self) -> list[Told]:
        """The events among which deaths are to be looked for: those that came since the last time, and those before
        that may be of the same deaths, or of the same pids."""
        since = _early(self._found)
        return [one for one, at in zip(self.events, self._at) if at >= since.get(one.host, 0)]

    def fresh(self, deaths: Sequence[Death], sure: int) -> list[Death]:
        """Those that were not found before, and of which everything has been told; those of which the first ``sure``
        events tell in any case."""
        ripe = {host: self._ripe(host) for host in self._come}
        places = {id(one): place for place, one in enumerate(self.events)}
        found = []
        for death in deaths:
            if not self._told.isdisjoint(map(id, death.tellings)):
                continue
            first = min([places[id(one)] for one in death.tellings])
            if first < sure or self._at[first] <= ripe[self.events[first].host]:
                found.append(death)
                self._told.update(map(id, (*death.tellings, *death.words)))
        self._before, self._found = self._found, ripe
        return found

    def _ripe(self, host: str | None) -> int:
        """Up to when everything was told that has to do with a death on this host. What bears no host may be of any."""
        if host is None:
            return max(self._come.values()) - RIPE
        return max(self._come[host], self._come.get(None, 0)) - RIPE

    def drop(self, first: int = 0) -> int:
        """Forget what no death needs that was found last, or is to be found; the ``first`` ones in any case. Returns how
        many of these may have been needed."""
        needed, kept = _early(self._found), _early(self._before)
        lost = sum(
            at > needed.get(one.host, 0) for one, at in zip(self.events[:first], self._at[:first])
        )
        pairs = [
            (one, at)
            for one, at in zip(self.events[first:], self._at[first:])
            if at >= kept.get(one.host, 0)
        ]
        self.events = [one for one, _ in pairs]
        self._at = [at for _, at in pairs]
        self._told.intersection_update(map(id, self.events))
        return lost


def _early(moments: dict[str | None, int]) -> dict[str | None, int]:
    return {host: moment - RIPE for host, moment in moments.items()}
