"""docs/statements.md says what the table says."""

from __future__ import annotations

import re
from pathlib import Path

from tracer.statements import supervisors
from tracer.statements.tables import TABLES
from tracer.statements.whats import WHATS

PAGE = Path(__file__).parents[3] / "docs" / "statements.md"


def rows_of_table():
    for name, what in WHATS.items():
        keys = ", ".join(f"`{key}`" for key in what.details) or "-"
        yield f"| `{name}` | {what.meaning} | {keys} | {'yes' if what.shown else '--all'} |"


def test_the_page_has_every_word():
    found = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert found == list(rows_of_table()), "\n".join(rows_of_table())


def test_the_page_names_every_speaker():
    text = PAGE.read_text()
    assert [table.name for table in TABLES if table.name not in text] == []


def test_the_page_names_every_program_that_loses_children():
    text = PAGE.read_text()
    programs = {re.split(r" up to| \d|,", row.versions)[0] for row in supervisors.TABLE.rows}
    assert [program for program in programs if program not in text] == []
