"""docs/why.md: each cause with the rules that found it in this corpus, and an example from it."""

from __future__ import annotations

from tests.deaths.examples import BEGIN, DOCUMENT, END, table


def test_the_table_is_what_the_corpus_gives():
    assert DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0] == table()
