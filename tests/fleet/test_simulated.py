"""A simulated fleet (bench/fleet.py): each truth that was planted is found by one question, on DuckDB and on Spark.

SIGTRACE_FLEET_ROWS says how large it is. Spark runs in local-cluster mode: two worker processes on this machine.
"""

from __future__ import annotations

import os
import shutil
from decimal import Decimal

import pytest

pytest.importorskip("duckdb", reason="pip install duckdb tabulate")
pytest.importorskip("tabulate", reason="pip install duckdb tabulate")

from bench import fleet as simulated
from tracer import cli
from tracer.fleet.ask import QUESTIONS, Asked, ask, sql_of
from tracer.fleet.engine import connect

ROWS = int(os.environ.get("SIGTRACE_FLEET_ROWS", "100000"))
FLEET = simulated.Fleet(200, ROWS)
UNITS = {"unit": simulated.KILLED}


def asked_of(question, folder):
    return Asked(question, str(folder), UNITS.get(question), simulated.DEPLOY)


def rows(question, folder):
    answer = ask(asked_of(question, folder))
    return [dict(zip(answer.names, row)) for row in answer.rows]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file a day, made by SQL."""
    target = tmp_path_factory.mktemp("fleet") / "compact"
    simulated.write(FLEET, target, "date")
    return target


def test_nothing_is_drawn_among_the_rows():
    setting = connect().execute("SELECT current_setting('enable_progress_bar')").fetchone()
    assert setting == (False,)


def test_the_deploy_that_leaks(folder):
    (oom,) = rows("oom", folder)
    assert (oom["unit"], oom["scope"]) == (simulated.LEAKING, "cgroup")
    assert (oom["hosts"], oom["all_hosts"]) == (FLEET.leaking, FLEET.hosts)
    assert oom["kills"] == FLEET.leaking * 10
    assert oom["first_kill"].isoformat() == "2026-10-21T10:00:00+00:00"
    worse = rows("since-deploy", folder)[0]
    assert (worse["unit"], worse["deaths_before"]) == (simulated.LEAKING, 0)
    assert worse["a_day_after"] == FLEET.leaking


def test_the_cron_job_that_kills_on_one_host(folder):
    (killer,) = [row for row in rows("killers", folder) if row["unit"] == simulated.KILLED]
    assert killer == {
        "sender": "cleanup.sh",
        "sender_user": "backup",
        "sender_unit": "cron.service",
        "unit": simulated.KILLED,
        "signal": "SIGKILL",
        "deaths": simulated.DAYS,
        "hosts": 1,
    }
    days = rows("unit", folder)
    assert len(days) == 2 * simulated.DAYS
    assert {row["hosts"] for row in days} == {1}


def test_the_unit_that_crashes_and_the_one_that_does_not_stop(folder):
    (loop,) = [row for row in rows("loops", folder) if row["unit"] == simulated.CRASHING]
    assert (loop["host"], loop["deaths"]) == (simulated.LOOP_HOST, simulated.LOOPS)
    (stubborn,) = rows("escalations", folder)
    assert (stubborn["unit"], stubborn["earlier"]) == (simulated.STUBBORN, "SIGTERM")
    assert stubborn["escalations"] == FLEET.stubborn * simulated.DAYS
    assert (stubborn["shortest_s"], stubborn["longest_s"]) == (Decimal("90.000"),) * 2


def test_recordings_that_were_exported_answer_the_same(tmp_path):
    small = simulated.Fleet(3, 2000)
    recording = tmp_path / "trace.json"
    recording.write_text("\n".join([*simulated.lines(small), ""]))
    simulated.write(small, tmp_path / "made", "date")
    assert cli.main(["export", "--parquet", str(tmp_path / "out"), str(recording)]) == 0
    for question in QUESTIONS:
        assert rows(question, tmp_path / "out") == rows(question, tmp_path / "made"), question


@pytest.fixture(scope="module")
def spark():
    """Bound to loopback, and to this machine."""
    sql = pytest.importorskip("pyspark.sql", reason="make test-fleet installs pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17: Debian package openjdk-17-jre-headless")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
    }
    master = os.environ.get("SIGTRACE_SPARK", "local-cluster[2,1,1024]")
    builder = sql.SparkSession.builder.master(master).appName("sigtrace")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_statement_answers_the_same_on_spark(question, folder, spark):
    asked = asked_of(question, folder)
    spark.read.parquet(str(folder)).createOrReplaceTempView("events")
    wanted = spark.sql(
        "SELECT :unit AS unit, CAST(:since AS TIMESTAMP) AS since",
        args={"unit": asked.unit, "since": asked.since},
    )
    wanted.createOrReplaceTempView("wanted")
    ours = ask(asked)
    theirs = spark.sql(sql_of(question))
    assert theirs.columns == ours.names
    assert [plain(row) for row in theirs.collect()] == [plain(row) for row in ours.rows]
    assert ours.rows


def plain(row):
    """Spark gives local times without a zone, which are UTC here."""
    return [
        one.replace(tzinfo=None).isoformat() if hasattr(one, "isoformat") else one for one in row
    ]
