"""Whether things come again and again after the same pause."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Two pauses are alike by chance.
_PAUSES_MIN = 3


def rhythm(times: Iterable[int]) -> int | None:
    """The usual pause between moments, in their unit, if there are three and none differs from it by more than a tenth."""
    ordered = sorted(times)
    pauses = sorted(later - earlier for earlier, later in zip(ordered, ordered[1:]))
    if len(pauses) < _PAUSES_MIN:
        return None
    usual = pauses[len(pauses) // 2]
    is_steady = usual > 0 and all(abs(pause - usual) <= usual // 10 for pause in pauses)
    return usual if is_steady else None
