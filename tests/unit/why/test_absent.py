"""Where nothing that fits has died: only what helps is advised."""

from __future__ import annotations

import json

import pytest
from told import NOON, S

from tracer import cli
from tracer.model.coverage import Coverage, Span
from tracer.model.event import Mark
from tracer.model.spelling import to_object
from tracer.why.absent import Asked, sentences

BOX = b"3f2a" * 16
AUDIT = Coverage("audit log", ("sends", "deaths"), (Span(NOON - 3600 * S, NOON),))
KERNEL = Coverage("kernel log", ("oom",), (Span(NOON - 3600 * S, NOON),))


def recorded(begin, end):
    ended = None if end is None else NOON + end * S
    return Coverage("recording", ("sends", "deaths"), (Span(NOON + begin * S, ended),))


def said(what, *seen, names=(), places=(), **more):
    return list(sentences(Asked(what, NOON, places, **more), names, seen))


def has(lines, word):
    return any(word in line for line in lines)


@pytest.mark.parametrize(
    "name", ["nosuch.log", "audit.log.2.gz", "x.jsonl", "system.JOURNAL", "a.txt", "m.xz"]
)
def test_a_misspelt_file_is_said_to_be_none(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = said(name.encode(), AUDIT)
    assert has(lines, f"nothing called {name} has died")
    assert has(lines, f"there is no file {name} here, either: ls tells what there is")


def test_the_nearest_file_is_named(tmp_path, monkeypatch):
    (tmp_path / "audit.log").write_text("")
    (tmp_path / "photo.jpg").write_text("")
    monkeypatch.chdir(tmp_path)
    assert has(said(b"audti.log", AUDIT), "here, either: is it audit.log?")


@pytest.mark.parametrize("name", [b"nginx", b"crashy.py", b"webapp.service", b"log", b"4711"])
def test_a_name_is_no_file(name):
    assert not has(said(name, AUDIT), "no file")


@pytest.mark.parametrize("what", [BOX, BOX[:12], b"deadbeefcafe"])
def test_audit_has_no_containers(what):
    assert has(said(what, AUDIT), "audit records hold no ids of containers")
    assert not has(said(what, AUDIT, KERNEL), "containers")
    assert not has(said(what), "containers")


@pytest.mark.parametrize("what", [b"123456789012", b"dead", b"webapp", b"facade"])
def test_what_is_no_id_of_a_container(what):
    assert not has(said(what, AUDIT), "containers")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (b"orders-api[4221]", "by its pid or its name: 4221, orders-api"),
        (b"php-fpm*", "WHAT is a whole name, and no pattern"),
        (b"a[b]", None),
        (b"nginx", None),
    ],
)
def test_what_is_written_as_the_table_or_a_filter_has_it(what, told):
    lines = said(what, AUDIT)
    assert (told is None and len(lines) == 2) or has(lines, told)
    assert has(said(b"4711", AUDIT), "no process 4711 has died")


RECORD = "sudo sigtrace record keeps a record from now on"


@pytest.mark.parametrize("end", [0, -30, None])
def test_who_has_a_recorder_at_work_is_not_told_to_start_one(end):
    lines = said(b"nginx", recorded(-600, end))
    assert not has(lines, RECORD)
    assert has(lines, "a recorder is at work since ") is (end is None)
    assert has(lines, "sigtrace doctor tells whether it is") is (end is not None)


@pytest.mark.parametrize(
    ("places", "command"),
    [((), "; sigtrace why lists"), (("/srv/r",), "; sigtrace why /srv/r lists"), (("--root", "/mnt/a b"), "; sigtrace why --root '/mnt/a b' lists")],
)  # fmt: skip
def test_what_lists_the_deaths_asks_the_same_files(places, command):
    assert has(said(b"999999", recorded(-600, 0), places=places), command)


@pytest.mark.parametrize("seen", [[], [AUDIT], [recorded(-7200, -3600)]])
def test_who_has_none_is(seen):
    assert has(said(b"nginx", *seen), RECORD)


def test_of_files_it_is_another_host_that_wants_a_recorder():
    assert has(said(b"nginx", AUDIT, places=("a.log",)), f"{RECORD}, on the host that it is about")


@pytest.mark.parametrize(("all_ends", "is_told"), [(False, True), (True, False), (None, False)])
def test_whose_end_no_recorder_keeps_of_itself(all_ends, is_told):
    """A name of which nothing is known may have ended by itself: without --exits that is kept of few."""
    lines = said(b"nginx", recorded(-600, 0), all_ends=all_ends)
    assert has(lines, "the recording has no end of what succeeds") is is_told
    assert has(lines, "record --exits keeps these, too") is is_told


def test_who_starts_one_is_told_of_exits():
    (line,) = [one for one in said(b"nginx", AUDIT) if RECORD in one]
    assert "with --exits also the end of what succeeds, or fails within 10 s" in line


def test_a_recording_says_itself_what_it_kept(tmp_path, capsys):
    for kept, is_told in (("worth telling", True), ("all", False)):
        head = {"exits": kept, "kinds": ["deaths"]}
        mark = Mark(NOON, "m-begin", "recorder", "begin", host="web3", details=head)
        path = tmp_path / "recording.jsonl"
        path.write_text(json.dumps(to_object(mark)) + "\n")
        assert cli.main(["why", "nosuch", str(path)]) == 3
        assert (
            "the recording has no end of" in " ".join(capsys.readouterr().err.split())
        ) is is_told


def test_a_path_is_told_as_a_shell_takes_it():
    (line,) = [one for one in said(b"x", recorded(-60, -1), places=("/tmp/a;reboot", "/tmp/b c")) if "lists" in one]  # fmt: skip
    assert "sigtrace why '/tmp/a;reboot' '/tmp/b c' lists what has died" in line
