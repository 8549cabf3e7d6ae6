"""The command line: what is wrong with it is said in three lines."""

from __future__ import annotations

import pytest

from tracer import cli, options
from tracer.errors import Problem


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--signal", "99"], "--signal '99'"),
        (["--signal", "BOGUS"], "--signal 'BOGUS'"),
        (["--duration", "x"], "--duration 'x'"),
        (["--duration", "0"], "--duration '0'"),
        (["--count", "0"], "--count '0'"),
        (["--count", "many"], "--count 'many'"),
        (["--buffer", "1"], "--buffer '1'"),
        (["--buffer", "2T"], "--buffer '2T'"),
        (["--from", ""], "--from ''"),
        (["--uid", "root"], "--uid 'root'"),
        (["--outcome", "gone"], "--outcome 'gone'"),
        (["--origin", "gone"], "--origin 'gone'"),
        (["--ready-fd", "x"], "--ready-fd 'x'"),
        (["--bogus"], "--bogus"),
        (["--source", "magic"], "--source"),
        (["kill"], "'kill' is no command"),
    ],
)
def test_bad_arguments(words, named, capsys):
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert named in error
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["sigtrace", "why", "try"]
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (None, 8 << 20),
        ("4096", 4096),
        ("64k", 65536),
        ("8M", 8 << 20),
        ("5MiB", 8 << 20),
        ("1G", 1 << 30),
    ],
)
def test_buffer_sizes(text, size):
    assert options.buffer_of(text) == size


def test_help_names_every_option_and_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for command in options.COMMANDS:
        assert f"  {command}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_mistake_of_ours_is_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr(options, "live_parser", None)
    monkeypatch.setattr(cli, "live_parser", None)
    assert cli.main([]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert cli.main(["-vv"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_problems_are_three_lines():
    assert str(Problem("a", "b", "c")).splitlines() == ["sigtrace: a", "  why: b", "  try: c"]
