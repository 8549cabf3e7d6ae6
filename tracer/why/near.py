"""Deaths found by what they have in common, and about when."""

from __future__ import annotations

from bisect import bisect_left, insort

from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from tracer.why.tellings import Death

# A core dump is told when it has been written: of many gigabytes that takes its time.
SAME_CORE = 120 * SECOND
# Within which tellings of one end are looked for: what was put together already may be told by the earlier one's time.
REACH = 2 * SAME_CORE


class Near:
    """The places of deaths in a list by what ``keys`` gives for each, those of some time found by halving: of a long log
    each death is compared with few."""

    def __init__(
        self, deaths: Iterable[Death | None], keys: Callable[[Death], Iterable[Hashable]]
    ) -> None:
        self._by_key: dict[Hashable, list[tuple[int, int]]] = {}
        for at, death in enumerate(deaths):
            if death is not None:
                for key in set(keys(death)):
                    self._by_key.setdefault(key, []).append((death.time, at))
        for found in self._by_key.values():
            found.sort()

    def add(self, keys: Iterable[Hashable], time: int, at: int) -> None:
        """One that has these keys now."""
        for key in keys:
            known = self._by_key.setdefault(key, [])
            if at not in self.places(key, time - REACH, time + REACH):
                insort(known, (time, at))

    def places(self, key: Hashable, begin: int, end: int) -> list[int]:
        """Those with that key from one time to another, in the order of time."""
        found = self._by_key.get(key, [])
        return [
            at
            for _, at in found[bisect_left(found, (begin, -1)) : bisect_left(found, (end + 1, -1))]
        ]
