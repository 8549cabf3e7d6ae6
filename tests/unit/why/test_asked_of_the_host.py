"""``sigtrace why`` on this host, whose logs and manager are stand-ins: what is asked of it, and what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from tracer import cli
from tracer.commands import why
from tracer.host import counters, manager
from tracer.host.clock import BootClock
from tracer.model.errors import Problem
from tracer.sources.found import found_by_names

SHOWN = """\
Id=webapp.service
Type=simple
NotifyAccess=none
Restart=no
RuntimeMaxUSec=infinity
TimeoutStopUSec=1min 30s
ActiveState=failed
SubState=failed
Result=signal
InvocationID=0123456789abcdef0123456789abcdef
ExecMainPID=4242
ExecMainCode=2
ExecMainStatus=9
ExecMainStartTimestamp={started}
ExecMainExitTimestamp={died}
InactiveEnterTimestamp={died}
InactiveExitTimestampMonotonic=100
ActiveEnterTimestampMonotonic=101
ExecMainExitTimestampMonotonic=900
ActiveExitTimestampMonotonic=901
"""


def stamp(seconds):
    return time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


@pytest.fixture
def died():
    return int(time.time()) - 5


@pytest.fixture(autouse=True)
def host(tmp_path, monkeypatch, died):
    """systemd runs, and has a unit that was killed; of the rest nothing was kept but an empty log. Gives the file that says
    what systemctl was asked."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    (tmp_path / "shown").write_text(SHOWN.format(started=stamp(died - 60), died=stamp(died)))
    (tmp_path / "messages").write_text("Nov 27 12:00:00 web3 kernel: hello\n")
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncat {tmp_path}/shown\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(manager, "BOOTED", str(tmp_path))
    monkeypatch.setattr(counters, "of_host", lambda: 62)
    kept = str(tmp_path / "messages")
    monkeypatch.setattr(why, "found_kept", lambda _root: found_by_names([kept]))
    return tmp_path / "asked"


def asked(capsys, *words):
    status = cli.main(["why", "--json", *words])
    out = capsys.readouterr().out
    return status, [json.loads(line) for line in out.splitlines()]


def test_pid_signal_and_time_are_told_though_nothing_was_logged(capsys, died):
    status, (one,) = asked(capsys, "webapp")
    assert status == 1, "who sent it is not known"
    assert (one["process"]["pid"], one["signal"]["name"]) == (4242, "SIGKILL")
    assert one["time"].startswith(time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(died)))
    assert "who" not in one
    assert one["then"] == ["Restart=no, so it is down"]


def test_nor_can_any_log_be_read(capsys, monkeypatch):
    def shut(_root):
        raise Problem("no log can be read", "it may not be", "sudo sigtrace why")

    monkeypatch.setattr(why, "found_kept", shut)
    status, (one,) = asked(capsys, "webapp")
    assert (status, one["process"]["pid"]) == (1, 4242)
    monkeypatch.setattr(manager, "BOOTED", "/no/systemd")
    assert cli.main(["why", "webapp"]) == 2
    assert "no log can be read" in capsys.readouterr().err


@pytest.mark.parametrize("more", ["file", "root"])
def test_of_files_and_of_another_host_nothing_is_asked(capsys, host, tmp_path, more):
    words = [str(tmp_path / "messages")] if more == "file" else ["--root", str(tmp_path)]
    asked(capsys, "webapp", *words)
    assert not host.exists()


def test_what_is_of_another_time_is_not_told(capsys, died):
    assert asked(capsys, "webapp", "--until", "1 h ago") == (3, [])
    assert asked(capsys, "webapp", "--since", "1 h ago")[1] != []


@pytest.mark.parametrize("what", ["web*", "a b", "4242 ; true", "web\x1b[31m", "-" * 300])
def test_what_names_no_unit_is_not_asked_for(capsys, host, what):
    asked(capsys, "--", what)
    assert not host.exists()


def ruled_out(capsys):
    _, (one,) = asked(capsys, "webapp")
    return {negative["cause"]: negative for negative in one["ruled_out"]}


def test_a_counter_that_is_zero(capsys, monkeypatch):
    """From boot, as /proc/stat has it, to now."""
    monkeypatch.setattr(counters, "of_host", lambda: 0)
    oom = ruled_out(capsys)["oom"]
    assert "/proc/vmstat" in oom["because"]
    with open("/proc/stat") as file:
        (boot,) = [int(line.split()[1]) for line in file if line.startswith("btime ")]
    began, _, ended = oom["coverage"].partition(" to ")
    assert abs(BootClock().offset / 1e9 - boot) < 2
    assert began[:16] == time.strftime("%Y-%m-%dT%H:%M", time.gmtime(BootClock().offset // 10**9))
    assert ended[:13] == time.strftime("%Y-%m-%dT%H", time.gmtime())


@pytest.mark.parametrize("count", [1, 62, None])
def test_a_counter_that_is_not_zero_or_not_there(capsys, monkeypatch, count):
    monkeypatch.setattr(counters, "of_host", lambda: count)
    assert "oom" not in ruled_out(capsys)


def test_the_others_commands_load_none_of_it():
    code = "import sys, tracer.cli, tracer.commands.live; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tracer.host.manager", "tracer.host.counters"} & set(run.stdout.split())
