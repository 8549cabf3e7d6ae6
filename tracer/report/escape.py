"""Words of a report, in markup: of the traced world's text what cannot be seen is an escape, and what is markup is none."""

from __future__ import annotations

from html import escape

from tracer.model.text import cut, printable
from tracer.model.times import local_moment, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# So much of a command line or a log's line is shown; --json has the whole.
WIDTH = 400
_MARKDOWN = frozenset("\\`*_[]<>|~&#")


def h(text: object, width: int = WIDTH) -> str:
    """For HTML and SVG, in text and in attributes between double quotes."""
    return escape(cut(printable(str(text)), width), quote=True)


def md(text: object, width: int = WIDTH) -> str:
    """For Markdown, in a line of its own or in a table."""
    shown = cut(printable(str(text)), width)
    return "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in shown)


def moment(time: int | None) -> str:
    """The wall clock's date and time."""
    return "-" if time is None else local_moment(time)


def clock(time: int, told: int) -> str:
    """The time of day alone, where the day is that of a moment that stands beside it."""
    shown = moment(time)
    day, _, of_day = shown.partition(" ")
    return of_day if moment(told).startswith(day) else shown


def rhythm_of(kind: dict[str, Any]) -> list[str]:
    """How often a death comes again, where that is regular."""
    if kind["every_ns"]:
        return [f"every {span(kind['every_ns'])}"]
    return [f"in bursts every {span(kind['bursts_ns'])}"] if kind["bursts_ns"] else []


def again_of(kind: dict[str, Any], since: str = "") -> str:
    """40 times, every 5.1 s; "" of one alone. ``since`` follows the number."""
    times = [f"{kind['count']:,} times{since}", *rhythm_of(kind)] if kind["count"] > 1 else []
    more = [f"{kind['not_judged']:,} more alike not judged"] if kind["not_judged"] else []
    return ", ".join(times + more)
