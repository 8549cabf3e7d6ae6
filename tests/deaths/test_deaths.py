"""Every death of the corpus, asked for with what a host has kept of it: the right verdict, and nobody accused who is innocent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scenes

from tracer import cli
from tracer.model.verdict import CAUSES

HERE = Path(__file__).parent
# Which of a folder's files are read: names, or with "!2,3" all but these lines of one.
CASES = {
    f"{folder.parent.name}: {files}": (folder.parent, files, right)
    for folder in sorted(HERE.glob("*/*/right.json"))
    for files, right in json.loads(folder.read_text()).items()
    if files != "what"
}


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


# Where the files that are left tell of a SIGSEGV alone, which a fault makes nearly always, and an exec that fails seldom.
TOLD_AS_LIKELY = {("exec failed", "crash")}


def made_cases():
    for name, case in CASES.items():
        if case[0].parent.name == "made":
            yield name, case, scenes.CAUSES[case[0].name]


def test_no_cause_is_told_that_the_scene_did_not_have(tmp_path, capsys):
    """The oracle is the scene, which caused the death: what is told as sure, or likely, is that, or less is told."""
    wrong = []
    for name, case, cause in made_cases():
        said, _ = asked(case, tmp_path, capsys)
        if said is None or said[1] not in ("yes", "likely") or said[0] == cause:
            continue
        is_known = said[1] == "likely" and (cause, said[0]) in TOLD_AS_LIKELY
        # What the manager did it for stands in its own words alone.
        is_less = said[0] in ("killed", "stop") and said[2] == 1 and "messages" not in name
        if not (is_known or is_less):
            wrong.append((name, cause, said))
    assert wrong == []


def test_with_everything_the_cause_is_the_scenes(tmp_path, capsys):
    """And the end is what waitpid(2) said it was."""
    for folder in sorted((HERE / "made").iterdir()):
        facts = json.loads((folder / "facts.json").read_text())
        files = [str(file) for file in folder.iterdir() if file.suffix != ".json"]
        assert cli.main(["why", "--json", "--year", "2026", facts["what"], *files]) == 0, folder
        verdict = json.loads(capsys.readouterr().out.splitlines()[0])
        number, status = verdict.get("signal", {}).get("number"), verdict.get("status")
        told = -number if number is not None and status is None else status
        assert verdict["process"]["pid"] == facts["pid"], folder
        assert (verdict["cause"], told) == (scenes.CAUSES[folder.name], facts["status"]), folder


def test_every_scene_was_played():
    assert {folder.name for folder in (HERE / "made").iterdir()} == set(scenes.SCENES)


def test_there_are_enough_of_them():
    causes = {right[0] for *_, right in CASES.values() if right is not None}
    assert len(CASES) >= 60
    assert causes | {"unknown"} == set(CAUSES)
