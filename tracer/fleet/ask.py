"""Questions to a folder of Parquet: each a file of SQL in this room, which runs as it is on DuckDB and on Spark.

The files read two views: ``events``, and ``wanted``, one row with what the question is about. So nothing that was typed
becomes a part of a statement.
"""

from __future__ import annotations

import os
import pkgutil

from tracer.fleet.engine import connect, quoted, said
from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# What is asked, and what it is asked about.
QUESTIONS = {
    "deaths": "",
    "killers": "",
    "oom": "",
    "escalations": "",
    "loops": "",
    "unit": "NAME",
    "since-deploy": "TIME",
}
ANSWERS = {
    "deaths": "what died by which signal, on how many hosts",
    "killers": "who sent the signals that others died of",
    "oom": "whom the OOM killer chose, on how many of the hosts",
    "escalations": "who did not end when asked to",
    "loops": "units that die five times within an hour of the clock",
    "unit": "one unit, day by day",
    "since-deploy": "what dies more a day since then",
}
EXPORT = "sigtrace export --parquet DIR --recorded"
_NOTHING = "1970-01-01T00:00:00Z"


@frozen
class Asked:
    """``about``: a unit, or a time as DuckDB reads it."""

    question: str
    folder: str
    unit: str | None = None
    since: str | None = None


@frozen
class Answer:
    names: list[str]
    rows: list[tuple[Any, ...]]


def sql_of(question: str) -> str:
    """The statement, as it is in the package."""
    data = pkgutil.get_data("tracer.fleet", f"{question.replace('-', '_')}.sql")
    return (data or b"").decode()


def ask(asked: Asked) -> Answer:
    """Raises Problem."""
    connection = connect()
    _open(connection, asked)
    try:
        found = connection.execute(sql_of(asked.question))
        names = [row[0] for row in found.description]
        return Answer(names, found.fetchall())
    except Exception as error:
        raise Problem(
            f"cannot ask {asked.folder!r}", said(error), "a DIR of sigtrace export --parquet"
        ) from None


def _open(connection: Any, asked: Asked) -> None:
    # A file a host and day, or a file a day that holds all hosts (compact.sql).
    layouts = {
        os.path.join(
            asked.folder, "date=*", "host=*", "*.parquet"
        ): "'date': DATE, 'host': VARCHAR",
        os.path.join(asked.folder, "date=*", "*.parquet"): "'date': DATE",
    }
    files = next((one for one in layouts if _has(connection, one)), None)
    if files is None:
        why = "it has no date=…/host=…/*.parquet"
        raise Problem(f"cannot ask {asked.folder!r}", why, EXPORT)
    view = (
        f"CREATE VIEW events AS SELECT * FROM read_parquet({quoted(files)}, "
        f"hive_partitioning=true, hive_types={{{layouts[files]}}}, union_by_name=true)"
    )
    try:
        connection.execute(view)
    except Exception as error:
        raise Problem(f"cannot ask {asked.folder!r}", said(error), EXPORT) from None
    connection.execute("CREATE TABLE wanted (unit VARCHAR, since TIMESTAMPTZ)")
    row = [asked.unit or "", asked.since or _NOTHING]
    connection.execute("INSERT INTO wanted VALUES (?, CAST(? AS TIMESTAMPTZ))", row)


def _has(connection: Any, files: str) -> bool:
    try:
        found = connection.execute("SELECT count(*) FROM glob(?)", [files]).fetchone()
    except Exception as error:
        raise Problem(f"cannot read {files!r}", said(error), EXPORT) from None
    return bool(found[0])


def cells(row: Sequence[Any]) -> tuple[str, ...]:
    """A row for a terminal: unknown is "-"."""
    return tuple(
        ["-" if one is None else shown(_text(one).encode("utf-8", "surrogatepass")) for one in row]
    )


def plain(row: Sequence[Any]) -> list[Any]:
    """The same for JSON and CSV."""
    return [
        one if one is None or isinstance(one, (int, float, str, bool)) else _text(one)
        for one in row
    ]


def _text(value: Any) -> str:
    if hasattr(value, "as_tuple"):
        return f"{value:f}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("+00:00", "Z")
    return f"{value:.3f}" if isinstance(value, float) else str(value)
