"""When a process was born, as its witnesses tell it: whether that is one process, and whose word is finer."""

from __future__ import annotations

from tracer.model.times import SECOND, span

# /proc has clock ticks, BPF nanoseconds.
_TICK = 20_000_000


def is_whole(start: int | None) -> bool:
    """Whether a start is told to the second (process accounting): it may lie before that by less than one, or behind it.

    fill_ac() (kernel/acct.c) takes the life from CLOCK_MONOTONIC, which stands still while the host sleeps: so much later than
    the birth is what it tells.
    """
    return start is not None and start % SECOND == 0


def starts_fit(one: int | None, other: int | None, end: int | None = None) -> bool:
    """Whether two starts can be of one process; one that is not known fits any.

    ``end``: when it ended, where both are known to have ended at about that moment. Then a start to the second may be later
    than the other by any time that its host slept.
    """
    if one is None or other is None:
        return True
    if end is not None and is_whole(one) != is_whole(other):
        told, born = (one, other) if is_whole(one) else (other, one)
        return born <= told + SECOND + _TICK and told <= end + SECOND
    return abs(one - other) <= (SECOND if is_whole(one) or is_whole(other) else 0) + _TICK


def finer(one: int | None, other: int | None) -> int | None:
    """Of two starts that fit the one that is known, and to less than a second where one is."""
    return other if one is None or (is_whole(one) and other is not None) else one


def lived(start: int, end: int) -> str:
    """How long a process lived, no finer than its start is told: 41.2 s, about 41 s."""
    if not is_whole(start):
        return span(end - start)
    return "about " + span(max(end - start, SECOND) // SECOND * SECOND).replace(".0 ", " ")
