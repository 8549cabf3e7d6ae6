"""Where a person came from: sshd's line, by its pid or by the session; never by somebody else's."""

from __future__ import annotations

import pytest
from told import PKILL, S, at, died, said, sent

from tracer.model.event import Ancestor, Process
from tracer.model.frozen import replace
from tracer.why.deaths import deaths_in
from tracer.why.neighbours import Neighbours
from tracer.why.verdict import verdict_of
from tracer.why.words import lines_of

SSHD = Process(700, comm=b"sshd")
LOGIND = Process(300, comm=b"systemd-logind")
ALICE = {"user": "alice", "address": "10.0.4.7", "port": 50022, "method": "publickey"}
BASH = Ancestor(800, b"bash", start=at(-899))
TYPED = replace(
    PKILL,
    loginuid=None,
    user="alice",
    tty=b"pts/1",
    ancestors=(BASH, Ancestor(701, b"sshd", start=at(-900)), Ancestor(700, b"sshd", start=at(-901))),
)  # fmt: skip
IN_SESSION = replace(TYPED, ancestors=(BASH,), session=12)


def accepted(seconds, by=SSHD, **more):
    return said(seconds, "logged in", Process(), by, details={**ALICE, **more})


def began(seconds, session="12", leader=700, user="alice"):
    about = Process(pid=leader)
    return said(seconds, "session began", about, LOGIND, details={"session": session, "user": user})


def login(*events, sender=TYPED):
    told = [*events, sent(0, "KILL", sender), died(0.001, "KILL", cause="s0")]
    (death,) = deaths_in(told)
    return verdict_of(death, told, [])


@pytest.mark.parametrize(
    ("events", "sender"),
    [
        ([accepted(-900)], TYPED),
        ([accepted(-5000, Process(55, comm=b"sshd"), address="192.0.2.1"), accepted(-900)], TYPED),
        ([accepted(-900), began(-899)], IN_SESSION),
        ([accepted(-900), began(-899, leader=None)], IN_SESSION),
        ([accepted(-900), began(-899)], replace(IN_SESSION, session=None, unit=b"session-12.scope")),
    ],
    ids=["its sshd", "beside another's", "its session's leader", "its session's user", "its scope"],
)  # fmt: skip
def test_the_address_is_told(events, sender):
    verdict = login(*events, sender=sender)
    assert verdict.who.login.address == "10.0.4.7"
    assert any("alice (ssh from 10.0.4.7, pts/1)" in line for line in lines_of(verdict, 0))


@pytest.mark.parametrize(
    ("events", "sender"),
    [
        ([accepted(-5000)], TYPED),
        ([accepted(-900, user="bob")], TYPED),
        ([accepted(-900, Process(55, comm=b"sshd"))], TYPED),
        ([accepted(1)], TYPED),
        ([replace(accepted(-900), believed=False)], TYPED),
        ([accepted(-900), began(-899, session="13")], IN_SESSION),
        ([accepted(-950), began(-899)], IN_SESSION),
        ([accepted(-900), accepted(-898, address="192.0.2.1"), began(-899, leader=None)], IN_SESSION),
        ([accepted(-900)], IN_SESSION),
        ([replace(accepted(-900), host="web4")], TYPED),
        ([accepted(-900), began(-899), said(-100, "boot", Process())], IN_SESSION),
    ],
    ids=[
        "a former owner of the pid", "another user", "another pid", "later", "forged", "another session", "long before",
        "two at once", "no session known", "another host", "a session of that number before the boot",
    ],
)  # fmt: skip
def test_nobody_elses_address_is_told(events, sender):
    assert login(*events, sender=sender).who.login.address is None


def test_an_address_is_somebodys_text():
    verdict = login(accepted(-900, address="\x1b[2J"))
    assert "\x1b" not in "".join(lines_of(verdict, 900 * S))


def test_of_thousands_of_logins_none_is_looked_at_for_each_death():
    """Each of thousands of deaths had looked at all of a host's logins."""
    logins = [accepted(-5000 - one, Process(9000 + one, comm=b"sshd")) for one in range(500)]
    told = [accepted(-900.5), *logins, sent(0, "KILL", TYPED), died(0.001, "KILL", cause="s0")]
    deaths = deaths_in(told)
    near = Neighbours(told, deaths)
    events = near.events_of(deaths[0])
    assert len(events) == 2
    verdict = verdict_of(deaths[0], events, [], deaths, near.logins)
    assert verdict.who.login.address == "10.0.4.7"


def test_a_login_without_an_address_tells_none():
    line = accepted(-900)
    without = replace(line, details={"user": "alice"})
    assert login(without).who.login.address is None
