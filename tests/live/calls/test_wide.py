"""One call, many victims: one id, each victim once, each death with that call as its cause."""

from __future__ import annotations

import os
import subprocess

import pytest
from harness import Trace
from scene import OURS, assert_only, deaths

pytestmark = pytest.mark.sources("core", reason="it tells neither what was asked nor deaths")


@pytest.mark.parametrize("way", ["group", "zero", "all"])
def test_one_call_and_all_its_victims(way, trace, program, cannot_run):
    running = trace("--signal", "TERM", *OURS)
    done = subprocess.run(
        [program("wide"), way], stdout=subprocess.PIPE, text=True, check=False, timeout=30
    )
    if done.returncode == 77:
        cannot_run("pid namespaces cannot be made here")
    assert done.returncode == 4
    said = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    (asked, error), (again, _), *statuses = said
    assert (error, again) == (0, asked)
    # The oracle, in the caller's own numbers: three children died of SIGTERM.
    assert len(statuses) == 3
    assert {status for _, status in statuses} == {15}
    inside = {pid for pid, _ in statuses}
    first = running.wait_for(lambda e: e["event"] == "signal" and e.get("asked") == asked)
    running.end()
    shared = [e for e in running.events if e["event"] == "signal" and e["id"] == first["id"]]
    victims = [e["target"]["ns_pid"] for e in shared]
    sender = first["sender"]
    # kill(0) reaches the caller as well; kill(-1) leaves out the caller and init.
    assert sorted(victims) == sorted(inside | ({sender["ns_pid"]} if way == "zero" else set()))
    for event in shared:
        assert (event["call"], event["origin"], event["asked"]) == ("kill", "kill", asked)
        assert event["sender"]["pid"] == sender["pid"]
        if event["target"]["pid"] == sender["pid"]:
            assert (event["outcome"], event["why"]) == ("ignored", "SIG_IGN")
            continue
        assert event["outcome"] == "delivered"
        (end,) = deaths(running, event["target"]["pid"])
        assert (end["signal"]["name"], end["cause"]) == ("SIGTERM", first["id"])
        assert end["after_ns"] >= 0
    # The second call is another event, and found them dead or dying.
    others = [e for e in running.events if e["event"] == "signal" and e not in shared]
    assert len({event["id"] for event in others}) <= 1
    for event in others:
        assert event["outcome"] in ("ignored", "coalesced")


def test_two_calls_have_two_ids(trace, victim):
    """Calls that follow each other, to the same victims, who live: nothing runs together."""
    leader = victim("ignore", preexec_fn=os.setpgrp)
    member = victim("ignore", preexec_fn=lambda: os.setpgid(0, leader.pid))
    running = trace("--signal", "TERM", *OURS)
    for _ in range(3):
        os.killpg(leader.pid, 15)
    running.end()
    calls = [event["id"] for event in running.to(leader.pid)]
    assert len(set(calls)) == 3
    assert [event["id"] for event in running.to(member.pid)] == calls
    assert_only(running, member.pid, "SIGTERM", "SIGTERM", "SIGTERM")


def test_the_table_folds_the_victims(trace, program, source):
    table = Trace(source, ["--signal", "TERM", *map(str, OURS)], json_lines=False)
    done = subprocess.run(
        [program("wide"), "group"], stdout=subprocess.PIPE, text=True, check=False, timeout=30
    )
    asked = done.stdout.split()[0]
    table.end()
    shown = table.text.decode()
    for line in done.stdout.splitlines()[2:]:
        assert line.split()[0] in shown
    rows = [line for line in shown.splitlines() if "SIGTERM" in line and "wide" in line]
    assert f"kill({asked})" in shown, shown
    assert len(rows) < 6, shown
