"""``sigtrace record`` and the replay of what it kept: their command lines, and what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracer import cli
from tracer.model.event import Mark, Process, Signal
from tracer.model.spelling import to_object
from tracer.model.times import SECOND
from tracer.options.commands import choose_for
from tracer.options.keeping import limits_of
from tracer.options.record import EPILOG, Record
from tracer.recording.names import name_of

BOOT = "ef" * 16
NOON = 1_764_000_000 * SECOND


def options(*words: str) -> Record:
    return choose_for("record", Record, EPILOG, words)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--max-size", "1000"], "--max-size '1000'"),
        (["--max-size", "x"], "--max-size 'x'"),
        (["--max-age", "1s"], "--max-age '1s'"),
        (["--min-free", "101%"], "--min-free '101%'"),
        (["--min-free", "²%"], "--min-free '²%'"),
        (["--watch", ""], "--watch"),
        (["--signal", "BOGUS"], "--signal 'BOGUS'"),
        (["--bare", "--unit", "x"], "--unit cannot be decided with --bare"),
        (["--bogus"], "--bogus"),
    ],
)
def test_bad_arguments(words: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["record", *words]) == 2
    error = capsys.readouterr().err
    assert named in error
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["sigtrace", "why", "try"]


def test_sizes_and_ages() -> None:
    limits = limits_of(options("--max-size", "64M", "--max-age", "30d", "--min-free", "1G"))
    assert (limits.max_size, limits.max_age, limits.min_free, limits.free_share) == (
        *(64 << 20, 30 * 86_400 * SECOND),
        *(1 << 30, 0),
    )
    assert limits_of(options("--min-free", "5%")).free_share == 5
    assert limits_of(options()).max_size == 256 << 20


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    target = Process(2, comm=b"nginx", start=NOON)
    events = [
        Mark(NOON, "b", "recorder", "begin", {"version": "1", "kinds": ["sends"]}, "web"),
        Signal(NOON + SECOND, "s1", "core", 15, target=target, host="web"),
        Mark(NOON + 2 * SECOND, "t", "recorder", "state", {"events": 1}, "web"),
        Signal(NOON + 3600 * SECOND, "s2", "core", 9, target=target, host="web"),
        Mark(NOON + 3601 * SECOND, "e", "recorder", "end", {"events": 2}, "web"),
    ]
    path = tmp_path / name_of("web", BOOT, NOON)
    path.write_text("".join(json.dumps(to_object(event)) + "\n" for event in events))
    return tmp_path


def ids(text: str) -> list[str]:
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_a_folder_is_replayed(kept: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(kept), "--json"]) == 0
    said = capfd.readouterr()
    assert ids(said.out) == ["b", "s1", "s2", "e"]
    assert "recorded from 2025-11-24T16:00:00Z to 2025-11-24T17:00:01Z" in said.err


def test_an_hour_of_it(kept: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(kept), "--json", "--since", f"@{NOON // SECOND + 1800}"]) == 0
    assert ids(capfd.readouterr().out) == ["s2", "e"]


def test_filters_and_count(kept: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(kept), "--json", "--signal", "9"]) == 0
    assert ids(capfd.readouterr().out) == ["s2"]
    assert cli.main(["replay", str(kept), "--json", "--signal", "9,15", "--count", "1"]) == 0
    assert ids(capfd.readouterr().out) == ["s1"]


def test_all_of_it_has_the_recorders_bookkeeping(
    kept: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", str(kept), "--json", "--all"]) == 0
    assert ids(capfd.readouterr().out) == ["b", "s1", "t", "s2", "e"]


def test_what_json_printed_replays_to_the_same(
    kept: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", str(kept), "--json"]) == 0
    printed = capfd.readouterr().out
    again = tmp_path / "printed"
    again.write_text(printed)
    assert cli.main(["replay", str(again), "--json"]) == 0

    def without_place(text: str) -> list[dict]:
        found = [json.loads(line) for line in text.splitlines()]
        for one in found:
            one.pop("place", None)
            one.pop("places", None)
        return found

    assert without_place(capfd.readouterr().out) == without_place(printed)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--recorded", "/nowhere/at/all"], "cannot read '/nowhere/at/all'"),
    ],
)
def test_nothing_to_replay(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", *words]) == 2
    error = capsys.readouterr().err
    assert named in error
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["sigtrace", "why", "try"]


def test_a_mixture_is_merged(kept: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "messages"
    log.write_text("Nov 20 07:32:05 web3 systemd[1]: a.service: Failed with result 'timeout'.\n")
    assert cli.main(["replay", "--json", str(kept)]) == 0
    alone = [json.loads(line)["id"] for line in capfd.readouterr().out.splitlines()]
    assert cli.main(["replay", "--json", str(kept), str(log)]) == 0
    both = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    signals = [one["id"] for one in both if one["event"] == "signal"]
    assert signals
    assert set(signals) <= set(alone)
    assert [one["about"] for one in both if one["event"] == "statement"] == [{"unit": "a.service"}]
