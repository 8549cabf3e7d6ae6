"""Recordings as Parquet and questions to them, through DuckDB as it is; what was planted is found."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from tests.unit.sinks.test_journal import NGINX, NOON, PKILL, death
from tracer import cli
from tracer.commands.fleet import EPILOG
from tracer.fleet.ask import ANSWERS, QUESTIONS, sql_of
from tracer.fleet.columns import columns
from tracer.fleet.export import PART, safe
from tracer.model.event import Earlier, Loss, Oom, Statement
from tracer.model.frozen import replace
from tracer.model.spelling import to_object
from tracer.model.times import SECOND

duckdb = pytest.importorskip("duckdb", reason="pip install duckdb tabulate")
pytest.importorskip("tabulate", reason="pip install duckdb tabulate")

DOCUMENT = (Path(__file__).parents[3] / "docs/fleet.md").read_text()

HOUR = 3600 * SECOND
HOSTILE = b"a'; DROP TABLE events; --\x1b[2J\".service"


def written(path, *events):
    path.write_text("".join(json.dumps(to_object(event)) + "\n" for event in events))
    return str(path)


def deaths_of(number, host, at, unit=b"nginx.service", sender=PKILL, origin="kill", oom=None):
    """A signal and the death it brought, as recorded."""
    process = replace(NGINX, pid=at // SECOND % 9999 + 1, unit=unit)
    sent, end = death(number, process, host=host, sender=sender, origin=origin, oom=oom)
    own = f"s-{host}-{at}"
    return (
        replace(sent, time=at, id=own),
        replace(end, time=at + 1, id="e" + own, host=host, cause=own),
    )


@pytest.fixture
def recording(tmp_path):
    kept = []
    for n in range(6):
        kept += deaths_of(11, "web1", NOON + n * 300 * SECOND, b"broken.service", None, "fault")
    kept += deaths_of(9, "web2", NOON, b"api.service", None, "oom", Oom("cgroup"))
    kept += deaths_of(9, "web2", NOON + 48 * HOUR, HOSTILE)
    harder = replace(deaths_of(9, "web1", NOON + HOUR)[0], escalates=Earlier("t", 15, 90 * SECOND))
    kept += [harder, Loss(NOON, "l", "core", 3, "ring", "web1")]
    kept += [replace(deaths_of(10, "web1", NOON + 2 * HOUR)[0], count=40)]
    return written(tmp_path / "trace.json", *kept)


@pytest.fixture
def folder(recording, tmp_path):
    target = tmp_path / "fleet"
    assert cli.main(["export", "--parquet", str(target), recording]) == 0
    return target


def rows(folder, what="*"):
    files = f"{folder}/date=*/host=*/*.parquet"
    return duckdb.sql(f"SELECT {what} FROM read_parquet('{files}')").fetchall()


def asked(capfd, *words):
    capfd.readouterr()
    assert cli.main(["fleet", *words, "--json"]) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_a_file_a_host_and_day_has_every_line(folder, recording):
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        f"date=2025-11-24/host=web1/{PART}",
        f"date=2025-11-24/host=web2/{PART}",
        f"date=2025-11-26/host=web2/{PART}",
    }
    with open(recording) as file:
        ids = sorted(json.loads(line)["id"] for line in file)
    assert sorted(made["id"] for (raw,) in rows(folder, "raw") if (made := json.loads(raw))) == ids


def test_columns_are_the_lines_fields_and_times_are_utc(folder):
    found = rows(
        folder, "time, id, signal, sender_comm, sender_argv, sender_ancestors, target_pid, raw"
    )
    for time, id_, signal, comm, argv, ancestors, pid, raw in found:
        made = json.loads(raw)
        assert (id_, signal) == (made["id"], made.get("signal", {}).get("name"))
        assert time.timestamp() == pytest.approx(NOON / SECOND, abs=200_000)
        assert time.utcoffset().total_seconds() == 0
        sender = made.get("sender", {})
        assert (comm, argv) == (sender.get("comm"), sender.get("argv"))
        assert ancestors == ([one["comm"] for one in sender["ancestors"]] if sender else None)
        assert pid == made.get("target", {}).get("pid")
    files = f"{folder}/date=*/host=*/*.parquet"
    kinds = duckdb.sql(f"SELECT DISTINCT name, type, converted_type FROM parquet_schema('{files}') WHERE name = 'time'").fetchall()  # fmt: skip
    assert kinds == [("time", "INT64", "TIMESTAMP_MICROS")]
    facts = duckdb.sql(f"SELECT DISTINCT key, value FROM parquet_kv_metadata('{files}')").fetchall()
    assert (b"sigtrace.schema", b"1") in facts


def test_every_column_is_there_once(folder):
    names = [column.name for column in columns()]
    assert len(set(names)) == len(names)
    (first,) = folder.rglob("*web1*/*.parquet")
    described = duckdb.sql(
        f"DESCRIBE SELECT * FROM read_parquet('{first}', hive_partitioning=false)"
    )
    assert [row[0] for row in described.fetchall()] == [*names, "raw"]


def test_run_again_nothing_is_doubled_and_nothing_is_lost(folder, recording, tmp_path):
    before = sorted(rows(folder, "raw"))
    assert cli.main(["export", "--parquet", str(folder), recording]) == 0
    assert sorted(rows(folder, "raw")) == before
    more = written(tmp_path / "more.json", *deaths_of(6, "web1", NOON + 3 * HOUR))
    assert cli.main(["export", "--parquet", str(folder), more]) == 0
    assert len(rows(folder)) == len(before) + 2


def test_two_lines_that_are_alike_stay_two(tmp_path):
    same = written(tmp_path / "same.json", *[deaths_of(9, "h", NOON)[0]] * 2)
    for _ in range(2):
        assert cli.main(["export", "--parquet", str(tmp_path / "out"), same]) == 0
        assert len(rows(tmp_path / "out")) == 2


def test_arguments_stay_at_home_and_the_two_kinds_are_not_mixed(tmp_path, capfd):
    said = Statement(NOON, "t", "syslog", "command asked", text=b"secret", details={"command": "secret"}, host="web1")  # fmt: skip
    recording = written(tmp_path / "trace.json", *deaths_of(9, "web1", NOON), said)
    target = str(tmp_path / "out")
    assert cli.main(["export", "--parquet", target, recording]) == 0
    assert "secret" not in str(rows(target))
    assert cli.main(["export", "--parquet", target, recording, "--arguments"]) == 2
    assert "is of another kind" in capfd.readouterr().err
    assert cli.main(["export", "--parquet", target + "2", recording, "--arguments"]) == 0
    assert "secret" in str(rows(target + "2"))


def test_what_is_no_line_of_ours_is_passed_over_and_told(tmp_path, capfd):
    path = tmp_path / "bad.json"
    good = json.dumps(to_object(deaths_of(9, "h", NOON)[0]))
    bad = [
        "{",
        "[]",
        '{"event": "signal", "time": "../../etc"}',
        '{"event": ["x"], "time": "2025-11-24T16:00:00.000000000Z"}',
        good.replace('"sender": {', '"sender": 5, "s": {'),
    ]
    path.write_text("\n".join([good, *bad, ""]))
    assert cli.main(["export", "--parquet", str(tmp_path / "out"), str(path)]) == 0
    error = capfd.readouterr().err
    assert "no line of JSON (2)" in error
    assert "no event of ours (2)" in error
    assert len(rows(tmp_path / "out")) == 2


@pytest.mark.parametrize("host", ["../../x", "a/b", "é", "", "x" * 300, ".."])
def test_a_hosts_name_is_no_path(host, tmp_path):
    assert "/" not in safe(host)
    recording = written(tmp_path / "t.json", deaths_of(9, host, NOON)[0])
    assert cli.main(["export", "--parquet", str(tmp_path / "out"), recording]) == 0
    (path,) = (tmp_path / "out").rglob("*.parquet")
    assert path.parent.parent.parent == tmp_path / "out"


def test_a_file_is_whole_or_not_there(folder, recording, tmp_path, monkeypatch, capfd):
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    more = written(tmp_path / "more.json", *deaths_of(6, "web1", NOON + 3 * HOUR))
    monkeypatch.setattr(os, "replace", lambda *_paths: (_ for _ in ()).throw(OSError(28, "full")))
    assert cli.main(["export", "--parquet", str(folder), more]) == 2
    assert "cannot write" in capfd.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_each_question_finds_what_was_planted(folder, capfd):
    of_unit = {row["unit"]: row for row in asked(capfd, "deaths", str(folder))}
    assert (of_unit["broken.service"]["deaths"], of_unit["broken.service"]["signal"]) == (
        6,
        "SIGSEGV",
    )
    (killer,) = asked(capfd, "killers", str(folder))
    assert (killer["sender"], killer["sender_user"], killer["deaths"]) == ("pkill", "root", 1)
    (oom,) = asked(capfd, "oom", str(folder))
    assert (oom["unit"], oom["scope"], oom["hosts"], oom["all_hosts"]) == (
        "api.service",
        "cgroup",
        1,
        2,
    )
    (harder,) = asked(capfd, "escalations", str(folder))
    assert (harder["earlier"], harder["signal"], harder["longest_s"]) == (
        "SIGTERM",
        "SIGKILL",
        "90.000",
    )
    (loop,) = asked(capfd, "loops", str(folder))
    assert (loop["host"], loop["unit"], loop["deaths"]) == ("web1", "broken.service", 6)
    (since, *_) = asked(capfd, "since-deploy", "2025-11-25 00:00Z", str(folder))
    assert (since["deaths_before"], since["deaths_after"]) == (0, 1)
    told = asked(capfd, "unit", "nginx", str(folder))
    assert {(row["signal"], row["times"]) for row in told} == {("SIGKILL", 1), ("SIGUSR1", 40)}


def test_what_never_died_before_stands_above_what_dies_by_the_hundred_anyhow(tmp_path, capfd):
    """Of ``busy`` 20 more a day are 4 %, and chance; each of the 12 of ``new`` is news."""
    day, kept = 24 * HOUR, []
    for at in range(4):
        times = range(500 if at < 2 else 520)
        kept += [deaths_of(15, "w", NOON + at * day + n * SECOND, b"busy.service") for n in times]
    kept += [deaths_of(9, "w", NOON + 3 * day + n * HOUR // 2, b"new.service") for n in range(12)]
    recording = written(tmp_path / "trace.json", *(event for pair in kept for event in pair))
    assert cli.main(["export", "--parquet", str(tmp_path / "fleet"), recording]) == 0
    told = asked(capfd, "since-deploy", "2025-11-26 12:00Z", str(tmp_path / "fleet"))
    assert [row["unit"] for row in told] == ["new.service", "busy.service"]
    assert [row["deaths_before"] for row in told] == [0, 1000]


def test_a_hostile_name_is_a_value(folder, capfd):
    rows = asked(capfd, "unit", os.fsdecode(HOSTILE), str(folder))
    assert [row["signal"] for row in rows] == ["SIGKILL", "SIGKILL"]
    assert asked(capfd, "unit", "x' OR '1'='1.service", str(folder)) == []
    assert cli.main(["fleet", "deaths", str(folder)]) == 0
    assert "\x1b" not in capfd.readouterr().out


def test_a_hostile_folder_is_a_value(tmp_path, recording, capfd):
    target = str(tmp_path / "o'; DROP TABLE x; --")
    assert cli.main(["export", "--parquet", target, recording]) == 0
    assert asked(capfd, "deaths", target)


def test_as_csv_and_as_a_table(folder, capfd):
    assert cli.main(["fleet", "oom", str(folder), "--csv"]) == 0
    head, row = csv.reader(io.StringIO(capfd.readouterr().out))
    assert dict(zip(head, row))["unit"] == "api.service"
    assert cli.main(["fleet", "oom", str(folder)]) == 0
    assert capfd.readouterr().out.split()[:2] == ["unit", "scope"]


def test_a_file_a_day_answers_the_same(folder, capfd, monkeypatch):
    monkeypatch.chdir(folder)
    duckdb.sql(sql_of("compact"))
    for question in ("deaths", "killers", "oom", "escalations", "loops"):
        one = asked(capfd, question, str(folder))
        assert asked(capfd, question, str(folder / "compact")) == one


@pytest.mark.parametrize("question", QUESTIONS)
def test_help_and_document_say_what_a_question_answers(question):
    name = f"{question} {QUESTIONS[question]}".strip()
    assert f"| `{name}` | {ANSWERS[question]} |" in DOCUMENT
    assert f"{name:<18}  {ANSWERS[question]}\n" in EPILOG


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_statement_is_printed_as_it_is(question, capfd):
    assert cli.main(["fleet", question, "--sql"]) == 0
    assert capfd.readouterr().out == sql_of(question)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["fleet", "bogus", "/x"], "no question"),
        (["fleet", "killer", "/x"], "try: sigtrace fleet killers /x"),
        (["fleet", "/x", "deaths"], "try: sigtrace fleet deaths /x"),
        (["fleet", "/x", "unit", "nginx"], "try: sigtrace fleet unit nginx /x"),
        (["export", "--parquet", "/a b"], "try: sigtrace export --parquet '/a b' --recorded"),
        (["fleet", "unit", "/x"], "sigtrace fleet unit NAME DIR"),
        (["fleet", "unit", "/x"], "without DIR"),
        (["fleet", "unit"], "without NAME and DIR"),
        (["fleet", "deaths", "x", "/x"], "'/x' is too much"),
        (["fleet", "deaths", "/nowhere"], "no date="),
        (["fleet", "since-deploy", "x", "/x"], "not a time"),
        (["export", "/x"], "no place"),
        (["export", "--parquet", "/x"], "nothing to export"),
    ],
)
def test_bad_words(words, named, capfd):
    assert cli.main(words) == 2
    assert named in capfd.readouterr().err


def test_processes_have_their_own_columns():
    names = {column.name for column in columns()}
    assert {"sender_pid", "target_unit", "process_cgroup", "lost_where", "folded", "lost"} <= names
