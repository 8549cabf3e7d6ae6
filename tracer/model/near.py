"""Words that fit nobody, and the names that are most like them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NEAREST = 3


def near(word: str, known: Iterable[str]) -> str:
    """The names that are most like a word, as the end of a sentence; those that hold it count as like it."""
    import difflib

    plain, names = word.strip("*"), sorted(set(known))
    inside = [name for name in names if plain and plain in name and "/" not in name]
    alike = difflib.get_close_matches(plain, names, NEAREST, cutoff=0.6)
    found = list(dict.fromkeys([*alike, *inside]))[:NEAREST]
    return f"; near: {', '.join(found)}" if found else ""


def text_of(name: str | bytes) -> str:
    """A name of whatever kind as it is compared and shown."""
    return name if isinstance(name, str) else name.decode("utf-8", "replace")
