"""Every death of the corpus, asked for with what a host has kept of it: the right verdict, and nobody accused who is innocent."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tracer import cli

HERE = Path(__file__).parent
# Which of a folder's files are read: names, or with "!2,3" all but these lines of one.
CASES = {
    f"{folder.parent.name}: {files}": (folder.parent, files, right)
    for folder in sorted(HERE.glob("*/*/right.json"))
    for files, right in json.loads(folder.read_text()).items()
    if files != "what"
}


@pytest.fixture(autouse=True)
def in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def files_of(folder, names, scratch):
    """The paths; a file of which lines are left out is written anew."""
    for name in names.split(" + "):
        name, _, without = name.partition("!")
        path = folder / name
        if without:
            gone = {int(number) for number in without.split(",")}
            lines = path.read_text().splitlines(keepends=True)
            path = scratch / name
            path.write_text("".join(line for at, line in enumerate(lines, 1) if at not in gone))
        yield str(path)


def asked(case, scratch, capsys):
    """[cause, confidence, who sent it (pid or name), unit, and who asked for it, if one is named], and the exit status;
    None where nothing that fits has died."""
    folder, names, _ = case
    what = json.loads((folder / "right.json").read_text())["what"]
    files = list(files_of(folder, names, scratch))
    status = cli.main(["why", "--json", "--year", "2026", what, *files])
    shown, said = capsys.readouterr()
    assert "Traceback" not in said
    if not shown:
        return None, status
    verdict = json.loads(shown.splitlines()[0])
    who = verdict.get("who", {})
    sender, by = who.get("sender", {}), who.get("asked", {})
    named = sender.get("pid", sender.get("comm"))
    told = [verdict["cause"], verdict["confidence"], named, verdict.get("unit"), by.get("comm")]
    return told[:4] if told[4] is None else told, status


@pytest.mark.parametrize("name", CASES)
def test_the_right_verdict(name, tmp_path, capsys):
    right = CASES[name][2]
    said, status = asked(CASES[name], tmp_path, capsys)
    assert said == right
    assert status == (3 if right is None else 0 if right[1] in ("yes", "likely") else 1)


def test_nobody_is_accused_who_is_innocent(tmp_path, capsys):
    """False accusations, counted over all cases: 0. The oracle of those that were made is who forked the sender
    (facts.json: itself, where it did it itself); of the others it is what people wrote."""
    accused = []
    for name, case in CASES.items():
        said, _ = asked(case, tmp_path, capsys)
        facts = case[0] / "facts.json"
        known = json.loads(facts.read_text()) if facts.exists() else None
        guilty = case[2] and case[2][2:3] + case[2][4:]
        if known is not None:
            guilty = [known["sender"] or known["pid"]]
        named = [] if said is None else [one for one in said[2:3] + said[4:] if one is not None]
        accused += [(name, one) for one in named if one not in (guilty or ())]
    assert accused == []


def test_there_are_enough_of_them():
    causes = {right[0] for *_, right in CASES.values() if right is not None}
    assert len(CASES) >= 60
    assert len(causes) >= 20
