"""sudo's and cron's lines as witnesses of who asked, or who killed."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import NOON, S, said, unit_died

from tracer.model.event import Process

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
