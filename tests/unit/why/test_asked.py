"""sudo's and cron's lines as witnesses of who asked, or who killed."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import NOON, S, said, sent, unit_died

from tracer.model.event import Process
from tracer.why import ask

SUDO = Process(612, comm=b"sudo")


def asked(seconds, command, **details):
    known = {"user": "deploy", "as_user": "root", "tty": "pts/3", "command": command, **details}
    return said(seconds, "command asked", Process(), by=SUDO, details=known)


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
