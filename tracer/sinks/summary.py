"""What a run came to, at its end: who → whom, how often, since when, died or not; or the same as one JSON object (docs/json.md)."""

from __future__ import annotations

import json

from tracer.model.errors import Problem
from tracer.model.text import columns, counted, cut, wrapped
from tracer.model.times import SECOND, clock, local, local_date, span, utc
from tracer.sinks.layout import PIPED_WIDTH
from tracer.sinks.sink import Sink
from tracer.sinks.tally import Row, Tally, deadly_first, most

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from tracer.model.event import Event

TOP = 5
TITLES = ("COUNT", "EVERY", "SIGNAL", "FROM", "TO", "DIED", "SINCE")
_ALIGN = ("right", "right", "left", "left", "left", "right", "left")
_ENDS = (TITLES.index("FROM"), TITLES.index("TO"))
# tabulate's: columns between two, and what a title has beside it at least.
_GAP, _PADDING = 2, 2
# Of fewer columns FROM and TO get those of SINCE, which stands last.
_NARROW = 70


class SummarySink(Sink):
    """Counts, and shows nothing before the end."""

    def __init__(self, stream: IO[str], render: Callable[[Tally], str]) -> None:
        self._stream = stream
        self._render = render
        self._tally = Tally()

    def write(self, event: Event) -> None:
        self._tally.add(event)

    def close(self) -> None:
        self._stream.write(self._render(self._tally))
        self._stream.flush()


def open_summary(stream: IO[str], as_json: bool, width: int | None) -> SummarySink:
    """The sink; everything it needs is loaded. Raises Problem where tabulate is not there."""
    if as_json:
        return SummarySink(stream, lambda tally: json.dumps(to_object(tally)) + "\n")
    try:
        from tabulate import tabulate
    except ImportError:
        raise Problem(
            "cannot make a table of what happened",
            "Python's tabulate is not installed",
            "apt install python3-tabulate, or --summary --json",
        ) from None
    return SummarySink(stream, lambda tally: text_of(tally, width, tabulate))


def text_of(tally: Tally, width: int | None, tabulate: Callable[..., str]) -> str:
    """The table, and the most frequent senders, units and causes."""
    if not tally.rows:
        return "no signals and no deaths\n"
    rows = [_cells(row) for row in sorted(tally.rows.values(), key=deadly_first)]
    rows = _fitted(rows, width or 2 * PIPED_WIDTH)
    shown = len(rows[0])
    table = tabulate(
        rows,
        TITLES[:shown],
        tablefmt="plain",
        colalign=_ALIGN[:shown],
        disable_numparse=True,
    )
    head = _head(tally)
    lines = [*(wrapped(head, width) if width else [head]), "", *table.splitlines(), ""]
    for title, counts in (
        ("senders", tally.senders),
        ("units", tally.units),
        ("causes", tally.origins),
    ):
        told = ", ".join(f"{name} {count:,}" for name, count in most(counts, TOP))
        lines += [cut(f"top {title}: {told}", width or len(told) + 40)] if told else []
    return "\n".join(lines) + "\n"


def _head(tally: Tally) -> str:
    lost = (
        "" if tally.lost == 0 else ", some lost" if tally.lost is None else f", {tally.lost:,} lost"
    )
    span = "" if tally.first is None or tally.last is None else f"{local_date(tally.first // SECOND)}, {local(tally.first)} to {local(tally.last)}: "  # fmt: skip
    return f"{span}{counted(tally.signals, 'signal')}, {counted(tally.deaths, 'death')}{lost}"


def _fitted(rows: list[tuple[str, ...]], width: int) -> list[tuple[str, ...]]:
    """FROM and TO cut so that no row is wider: each has half of what the others leave, and what the other end does not
    need."""
    if width < _NARROW:
        rows = [row[:-1] for row in rows]
    widest = [max(map(columns, column)) for column in zip(*rows)]
    least = [len(title) + _PADDING for title in TITLES]
    others = [max(a, b) for at, (a, b) in enumerate(zip(widest, least)) if at not in _ENDS]
    room = width - sum(others) - _GAP * len(others) - _GAP
    sender, target = (widest[at] for at in _ENDS)
    first = max(least[_ENDS[0]], room // 2, room - target)
    second = max(least[_ENDS[1]], room - min(first, max(sender, least[_ENDS[0]])))
    return [
        (
            *row[: _ENDS[0]],
            cut(row[_ENDS[0]], first),
            cut(row[_ENDS[1]], second),
            *row[_ENDS[1] + 1 :],
        )
        for row in rows
    ]


def _cells(row: Row) -> tuple[str, ...]:
    signal, who, whom = row.key
    every = row.every()
    often = "" if every is None else span(every)
    died = f"{row.died:,}" if row.died else ""
    return (
        f"{row.count:,}",
        often,
        signal,
        who,
        whom,
        died,
        clock(row.first, 8),
    )


def to_object(tally: Tally) -> dict[str, object]:
    """What is not known is left out."""
    return {
        "v": 1,
        "event": "summary",
        **times_of(tally),
        "signals": tally.signals,
        "deaths": tally.deaths,
        **({} if tally.lost is None else {"lost": tally.lost}),
        "rows": [_object(row) for row in sorted(tally.rows.values(), key=deadly_first)],
        **{
            name: [{"name": one, "count": count} for one, count in most(counts, len(counts))]
            for name, counts in (
                ("senders", tally.senders),
                ("units", tally.units),
                ("origins", tally.origins),
            )
        },
    }


def times_of(what: Tally | Row) -> dict[str, str]:
    """When the first and the last of it were, as far as that is known."""
    times = {"first": what.first, "last": what.last}
    return {name: utc(time) for name, time in times.items() if time is not None}


def _object(row: Row) -> dict[str, object]:
    signal, who, whom = row.key
    every = row.every()
    return {
        "signal": signal,
        "sender": who,
        "target": whom,
        "count": row.count,
        **({} if every is None else {"every_ns": every}),
        "died": row.died,
        **times_of(row),
    }
