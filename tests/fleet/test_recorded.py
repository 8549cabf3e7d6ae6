"""A simulated fleet of recordings (bench/fleet_recordings.py), exported: each question finds the truth that was planted.

SIGTRACE_FLEET_ROWS / 10 says how many events there are at least, of up to a thousand hosts; ``-s`` shows what it took.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="pip install duckdb tabulate")
pytest.importorskip("tabulate", reason="pip install duckdb tabulate")

import duckdb

from bench import fleet as simulated
from bench import fleet_recordings as recorded
from tracer import cli
from tracer.fleet.ask import Asked, ask, sql_of

pytestmark = pytest.mark.long

ROWS = int(os.environ.get("SIGTRACE_FLEET_ROWS", "100000")) // 10
FLEET = simulated.Fleet(min(max(ROWS // 1000, 100), 1000), ROWS)
SHARES = 2  # Processes at once, each with its own hosts.


@dataclass(frozen=True)
class Exported:
    folder: Path
    made: recorded.Recorded

    def rows(self, question, unit=None, since=None):
        answer = ask(Asked(question, str(self.folder), unit, since))
        return [dict(zip(answer.names, row)) for row in answer.rows]


def one_share(room, nth):
    """Some of the hosts, recorded and exported to the folder of all: what was made, and seconds of the export."""
    hosts, recordings = range(nth, FLEET.hosts, SHARES), room / f"recordings{nth}"
    made = recorded.write(FLEET, hosts, recordings)
    began, used = time.monotonic(), time.process_time()
    assert cli.main(["export", "--parquet", str(room / "parquet"), str(recordings)]) == 0
    return made, time.monotonic() - began, time.process_time() - used


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The recordings through ``sigtrace export``, then a file a day: thirty thousand files are slow to open."""
    room = tmp_path_factory.mktemp("recorded")
    out = room / "parquet"
    with ProcessPoolExecutor(SHARES, get_context("spawn")) as pool:
        shares = [*pool.map(one_share, [room] * SHARES, range(SHARES))]
    made = recorded.Recorded()
    for share, _, _ in shares:
        made.events += share.events
        made.deaths.update(share.deaths)
    took, used = max(share[1] for share in shares), sum(share[2] for share in shares)
    files = [*out.rglob("*.parquet")]
    size = sum(path.stat().st_size for path in files)
    print(
        f"\n{made.events:,} events of {FLEET.hosts:,} hosts exported by {SHARES} at once in {took:.0f} s, {used:.0f} s of a processor:"
        f" {made.events / took:,.0f} events a second, {made.events / used:,.0f} a second of a processor; {len(files):,} files, {size / made.events:.1f} bytes a row"
    )
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(out)
        duckdb.connect().execute(sql_of("compact"))
    compact = [*(out / "compact").rglob("*.parquet")]
    size = sum(path.stat().st_size for path in compact)
    print(f"a file a day: {time.monotonic() - began:.0f} s, {size / made.events:.1f} bytes a row")
    return Exported(out / "compact", made)


def test_every_event_of_the_recordings_is_there_once(exported):
    assert exported.made.events >= ROWS
    files = str(exported.folder / "date=*" / "*.parquet")
    query = "SELECT count(*), count(DISTINCT raw), count(DISTINCT host), count(DISTINCT date) FROM read_parquet(?)"
    told = duckdb.connect().execute(query, [files]).fetchone()
    assert told == (exported.made.events, exported.made.events, FLEET.hosts, simulated.DAYS)


def test_the_deaths_are_those_that_were_made(exported):
    """Counted by the generator as it made them."""
    rows = exported.rows("deaths")
    made = exported.made.deaths
    assert len(rows) == min(50, len(made))
    assert {(row["unit"], row["signal"]): row["deaths"] for row in rows}.items() <= made.items()
    assert Counter(row["deaths"] for row in rows) == Counter(
        count for _, count in made.most_common(len(rows))
    )


def test_the_deploy_that_leaks(exported):
    since = [row for row in exported.rows("oom") if row["unit"] == simulated.LEAKING]
    (oom,) = since
    assert (oom["hosts"], oom["all_hosts"]) == (FLEET.leaking, FLEET.hosts)
    assert (oom["scope"], oom["kills"]) == ("cgroup", FLEET.leaking * 10)
    assert oom["first_kill"].isoformat().startswith("2026-10-21T10:0")
    worse = exported.rows("since-deploy", since=simulated.DEPLOY)[0]
    assert (worse["unit"], worse["deaths_before"]) == (simulated.LEAKING, 0)
    assert (worse["a_day_after"], worse["hosts_after"]) == (FLEET.leaking, FLEET.leaking)


def test_the_cron_job_that_kills_on_one_host(exported):
    (killer,) = [row for row in exported.rows("killers") if row["sender"] == "cleanup.sh"]
    assert killer == {
        "sender": "cleanup.sh",
        "sender_user": "backup",
        "sender_unit": "cron.service",
        "unit": simulated.KILLED,
        "signal": "SIGKILL",
        "deaths": recorded.CRON_JOBS,
        "hosts": 1,
    }
    days = exported.rows("unit", unit=simulated.KILLED)
    assert {row["hosts"] for row in days} == {1}
    assert {row["sender"] for row in days if row["event"] == "signal"} == {"cleanup.sh"}


def test_the_unit_that_crashes_and_the_one_that_does_not_stop(exported):
    (loop,) = exported.rows("loops")
    assert (loop["unit"], loop["host"]) == (simulated.CRASHING, simulated.LOOP_HOST)
    assert loop["deaths"] == simulated.LOOPS
    (stubborn,) = [row for row in exported.rows("escalations") if row["unit"] == simulated.STUBBORN]
    assert stubborn["escalations"] == FLEET.stubborn * simulated.DAYS
    assert stubborn["earlier"] == "SIGTERM"
    assert Decimal(90) <= stubborn["shortest_s"] <= stubborn["longest_s"] < Decimal(91)
