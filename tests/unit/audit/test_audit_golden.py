"""Logs and what they say: every tests/data/audit/NAME.log against its NAME.jsonl.

``pytest --write-goldens`` writes them anew, and shows what has changed as a diff.
"""

import difflib
import json
import pathlib

import pytest

from tracer.flow.source import every
from tracer.sinks.json import to_object
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet

DATA = pathlib.Path(__file__).parents[2] / "data" / "audit"
LOGS = sorted(DATA.glob("*.log"))


def told(log):
    """The events of a log as JSON lines, and a line of account if something was not understood."""
    rejected = []
    source = AuditLog([LogSet(log.name, (str(log),))], keep=lambda *bad: rejected.append(bad))
    lines = [json.dumps(to_object(event)) for event in every(source)]
    lines += [json.dumps({"rejected": number, "why": why}) for _, number, _, why in rejected]
    return [line.replace(str(DATA) + "/", "") for line in lines]


def test_every_line_is_as_the_schema_has_it():
    schema = json.loads((DATA.parents[2] / "docs/sigtrace.schema.json").read_text())
    check = pytest.importorskip("jsonschema").Draft202012Validator(schema)
    lines = [json.loads(line) for log in LOGS for line in log.with_suffix(".jsonl").open()]
    assert [line for line in lines if "event" in line and not check.is_valid(line)] == []


def test_there_are_logs():
    assert len(LOGS) > 50


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_golden(log, request, capsys):
    golden = log.with_suffix(".jsonl")
    got = told(log)
    want = golden.read_text().splitlines() if golden.exists() else []
    diff = "\n".join(difflib.unified_diff(want, got, golden.name, log.name, lineterm=""))
    if diff and request.config.getoption("--write-goldens"):
        golden.write_text("".join(line + "\n" for line in got))
        with capsys.disabled():
            print(f"\n{diff}")
    else:
        assert got == want, "\n" + diff
