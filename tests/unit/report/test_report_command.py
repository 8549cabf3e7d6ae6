"""``sigtrace report`` as it is typed: what is written where, and what is refused."""

from __future__ import annotations

import json

import pytest
from report.scene import OUTAGE

from tracer import cli


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("typed") / "outage.jsonl"
    path.write_text(OUTAGE["story"]().text())
    return str(path)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--json", "--markdown"], "--json and --markdown are two forms"),
        (["-o", ""], "no file is named"),
        (["-o", "/nonexistent/outage.html"], "cannot write '/nonexistent/outage.html'"),
    ],
)
def test_what_is_refused_says_what_and_what_to_type(words, what, recording, capsys):
    assert cli.main(["report", recording, *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"sigtrace: {what}\n")
    assert "\n  try: " in told


def test_where_nobody_recorded_it_says_who_would(capsys, monkeypatch):
    monkeypatch.setattr("tracer.commands.report.FOLDER", "/nonexistent/recording")
    for place in ("found", "recording.files"):
        monkeypatch.setattr(f"tracer.sources.{place}.FOLDER", "/nonexistent/recording")
    assert cli.main(["report", "--recorded", "-o", "/nonexistent/x"]) == 2
    assert "try: sudo sigtrace record" in capsys.readouterr().err


def test_a_dash_is_standard_output(recording, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", recording, "--json", "-o", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["deaths"] == 80
    assert not list(tmp_path.iterdir())


def test_where_nothing_is_of_that_time_it_says_which_time_was_recorded(recording, capsys, tmp_path):
    page = tmp_path / "outage.html"
    assert cli.main(["report", recording, "--since", "2027-01-01", "-o", str(page)]) == 0
    told = capsys.readouterr().err
    assert "0 events read" in told
    assert "recorded from 2026-11-27" in told


@pytest.mark.parametrize(
    ("words", "is_told"), [([], True), (["--hide-arguments"], False), (["--hide-users"], False)]
)
def test_who_ended_by_itself_is_quoted(words, is_told, capsys, tmp_path):
    log = tmp_path / "messages"
    log.write_text(
        "Nov 27 12:40:01 web3 job[8120]: FATAL: no such table\n"
        "Nov 27 12:40:02 web3 systemd[1]: job.service: Main process exited, code=exited, status=1/FAILURE\n"
    )
    assert cli.main(["report", str(log), "--year", "2026", "--markdown", "-o", "-", *words]) == 0
    assert ("FATAL: no such table" in capsys.readouterr().out) is is_told
