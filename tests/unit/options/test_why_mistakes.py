"""What is typed wrong after ``sigtrace why`` is answered with what to type instead."""

from __future__ import annotations

import shlex

import pytest

from tracer import cli

ANSWERS = {
    "nginx sshd": "sigtrace why nginx, then sigtrace why sshd",
    "''": "sigtrace why nginx",
    "nginx --at soon": "'10 min ago'",
    "nginx --since 25:99": "'10 min ago'",
    "nginx --until soon": "'10 min ago'",
    "nginx --since 2026-11-28 --until 2026-11-27": "--since '2026-11-27' --until '2026-11-28'",
    "nginx -n 0": "--count 1, or more",
    "nginx --count -1": "--count 1, or more",
    "nginx --count many": "--count 1, or more",
    "nginx --count": "sigtrace why --help",
    "nginx --year 99999": "--year ",
    "nginx --year soon": "--year 1970",
    "nginx --root /no-such-place": "ls -l /no-such-place",
    "nginx --root / /etc/passwd": "'/etc/passwd' alone",
    "nginx /no-such-place/messages": "sigtrace replay",
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
