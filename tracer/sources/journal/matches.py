"""What is looked for: groups of which one must fit; in a group, each field; of a field, any value. As journalctl(1)."""

from __future__ import annotations

from collections.abc import Sequence

from tracer.sources.journal.entry import Group

# Terms FIELD=value of each field of a group.
Terms = tuple[tuple[bytes, ...], ...]
_NAME = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def terms_of(matches: Sequence[Group]) -> list[Terms]:
    """Raises ValueError for a name that no field can have. [] (everything) too where a group asks for nothing."""
    groups = [tuple(_field(name, value) for name, value in group.items()) for group in matches]
    return [] if () in groups else groups


def _field(name: str, value: bytes | Sequence[bytes]) -> tuple[bytes, ...]:
    raw = name.encode("ascii", "replace")
    if not raw or not _NAME.issuperset(raw):
        raise ValueError(f"{name!r} is no journal field")
    values = (value,) if isinstance(value, bytes) else tuple(value)
    if not values:
        raise ValueError(f"no value of {name}")
    return tuple(raw + b"=" + one for one in dict.fromkeys(values))
