"""The table of sources in the documents is the declaration's; --write-goldens writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracer.sources.abilities import table

ROOT = Path(__file__).parents[3]
BEGIN, END = "<!-- tracer/sources/abilities.py -->\n", "<!-- end -->\n"


@pytest.mark.parametrize("name", ["README.md", "docs/sources.md"])
def test_table_of_sources(name, request):
    path = ROOT / name
    before, begin, rest = path.read_text().partition(BEGIN)
    old, end, after = rest.partition(END)
    assert begin, f"{name} has no place for the table"
    assert end
    if request.config.getoption("--write-goldens"):
        path.write_text(before + begin + table() + end + after)
        return
    assert old == table()
