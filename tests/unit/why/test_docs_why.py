"""docs/why.md has each cause and each rule, as the tables have them."""

from __future__ import annotations

from pathlib import Path

from tracer.lines.programs import PROGRAMS
from tracer.model.verdict import CAUSES, CONFIDENCES
from tracer.why.nouns import NOUNS
from tracer.why.rules import RULES
from tracer.why.words import HEADLINES

DOCUMENT = (Path(__file__).parents[3] / "docs/why.md").read_text()


def test_every_rule_is_told():
    for rule in RULES:
        assert f"| {rule.name} | {rule.proves} | {rule.refutes} |" in DOCUMENT


def test_every_cause_is_told():
    assert set(HEADLINES) == set(NOUNS) == set(CAUSES)
    for cause in CAUSES:
        assert f"| `{cause}` |" in DOCUMENT
    for confidence in CONFIDENCES:
        assert f"**{confidence}**" in DOCUMENT


def test_every_program_is_named_whose_lines_have_a_head():
    told = DOCUMENT.partition("Programs' own logs")[2].partition("\n\n")[0].lower()
    heads = set(PROGRAMS) - {b"kernel"}
    assert [head for head in heads if head.decode()[:5] not in told] == []
