"""sudo's and cron's lines as witnesses of who asked, or who killed."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import NOON, S, said, sent, unit_died

from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.why import ask
from tracer.why.ran import BY_USER
from tracer.why.words import labels

SUDO = Process(612, comm=b"sudo")


def asked(seconds, command, by=SUDO, **details):
    known = {"user": "deploy", "as_user": "root", "tty": "pts/3", "command": command, **details}
    return said(seconds, "command asked", Process(), by=by, details=known)


def test_sudo_killed_it_by_name():
    (verdict,) = verdicts([asked(-0.02, "/usr/bin/pkill -9 -x webapp"), unit_died(0, "KILL")])
    assert (verdict.cause, verdict.confidence) == ("killed", "likely")
    assert verdict.who.login.user == "deploy"
    assert verdict.who.sender.argv == (b"/usr/bin/pkill", b"-9", b"-x", b"webapp")


def test_sudo_asked_the_manager():
    events = [
        asked(-91, "/bin/systemctl restart webapp"),
        said(-90.5, "stop asked"),
        said(0, "stop timeout"),
        unit_died(0, "KILL"),
    ]
    (verdict,) = verdicts(events)
    assert verdict.cause == "stop timeout"
    assert verdict.who.asked.comm == b"systemctl"
    assert verdict.who.login.user == "deploy"


@pytest.mark.parametrize("command", ["/usr/bin/pkill -9 nginx", "/usr/bin/less webapp", ""])
def test_another_command_accuses_nobody(command):
    (verdict,) = verdicts([asked(-0.02, command), unit_died(0, "KILL")])
    assert verdict.who is None
    assert verdict.time == NOON // S * S


def test_what_is_forgotten_is_said(monkeypatch):
    """The oldest goes; that a verdict may lack it is told, with the moment from which all was looked at."""
    monkeypatch.setattr(ask, "KEPT_MAX", 5)
    heard = ask.Heard(sent(second, "TERM") for second in range(11))
    assert heard.forgotten == 6
    (note,) = heard.notes()
    assert note.startswith("6 events are too many to be kept: what came before ")
    assert ask.Heard(sent(second, "TERM") for second in range(10)).notes() == []


KILLS = "/usr/bin/pkill -9 -x webapp"
CRON = Process(611, comm=b"CRON")


def cron_ran(seconds, command="/usr/local/bin/tidy-workers", by=CRON, user="deploy"):
    return said(seconds, "cron ran", Process(), by=by, details={"user": user, "command": command})


def told_of(*events):
    (verdict,) = verdicts([*events, unit_died(0, "KILL")])
    return verdict, {label: text.replace("\xa0", " ") for label, text in labels(verdict, 0)}


def test_a_cron_job_behind_sudo_is_named():
    """In a text its user and the time tell it: that is said."""
    verdict, told = told_of(cron_ran(-0.1), asked(-0.02, KILLS, tty=None))
    assert (verdict.confidence, verdict.who.via) == ("likely", "cron")
    assert told["who"] == f"deploy, as root: {KILLS} ← sudo[612] ← tidy-workers[611] ← cron"
    assert BY_USER in verdict.doubts
    assert "cron ran" in [one.text for one in verdict.evidence]


def test_who_had_a_manager_stop_it_may_have_been_a_cron_job():
    verdict, told = told_of(
        cron_ran(-91), asked(-91, "/bin/systemctl restart webapp", tty=None),
        said(-90.5, "stop asked"), said(0, "stop timeout"),
    )  # fmt: skip
    assert (verdict.cause, verdict.who.via) == ("stop timeout", "cron")
    assert told["who"].endswith("← sudo[612] ← tidy-workers[611] ← cron")
    assert BY_USER in verdict.why


@pytest.mark.parametrize(
    "events",
    [
        [cron_ran(-0.1, user="alice"), asked(-0.02, KILLS, tty=None)],
        [cron_ran(-0.1), asked(-0.02, KILLS, tty="pts/3")],
        [cron_ran(-11), asked(-0.02, KILLS, tty=None)],
        [cron_ran(-0.2), cron_ran(-0.1, "/bin/other"), asked(-0.02, KILLS, tty=None)],
        [cron_ran(0.1), asked(-0.02, KILLS, tty=None)],
        [said(-300, "logged in", Process(), details={"user": "deploy"}), cron_ran(-0.1), asked(-0.02, KILLS, tty=None)],
        [cron_ran(-0.1, by=replace(CRON, pid=613)), asked(-0.02, KILLS, tty=None)],
        [cron_ran(-0.1, by=replace(CRON, session=7)), asked(-0.02, KILLS, tty=None, by=replace(SUDO, session=8))],
    ],
    ids=["another's", "at a terminal", "long before", "two", "later", "by ssh, perhaps", "born before", "another session"],
)  # fmt: skip
def test_no_job_is_accused_that_may_not_be_meant(events):
    verdict, told = told_of(*events)
    assert verdict.who.via != "cron"
    assert "tidy-workers" not in told["who"]


def test_by_its_audit_session_a_job_is_known_however_long_it_ran():
    one, two = replace(CRON, session=7), replace(CRON, pid=999, session=8)
    verdict, _ = told_of(
        cron_ran(-300, by=one), cron_ran(-0.1, "/bin/other", by=two),
        asked(-0.02, KILLS, tty=None, by=replace(SUDO, session=7)),
    )  # fmt: skip
    assert verdict.who.via == "cron"
    assert verdict.who.sender.ancestors[-1].comm == b"tidy-workers"
    assert BY_USER not in verdict.doubts
