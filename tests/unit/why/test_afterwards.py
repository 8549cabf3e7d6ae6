"""What came of a death: its unit's next start, and who found it gone."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import WEBAPP, S, at, died, said, sent, unit_died

from tracer.model.event import Ancestor, Failed, Process
from tracer.model.frozen import replace
from tracer.why.words import labels

CHILD = Process(14723, comm=b"webapp", ppid=2231)


def then(*events):
    return verdicts(events)[0].then


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([said(1, "restart scheduled")], "systemd began to start it again 1 s later"),
        ([said(1, "restart scheduled"), said(1.5, "started")], "systemd started it again 1.5 s later"),
        ([said(1, "restart scheduled"), said(9, "restart scheduled"), said(9, "started")],
         "systemd began to start it again 1 s later"),
        ([said(0, "restart scheduled")], "systemd began to start it again in the same second"),
    ],
)  # fmt: skip
def test_when_it_was_started_again(events, told):
    assert then(unit_died(0, "KILL"), *events) == (told,)


def test_how_long_after_its_unit_was_started():
    """Where its own birth is not known: a recording knows it."""
    events = [said(-13, "started"), unit_died(0, "KILL"), said(1, "started")]
    (verdict,) = verdicts(events)
    assert verdict.unit_started == at(-13)
    assert dict(labels(verdict, 0))["when"].endswith("13 s after its unit was started")
    born = replace(WEBAPP, start=at(-12))
    (verdict,) = verdicts([said(-13, "started"), died(0, "KILL", born)])
    assert verdict.unit_started is None


def test_a_start_of_the_run_before_is_none_of_this_one():
    before = [said(-60, "started"), said(-50, "unit failed", details={"result": "signal"})]
    assert verdicts([*before, unit_died(0, "KILL")])[-1].unit_started is None


def test_what_came_before_the_end_is_no_new_start():
    assert then(said(-1, "started"), unit_died(0, "KILL")) == ()


def failed(seconds, sender=CHILD, asked=2231, error="ESRCH", number=0):
    return Failed(
        at(seconds), "f1", "core", "kill", error, number, sender, asked=asked, host="web3"
    )


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (failed(2), "2 s later webapp[14723], a child, found it gone (kill with signal 0: ESRCH)"),
        (failed(2, replace(CHILD, ppid=1, ancestors=(Ancestor(2231),))), "2 s later webapp[14723], a child, found it gone"),
        (failed(2, replace(CHILD, ppid=1), number=15), "2 s later webapp[14723] found it gone (kill with SIGTERM: ESRCH)"),
        (failed(2, asked=77), None),
        (failed(2, error="EPERM"), None),
        (failed(-2), None),
        (failed(2, replace(CHILD, ns_pid=3)), None),
    ],
)  # fmt: skip
def test_who_found_it_gone(event, told):
    """kill(2) says ESRCH of one that is no more; a pid is of the caller's own namespace."""
    assert event.time // S
    found = " ".join(then(sent(0, "KILL"), died(0.0, "KILL", cause="s0"), event))
    assert (found == "") if told is None else found.startswith(told)
