"""Of a unit alone something is told, and of its processes nothing."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import SYSTEMCTL, WEBAPP, ran, said, sent, unit_died

from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.model.signals import NUMBERS
from tracer.why.words import headline

TERM = NUMBERS["TERM"]
OOM = said(0, "unit failed", details={"result": "oom-kill"})


def asked_by_a_client(seconds, number=TERM):
    return said(
        seconds,
        "killed on client request",
        WEBAPP,
        number=number,
        text=b"Sent signal SIGTERM to main process",
    )


def test_a_unit_that_failed_for_want_of_memory():
    """systemd writes no line on a main process that it ended with SIGTERM then (OOMPolicy=stop)."""
    (verdict,) = verdicts([said(-1, "oom notice", details={"killer": "kernel"}), OOM])
    assert (verdict.cause, verdict.confidence, verdict.unit) == ("oom", "likely", "webapp.service")


def test_whose_doing_that_was_its_result_alone_does_not_tell():
    (verdict,) = verdicts([OOM])
    assert (verdict.confidence, set(verdict.fits)) == ("open", {"oom", "user oom killer"})


def test_where_its_process_is_told_that_is_the_end():
    told = verdicts(
        [unit_died(-0.1, "KILL"), said(-1, "oom notice", details={"killer": "kernel"}), OOM]
    )
    assert [(one.cause, one.number) for one in told] == [("oom", 9)]


def test_a_clients_signal_and_a_clean_end():
    (verdict,) = verdicts([asked_by_a_client(-1), said(0, "unit succeeded")])
    assert (verdict.cause, verdict.confidence) == ("killed", "likely")
    assert (
        headline(verdict)
        == "webapp.service on web3 was most likely killed with SIGTERM by systemd[1]"
    )


def test_who_the_client_was_is_told():
    command = replace(SYSTEMCTL, argv=(b"systemctl", b"kill", b"webapp"))
    (verdict,) = verdicts([ran(-1.1, command), asked_by_a_client(-1), said(0, "unit succeeded")])
    assert verdict.who.asked.argv == (b"systemctl", b"kill", b"webapp")


@pytest.mark.parametrize(
    "events",
    [
        [asked_by_a_client(-20)],
        [asked_by_a_client(-1, NUMBERS["USR1"])],
        [said(-1, "killed on client request", Process(unit=b"other.service"), number=TERM)],
    ],
    ids=["long before", "no request", "another unit"],
)
def test_what_is_no_reason_of_a_clean_end(events):
    (verdict,) = verdicts([*events, said(0, "unit succeeded")])
    assert verdict.cause == "unknown"


def test_a_users_manager_in_a_text_is_one_by_its_name():
    """Its line says that it killed a process of a unit, and why; its parent is in no text."""
    by = Process(2626, comm=b"systemd")
    kill = sent(0, "KILL", by, WEBAPP, source="syslog", outcome=None)
    (verdict,) = verdicts([said(-0.1, "stop timeout", by=by), kill])
    assert (verdict.cause, verdict.confidence) == ("stop timeout", "likely")
