"""What was gathered and judged → the tables of a report: who → whom, per unit, per cause, escalations, refusals."""

from __future__ import annotations

from tracer.model.verdict import CAUSES
from tracer.report.evidence import evidence_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracer.report.gather import Gathered, Row, Rows

# So many rows of a table are told, the most frequent; how many are not is told, too.
SHOWN_MAX = 100
_SENT = ("host", "from", "signal", "to")


def tables_of(
    gathered: Gathered, kinds: Sequence[dict[str, Any]], *, hide_arguments: bool
) -> dict[str, Any]:
    """By name: rows, and how many more there are."""
    return {
        "whom": _counted(gathered.whom, _SENT, hide_arguments),
        "units": _shown(_units(gathered, kinds), gathered.of_more_units),
        "causes": _shown(_causes(kinds)),
        "escalations": _counted(gathered.escalated, (*_SENT, "after"), hide_arguments),
        "refused": _counted(
            gathered.refused, ("host", "from", "error", "to", "signal"), hide_arguments
        ),
    }


def _counted(rows: Rows, names: tuple[str, ...], hide_arguments: bool) -> dict[str, Any]:
    ordered = sorted(rows.rows.items(), key=lambda pair: (-pair[1].count, _text(pair[0])))
    made = [_row(dict(zip(names, key)), row, hide_arguments) for key, row in ordered[:SHOWN_MAX]]
    return {"rows": made, "more": len(ordered) - len(made), "uncounted": rows.others}


def _row(named: dict[str, Any], row: Row, hide_arguments: bool) -> dict[str, Any]:
    ends = [row.first] if row.first is row.last else [row.first, row.last]
    return {
        **named,
        "count": row.count,
        "first": row.first.time,
        "last": row.last.time,
        "outcomes": sorted(row.outcomes.items(), key=lambda pair: (-pair[1], pair[0])),
        "evidence": [evidence_row(one, hide_arguments) for one in ends],
    }


def _text(key: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(one or "" for one in key)


def _shown(rows: list[dict[str, Any]], uncounted: int = 0) -> dict[str, Any]:
    more = max(0, len(rows) - SHOWN_MAX)
    return {"rows": rows[:SHOWN_MAX], "more": more, "uncounted": uncounted}


def _units(gathered: Gathered, kinds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def row(host: str | None, unit: str) -> dict[str, Any]:
        fresh: dict[str, Any] = {
            "host": host,
            "unit": unit,
            "signals": 0,
            "deaths": 0,
            "unordered": 0,
            "ids": [],
        }
        return found.setdefault((host or "", unit), fresh)

    for (host, unit), count in gathered.units.items():
        row(host, unit)["signals"] += count
    for kind in kinds:
        if kind["unit"] is not None:
            of_unit = row(kind["host"], kind["unit"])
            of_unit["deaths"] += kind["count"]
            of_unit["unordered"] += 0 if kind["ordered"] else kind["count"]
            of_unit["ids"].append(kind["id"])
    return sorted(found.values(), key=lambda one: (-one["unordered"], -one["deaths"], -one["signals"], one["unit"]))  # fmt: skip


def _causes(kinds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        fresh: dict[str, Any] = {"cause": kind["cause"], "words": CAUSES[kind["cause"]], "count": 0, "of": {}, "ids": []}  # fmt: skip
        row = found.setdefault(kind["cause"], fresh)
        row["count"] += kind["count"]
        row["of"].setdefault(kind["lane"])
        row["ids"].append(kind["id"])
    rows = [{**row, "of": list(row["of"])} for row in found.values()]
    return sorted(rows, key=lambda one: (-one["count"], one["cause"]))
