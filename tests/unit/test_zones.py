"""Logs have the local time of whoever wrote them, JSON has UTC, and a table and a verdict the reader's. date(1) decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

ZONES = ("America/St_Johns", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Auckland", "UTC")
# In winter and in summer, and an hour after the clocks of Berlin went forward.
STAMPS = ("2026-01-17 23:59:58", "2026-07-04 00:00:01", "2026-03-29 03:30:00")
OOM = "{} web3 kernel: Out of memory: Killed process 4711 (webapp) total-vm:9000kB, anon-rss:8000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:80kB oom_score_adj:0\n"


def date(zone, stamp, form):
    return subprocess.check_output(
        ["date", "-d", stamp, form], text=True, env={**os.environ, "TZ": zone, "LC_ALL": "C"}
    ).strip()


@pytest.fixture(params=[(zone, stamp) for zone in ZONES for stamp in STAMPS], ids=" ".join)
def told(request, tmp_path):
    """What a command says of a death at that time, in that zone."""
    zone, stamp = request.param
    log = tmp_path / "kern.log"
    log.write_text(OOM.format(date(zone, stamp, "+%b %e %H:%M:%S")))

    def run(command, *words):
        done = subprocess.run(
            [sys.executable, "-m", "tracer", command, *words, "--year", "2026", str(log)],
            capture_output=True, text=True, check=False, env={**os.environ, "TZ": zone},
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
        return done.stdout

    return zone, stamp, run


def test_each_has_the_time_that_it_should(told):
    zone, stamp, run = told
    epoch = date(zone, stamp, "+%s")
    (event,) = [one for one in map(json.loads, run("replay", "--json").splitlines()) if one["event"] == "signal"]  # fmt: skip
    assert event["time"].startswith(date("UTC", f"@{epoch}", "+%Y-%m-%dT%H:%M:%S"))
    day, _, clock = stamp.partition(" ")
    table = run("replay")
    assert f"{day} {date(zone, stamp, '+%Z')}" in table or f"{day} UTC{date(zone, stamp, '+%:z')}" in table  # fmt: skip
    assert clock in table
    when = date(zone, stamp, "+%a %Y-%m-%d %H:%M:%S")
    assert when in run("why", "webapp")
    assert run("why", "webapp", "--since", stamp, "--until", f"@{int(epoch) + 1}")
    assert not run("why", "webapp", "--since", f"@{int(epoch) + 1}")
    assert not run("why", "--since", f"@{int(epoch) + 1}")
    assert not run("why", "--until", f"@{int(epoch) - 1}")
