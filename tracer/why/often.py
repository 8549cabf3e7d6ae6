"""How often the same came before, and what came otherwise, in words."""

from __future__ import annotations

from tracer.model.signals import name_of
from tracer.model.text import shown
from tracer.model.times import local_moment, span
from tracer.why.nouns import NOUNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.model.verdict import Again, Otherwise

_KINDS_TOLD = 3
# Causes of which the signal tells more.
_BY_SIGNAL = frozenset(("crash", "terminal", "limit", "timer", "kernel"))


def again(repeats: Again, last: int | None, *, loop: bool = False) -> str:
    """3rd time: 12:01:13, 12:18:02, 12:34:49. ``last``: when this one was; ``loop``: it crashes again and again."""
    times = [one for one in (*repeats.times, last) if one is not None]
    newest = times[-1] if times else 0
    which = {2: "2nd time", 3: "3rd time"}.get(repeats.count, f"{repeats.count:,} times")
    first = "" if repeats.first is None else f" since {clock(repeats.first, newest)}"
    every = "" if repeats.every is None else f", every {span(repeats.every)}"
    if repeats.count <= len(times):
        first = f": {', '.join(clock(one, newest) for one in times)}"
    blind = ""
    if loop and repeats.every is not None:
        every += ": a crash loop"
    if repeats.not_judged:
        blind = f"; of the earliest {repeats.not_judged:,} the signal or status alone was compared"
    often = "both times" if repeats.count == 2 else "each time"
    command = f", with this command {often}" if repeats.same_command else ""
    return f"{which}{first}{every}{command}{blind}"


def otherwise(others: Sequence[Otherwise]) -> str:
    """What else its program or unit has died of."""
    count = sum(one.count for one in others)
    if count == 1:
        return f"1 earlier death was otherwise: {_kind(others[0])}"
    told = [f"{one.count:,} \N{MULTIPLICATION SIGN} {_kind(one)}" for one in others[:_KINDS_TOLD]]
    more = " …" if others[_KINDS_TOLD:] else ""
    return f"{count:,} earlier deaths were otherwise: {', '.join(told)}{more}"


def _kind(one: Otherwise) -> str:
    """The cause, with what tells it from others."""
    signal = "" if one.number is None else name_of(one.number)
    if one.status is not None:
        return (
            f"exit with status {one.status}"
            if one.cause == "exit"
            else f"{NOUNS[one.cause]} (status {one.status})"
        )
    if one.cause == "killed":
        return (
            f"{signal or 'a signal'} by {shown(one.by)}"
            if one.by
            else f"{signal or 'a signal'} by somebody"
        )
    if one.cause == "unknown":
        return f"{signal}, cause not told" if signal else NOUNS[one.cause]
    return (
        f"{NOUNS[one.cause]} ({signal})" if signal and one.cause in _BY_SIGNAL else NOUNS[one.cause]
    )


def clock(moment: int, beside: int) -> str:
    """The time of day, with the day where that is not the one of ``beside``."""
    day, _, of_day = local_moment(moment).partition(".")[0].partition(" ")
    return of_day if local_moment(beside).startswith(day) else f"{day} {of_day}"
