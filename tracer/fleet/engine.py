"""DuckDB, where it is installed. What is not ours goes to it as a parameter, or quoted."""

from __future__ import annotations

import importlib
import sys

from tracer.host.packages import find_packages
from tracer.model.errors import Problem
from tracer.model.text import typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# For the Python that runs this: another one's packages it does not see.
INSTALL = f"{typed(sys.executable or 'python3')} -m pip install duckdb tabulate"


def connect() -> Any:
    """A connection in memory whose times are UTC. Raises Problem."""
    engine: Any = _module("duckdb")
    connection = engine.connect()
    connection.execute("SET TimeZone = 'UTC'")
    # After two seconds it would be drawn on standard output, a pipe or a file, too, among the rows.
    connection.execute("SET enable_progress_bar = false")
    return connection


def table_of(rows: list[tuple[str, ...]], names: list[str]) -> str:
    """Rows as a table for people. Raises Problem."""
    tabulate: Any = _module("tabulate")
    return str(tabulate.tabulate(rows, names, "plain", disable_numparse=True))


def _module(name: str) -> Any:
    find_packages()
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Problem(f"this needs {name}", "it is not installed here", INSTALL) from None


def quoted(text: str) -> str:
    """A literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def said(error: Exception) -> str:
    """The first line of what the engine says."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
