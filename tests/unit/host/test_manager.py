"""systemctl show, as several versions write it; a fake one stands for a program that hangs, fails, or writes without end."""

from __future__ import annotations

import calendar
import os
import time

import pytest

from tracer.host import manager

S = 1_000_000_000
RUN = "0123456789abcdef0123456789abcdef"
# v252, of a unit that was killed; systemd writes properties in an order of its own.
KILLED = f"""\
Type=simple
Restart=no
NotifyAccess=none
TimeoutStopUSec=1min 30s
RuntimeMaxUSec=infinity
OOMPolicy=stop
ExecMainStartTimestamp=Fri 2026-11-27 12:00:00 UTC
ExecMainExitTimestamp=Fri 2026-11-27 12:34:49 UTC
ExecMainExitTimestampMonotonic=900000
ExecMainPID=4242
ExecMainCode=2
ExecMainStatus=9
Result=signal
NRestarts=0
Id=webapp.service
ActiveState=failed
SubState=failed
InactiveExitTimestampMonotonic=100050
ActiveEnterTimestamp=Fri 2026-11-27 12:00:00 UTC
ActiveEnterTimestampMonotonic=100100
ActiveExitTimestamp=Fri 2026-11-27 12:34:49 UTC
ActiveExitTimestampMonotonic=900200
InactiveEnterTimestamp=Fri 2026-11-27 12:34:49 UTC
InvocationID={RUN}
"""
# v240 has neither OOMPolicy= nor NRestarts of a unit that never ran; v262 has more than was asked of v252.
NEVER_RAN = """\
Type=oneshot
ExecMainExitTimestampMonotonic=0
ExecMainPID=0
ExecMainCode=0
ExecMainStatus=0
Result=success
Id=report-job.service
ActiveState=inactive
SubState=dead
ExecMainStartTimestamp=
ExecMainExitTimestamp=n/a
InvocationID=
LaterProperty=something
"""


def state(**changes):
    """The unit that was killed, with some of its properties written otherwise; None: not written."""
    lines = dict(line.split("=", 1) for line in KILLED.splitlines())
    lines.update(changes)
    text = "".join(f"{name}={value}\n" for name, value in lines.items() if value is not None)
    (one,) = manager.parsed(text.encode("utf-8", "surrogateescape"))
    return one


def test_a_unit_that_was_killed():
    one = state()
    died = calendar.timegm((2026, 11, 27, 12, 34, 49)) * S
    assert (one.unit, one.pid, one.code, one.status) == (b"webapp.service", 4242, "killed", 9)
    assert (one.exited, one.inactive_since) == (died, died)
    assert (one.result, one.restart, one.restarts) == ("signal", "no", 0)
    assert (one.invocation, one.stop_timeout) == (RUN.encode(), "1min 30s")
    assert (one.is_of_its_run, one.was_active, one.was_stopping) == (True, True, False)


def test_what_never_ran_is_unknown_and_not_zero():
    (one,) = manager.parsed(NEVER_RAN.encode())
    known = {name for name in manager.PROPERTIES if getattr(one, name) is not None}
    assert known == {"unit", "kind", "active", "sub", "result", "status", "exited_us"}
    assert (one.is_of_its_run, one.was_active, one.was_stopping) == (False, None, None)


def test_several_units():
    found = manager.parsed(f"{KILLED}\n{NEVER_RAN}".encode())
    assert [one.unit for one in found] == [b"webapp.service", b"report-job.service"]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("ExecMainPID", "pid", "-1"),
        ("ExecMainPID", "pid", "4242x"),
        ("ExecMainPID", "pid", "9" * 400),
        ("ExecMainPID", "pid", "４２"),
        ("ExecMainCode", "code", "9"),
        ("ExecMainStatus", "status", "[not set]"),
        ("ExecMainExitTimestamp", "exited", "Fri 2026-11-27 12:34:49 CET"),
        ("ExecMainExitTimestamp", "exited", "Fri 2026-13-27 12:34:49 UTC"),
        ("ExecMainExitTimestamp", "exited", "yesterday"),
        ("ExecMainExitTimestamp", "exited", "Thu 1970-01-01 00:00:00 UTC"),
        ("InvocationID", "invocation", "00"),
        ("InvocationID", "invocation", "x" * 32),
        ("Result", "result", "\x1b[31msignal"),
        ("Result", "result", ""),
        ("TimeoutStopUSec", "stop_timeout", "\x1b]0;x\x07"),
        ("TimeoutStopUSec", "stop_timeout", "1" * 50),
        ("ControlGroup", "cgroup", "relative"),
    ],
)
def test_what_is_not_understood_is_unknown(name, field, value):
    assert getattr(state(**{name: value}), field) is None


@pytest.mark.parametrize(
    "name", ["../x.service", "a b.service", "x.slice", "", "*.service", "é.service"]
)
def test_what_names_no_unit_is_none(name):
    assert manager.parsed(KILLED.replace("webapp.service", name).encode()) == []


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        (b"webapp", b"webapp.service"),
        (b"webapp.service", b"webapp.service"),
        (b"session-3.scope", b"session-3.scope"),
        (b"getty@tty1", b"getty@tty1.service"),
        (b"-1", b"-1.service"),
        (rb"a\x2db", rb"a\x2db.service"),
        (b"web*", None),
        (b"/dev/sda", None),
        (b"a;b", None),
        (b"..", None),
        (b"a\0b", None),
        (b"x" * 300, None),
        ("user@1000.service › app".encode(), None),
    ],
)
def test_the_unit_that_a_name_may_mean(name, unit):
    assert manager.unit_of(name) == unit


def test_a_unit_that_left_its_active_state_before_its_process_ended_was_stopping():
    assert state(ActiveExitTimestampMonotonic="500000").was_stopping is True
    assert state(ActiveExitTimestampMonotonic="900000").was_stopping is False
    # Of an earlier run.
    assert state(ActiveExitTimestampMonotonic="50000").was_stopping is False
    assert state(ActiveEnterTimestampMonotonic="50000").was_stopping is None
    assert state(ActiveEnterTimestampMonotonic=None).was_stopping is None


def test_a_unit_that_began_anew_is_not_of_that_run():
    """It waits for its restart, or failed before its main process began."""
    assert state(InactiveExitTimestampMonotonic="900300").is_of_its_run is False
    assert state(InactiveExitTimestampMonotonic=None).is_of_its_run is False


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A systemctl of one's own: gives what makes it of a shell's words, and the file that has its arguments."""

    def make(words):
        script = tmp_path / "systemctl"
        script.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$TZ $LC_ALL" "$@" > {tmp_path}/asked\n{words}\n'
        )
        script.chmod(0o755)
        (tmp_path / "shown").write_text(KILLED)
        return tmp_path / "asked"

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return make


def asked(tmp_path, *units, **more):
    return manager.states(units or (b"webapp.service",), booted=str(tmp_path), **more)


def test_it_is_asked_in_words_of_its_own(program, tmp_path):
    """No shell, the unit behind "--", a clock and a language that are understood."""
    arguments = program(f"cat {tmp_path}/shown")
    (one,) = asked(tmp_path, b"-x.service", b"webapp.service")
    assert one.pid == 4242
    words = arguments.read_text().splitlines()
    assert words[:3] == ["UTC C", "show", "--no-pager"]
    assert words[4:] == ["--", "-x.service", "webapp.service"]
    assert set(words[3].removeprefix("--property=").split(",")) == {
        name for name, _ in manager.PROPERTIES.values()
    }


@pytest.mark.parametrize(
    "words", ["exit 1", "echo Failed to connect to bus >&2; exit 1", "cat /dev/zero", "kill -9 $$"]
)
def test_who_fails_or_never_ends_tells_nothing(program, tmp_path, words):
    program(words)
    assert asked(tmp_path) == []


def test_who_hangs_is_not_waited_for(program, tmp_path):
    program(f"echo $$ > {tmp_path}/pid; cat {tmp_path}/shown; exec sleep 600")
    assert asked(tmp_path, seconds=0.5) == []
    pid = int((tmp_path / "pid").read_text())
    assert not os.path.exists(f"/proc/{pid}"), "it is gone, and was waited for"


def test_no_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asked(tmp_path) == []


def test_no_systemd(program, tmp_path):
    arguments = program("true")
    assert manager.states([b"webapp.service"], booted=str(tmp_path / "no")) == []
    assert asked(tmp_path / "no") == []
    assert not arguments.exists(), "it was not even asked"


def test_no_unit_is_not_asked_for(program, tmp_path):
    arguments = program("true")
    assert manager.states([], booted=str(tmp_path)) == []
    assert not arguments.exists()


def test_the_time_is_utc_wherever_we_are(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert state().exited == calendar.timegm((2026, 11, 27, 12, 34, 49)) * S
    finally:
        monkeypatch.undo()
        time.tzset()
