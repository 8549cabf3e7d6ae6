"""What a reader of journals gives, whichever of the three it is: entries, losses, and what was in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union

from tracer.model.frozen import frozen

# Bytes of a value that are kept. COREDUMP= of systemd before v215 holds a whole core.
VALUE_MAX = 1 << 16
_PLACES_MAX = 1 << 17

Value = Union[bytes, list[bytes]]
# Terms of different fields must all fit, of one field any: {"UNIT": b"a.service", "CODE_FUNC": [b"f", b"g"]}.
Group = Mapping[str, Union[bytes, Sequence[bytes]]]


class JournalEntry(dict[str, Value]):
    """Field → value, a list where the field is there more than once. None: not told.

    ``realtime_ns``: when journald took it, by the wall clock. ``monotonic_ns``: since boot ``boot`` (32 hex digits).
    ``cursor``: its place, as ``journalctl --cursor`` takes it. ``cut``: fields whose value is kept in part, or (in
    JSON's null) not at all. Fields that begin with ``__`` are those addresses, and no fields here.
    """

    __slots__ = ("boot", "cursor", "cut", "monotonic_ns", "realtime_ns")

    def __init__(
        self,
        fields: Mapping[str, Value] = {},
        *,
        cursor: str | None = None,
        realtime_ns: int | None = None,
        monotonic_ns: int | None = None,
        boot: str | None = None,
        cut: tuple[str, ...] = (),
    ) -> None:
        super().__init__(fields)
        self.cursor = cursor
        self.realtime_ns = realtime_ns
        self.monotonic_ns = monotonic_ns
        self.boot = boot
        self.cut = cut

    def one(self, name: str) -> bytes | None:
        """The value of a field, the first of several; None if it is not there."""
        value = self.get(name)
        return value[0] if isinstance(value, list) else value

    def all(self, name: str) -> list[bytes]:
        """Each value of a field."""
        value = self.get(name)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def add(self, name: str, value: bytes) -> None:
        """One value more; of one longer than VALUE_MAX the beginning."""
        if len(value) > VALUE_MAX:
            value = value[:VALUE_MAX]
            self.tell_cut(name)
        old = self.get(name)
        if old is None:
            self[name] = value
        elif isinstance(old, list):
            old.append(value)
        else:
            self[name] = [old, value]

    def tell_cut(self, name: str) -> None:
        """Not all of that field's value is here."""
        if name not in self.cut:
            self.cut = (*self.cut, name)


@frozen
class Lost:
    """What could not be read. ``where``: file, or file and place in it. ``count``: entries; None: nobody knows."""

    where: str
    what: str
    count: int | None


class Losses:
    """Those of one journal: like ones of a file are one, with a sum, so that a file full of damage is a line."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Lost] = {}
        self._new: dict[tuple[str, str], Lost] = {}
        self._places: set[tuple[str, str, int | None]] = set()

    def add(self, file: str, what: str, count: int | None = 1, place: int | None = None) -> None:
        """``place``: an offset in the file. What was told of it is not told again: look-ups meet it again and again."""
        if place is not None or count is None:
            if (file, what, place) in self._places:
                return
            if len(self._places) < _PLACES_MAX:
                self._places.add((file, what, place))
        where = file if place is None else f"{file}:{place:#x}"
        for told in (self._found, self._new):
            before = told.get((file, what))
            told[file, what] = _sum(before, count) if before else Lost(where, what, count)

    def all(self) -> list[Lost]:
        """Those since it was opened."""
        return list(self._found.values())

    def new(self) -> list[Lost]:
        """Those since the last call."""
        new, self._new = self._new, {}
        return list(new.values())


def _sum(one: Lost, count: int | None) -> Lost:
    known = one.count is not None and count is not None
    return Lost(one.where, one.what, (one.count or 0) + (count or 0) if known else None)


@frozen
class Boot:
    """The entries of one boot. ``since_boot_ns``: how long it had run at the first of them."""

    id: str
    first_ns: int
    last_ns: int
    since_boot_ns: int | None


@frozen
class Gap:
    """Something is missing of some time between these two (ns), and how much. None: nobody knows.

    ``kind``: dropped (messages of a service: rate limit), missed (of the kernel), entries (files that are gone),
    file (one that is there and cannot be read).
    """

    kind: str
    from_ns: int | None
    until_ns: int | None
    count: int | None
    what: str


@frozen
class Coverage:
    """What a journal can tell of: a "no" is worth something inside a boot's times and outside every gap.

    ``clock_steps``: moments (ns) at which the wall clock was set.
    """

    boots: tuple[Boot, ...]
    gaps: tuple[Gap, ...]
    clock_steps: tuple[int, ...] = ()
