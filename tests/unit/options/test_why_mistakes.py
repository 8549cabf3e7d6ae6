"""What is typed wrong after ``sigtrace why`` is answered with what to type instead."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from tracer import cli
from tracer.why import tell

ANSWERS = {
    "nginx sshd": "sigtrace why nginx, then sigtrace why sshd",
    "''": "sigtrace why nginx",
    "nginx --at soon": "'10 min ago'",
    "nginx --since 25:99": "'10 min ago'",
    "nginx --until soon": "'10 min ago'",
    "nginx --since 2026-11-28 --until 2026-11-27": "--since 2026-11-27 --until 2026-11-28",
    "nginx -n 0": "--count 1, or more",
    "nginx --count -1": "--count 1, or more",
    "nginx --count many": "--count 1, or more",
    "nginx --count": "sigtrace why --help",
    "nginx --year 99999": "--year ",
    "nginx --year soon": "--year 1970",
    "nginx --root /no-such-place": "ls -l /no-such-place",
    "nginx --root / /etc/passwd": "'/etc/passwd' alone",
    "nginx /no-such-place/messages": "sigtrace why",
    "nginx --evidnce": "sigtrace why nginx --evidence",
    "nginx --jsn": "sigtrace why nginx --json",
    "nginx --signal 9": "sigtrace why --help",
    "--at 12:30": "without --at",
    "-n 3": "without --count",
    "--context /etc/passwd": "without --context",
}


@pytest.mark.parametrize("typed", ANSWERS)
def test_each_wrong_usage_has_its_answer(typed, capsys):
    assert cli.main(["why", *shlex.split(typed)]) == 2
    shown, error = capsys.readouterr()
    assert shown == ""
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["sigtrace", "why", "try"]
    assert ANSWERS[typed] in error.splitlines()[-1]


def test_a_name_that_is_a_file_here_says_so(tmp_path, monkeypatch, capsys):
    """sigtrace why orders-api, typed in the folder where the program lies."""
    (tmp_path / "orders-api").write_text("#!/bin/sh\nsleep 100\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["why", "orders-api"]) == 2
    error = capsys.readouterr().err
    assert "orders-api is a file here, and is read as one" in error
    assert "cd /; sigtrace why orders-api" in error
    (tmp_path / "orders-api").chmod(0o755)
    assert cli.main(["why", "orders-api"]) == 2
    assert "try: cd /; sigtrace why orders-api, for what ended it" in capsys.readouterr().err
    assert cli.main(["why", "orders-api", "-n", "3"]) == 2
    assert "all of them are asked for: orders-api is a file here" in capsys.readouterr().err
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/messages").write_text("Nov 27 12:00:00 web3 kernel: hello\n")
    cli.main(["why", "kept"])
    assert "kept is a folder here, and is read as one" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["why nginx", "report -o page.html"])
def test_a_file_of_no_known_form_is_an_error(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "odd").write_text("what is this\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main([*command.split(), str(tmp_path / "odd")]) == 2
    assert "looks like some other text" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_files_are_read_whole_without_what(tmp_path, capsys):
    """Nobody hands over a log of the last hour."""
    log = tmp_path / "messages"
    line = "Nov 27 {}:00:00 web3 systemd[1]: a.service: Main process exited, code=killed, status=9/KILL\n"
    log.write_text(line.format("01") + line.format("05"))
    assert cli.main(["why", "--year", "2020", str(log)]) == tell.OPEN
    shown = capsys.readouterr().out
    assert shown.startswith("2020-11-27 05:00:00  a ")
    assert "2 times" in shown


def test_standard_input_is_a_file_by_the_name_that_replay_has_for_it():
    line = b"Nov 27 05:00:00 web3 systemd[1]: a.service: Main process exited, code=killed, status=9/KILL\n"
    for words, status, told in (
        (["a.service", "-"], 1, b"a.service"),
        (["a.service"], 2, b"try: sigtrace why - with the same words"),
    ):
        command = [sys.executable, "-m", "tracer", "why", *words]
        run = subprocess.run(command, input=line, capture_output=True, check=False, timeout=60)
        assert run.returncode == status, run.stderr
        assert told in run.stdout + run.stderr


def test_a_files_name_is_no_command(tmp_path, monkeypatch, capsys):
    (tmp_path / "a;reboot").write_text("")
    monkeypatch.chdir(tmp_path)
    cli.main(["why", "a;reboot"])
    assert "cd /; sigtrace why 'a;reboot'" in " ".join(capsys.readouterr().err.split())
