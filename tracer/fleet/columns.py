"""The columns of a line in Parquet, flattened from the one table of fields: ``sender.pid`` is ``sender_pid``."""

from __future__ import annotations

from tracer.model.fields import NESTED, Field
from tracer.model.frozen import frozen
from tracer.model.spelling import EVENTS, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SCHEMA = VERSION
RAW = "raw"
# The process at the ends of a signal, told whole; of others who it is.
_WHOLE = ("sender", "target", "process")
_BRIEF = ("pid", "comm", "exe", "unit")
# An answer about now, which no recording has.
_NOT_KEPT = "living"
# Words that SQL has for itself.
_NAMES = {
    "where": "lost_where",
    "last": "last_time",
    "user": "user_name",
    "text": "words",
    "then": "afterwards",
}
_COUNTS = {"count": "folded", "least_1": "lost"}
_TYPES = {
    **dict.fromkeys(("int", "count", "least_1", "pid", "status"), "BIGINT"),
    **dict.fromkeys(("bool", "flag"), "BOOLEAN"),
    **dict.fromkeys(("words", "strings", "[id]"), "VARCHAR[]"),
    "time": "TIMESTAMPTZ",
    "details": "JSON",
}
_SIGNAL = {"name": ("", "VARCHAR"), "number": ("_number", "BIGINT")}


@frozen
class Column:
    """``path``: its keys in the line. ``type``: DuckDB's."""

    name: str
    path: tuple[str, ...]
    type: str


def columns() -> tuple[Column, ...]:
    """All of them, each once; ``raw``, the line itself, comes after them."""
    found = {"event": Column("event", ("event",), "VARCHAR")}
    kept = [fields for word, (_, fields, _) in EVENTS.items() if word != _NOT_KEPT]
    for fields in kept:
        for field in fields:
            for column in _of(field, (), ""):
                found.setdefault(column.name, column)
    # The folder says it.
    found["told_host"] = Column("told_host", found.pop("host").path, "VARCHAR")
    return tuple(found.values())


def _of(field: Field, before: tuple[str, ...], head: str) -> Iterator[Column]:
    path = (*before, *field.json.split("."))
    name = head + _name(field)
    if field.kind in ("signal", "asked_signal"):
        for key, (end, kind) in _SIGNAL.items():
            yield Column(name + end, (*path, key), kind)
    elif field.kind == "[ancestor]":
        yield Column(name, path, "STRUCT(comm VARCHAR)[]")
    elif field.kind in NESTED:
        # No deeper than an end of a signal.
        for inner in () if before or field.kind == "place" else _fields(field):
            yield from _of(inner, path, name + "_")
    elif field.kind[0] != "[" or field.kind in _TYPES:
        yield Column(name, path, _TYPES.get(field.kind, "VARCHAR"))


def _fields(field: Field) -> tuple[Field, ...]:
    every: tuple[Field, ...] = NESTED[field.kind][1]
    if field.kind != "process" or field.name in _WHOLE:
        return every
    return tuple(inner for inner in every if inner.name in _BRIEF)


def _name(field: Field) -> str:
    if field.name == "count":
        return _COUNTS[field.kind]
    plain = field.json.replace(".", "_")
    return _NAMES.get(plain, plain)


def structure() -> dict[str, Any]:
    """What ``json_transform`` makes of a line."""
    made: dict[str, Any] = {}
    for column in columns():
        place = made
        for key in column.path[:-1]:
            place = place.setdefault(key, {})
        is_list = column.type.startswith("STRUCT")
        place[column.path[-1]] = [{"comm": "VARCHAR"}] if is_list else _json_type(column.type)
    return made


def _json_type(kind: str) -> Any:
    return [kind[:-2]] if kind.endswith("[]") else kind


def expressions(of: str) -> str:
    """The columns as SQL takes them from such a structure."""
    return ", ".join(f"{_expression(of, column)} AS {column.name}" for column in columns())


def _expression(of: str, column: Column) -> str:
    path = ".".join([of, *[f'"{key}"' for key in column.path]])
    if column.type.startswith("STRUCT"):
        return f"[step.comm FOR step IN {path}]"
    return f"CAST({path} AS VARCHAR)" if column.type == "JSON" else path
