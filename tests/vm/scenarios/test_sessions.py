"""Login sessions that end: the line is cut, or the session is terminated."""

import subprocess

import pytest
from sessions import logged_in
from traced import is_signal, tracing


@pytest.fixture
def login():
    with logged_in() as it:
        yield it


def test_a_cut_line_hangs_up(login):
    client, remote, _ = login
    with tracing("--to", str(remote)) as trace:
        client.kill()
        death = trace.death_of(remote)
    hangup = trace.signal("SIGHUP", to=remote)
    assert hangup["origin"] == "tty"
    assert death["cause"] == hangup["id"]


def test_a_terminated_session_is_told_by_systemd(login):
    _, remote, session = login
    with tracing("--to", str(remote)) as trace:
        subprocess.run(["loginctl", "terminate-session", session], check=True)
        death = trace.death_of(remote)
    first = next(filter(is_signal, trace.events))
    assert first["sender"]["pid"] == 1
    assert first["target"]["unit"] == f"session-{session}.scope"
    assert death["cause"] == first["id"]
