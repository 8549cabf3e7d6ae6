"""A recorder that writes elsewhere is found by the lock that it holds, and what reads its recording is said."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tracer import cli
from tracer.commands import why
from tracer.doctor import recorder_checks
from tracer.doctor.finding import OK
from tracer.host import procfs
from tracer.recording.names import LOCK
from tracer.sources.found import found_by_names
from tracer.sources.recording import elsewhere

HOLDS = """
import fcntl, os, sys
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
if os.environ.get("UIDS"):
    os.setresuid(*map(int, os.environ["UIDS"].split()))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder():
    """Starts processes that hold a lock; the words behind it are those of a recorder's command line."""
    started = []

    def hold(path, *words, uids=""):
        command = [sys.executable, "-c", HOLDS, str(path), *words]
        pipe = subprocess.PIPE
        env = {**os.environ, "UIDS": uids}
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env)
        started.append(child)
        assert child.stdout.readline() == "held\n"
        return child.pid

    yield hold
    for child in started:
        child.communicate()


def blind(monkeypatch):
    """As one who may not see what others have open."""
    monkeypatch.setattr(procfs, "opened", lambda _pid: iter(()))


def of(folder):
    return [one for one in elsewhere.elsewhere() if one.folder.startswith(str(folder))]


def test_by_the_file_that_it_has_open(holder, tmp_path):
    pid = holder(tmp_path / LOCK)
    assert of(tmp_path) == [elsewhere.AtWork(pid, str(tmp_path), is_open=True)]


@pytest.mark.parametrize("form", ["--dir {}", "--dir={}", "--dir {}/"])
def test_by_its_words(form, holder, tmp_path, monkeypatch):
    pid = holder(tmp_path / LOCK, "record", *form.format(tmp_path).split())
    blind(monkeypatch)
    assert of(tmp_path) == [elsewhere.AtWork(pid, str(tmp_path), is_open=True)]


def test_words_prove_nothing_without_the_lock(holder, tmp_path, monkeypatch):
    """Anybody may be called so: who locks another file is no recorder there."""
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / LOCK).write_text("")
    holder(tmp_path / "own.lock", "record", "--dir", str(tmp_path / "rec"))
    blind(monkeypatch)
    assert of(tmp_path) == []


@pytest.mark.parametrize("words", [(), ("record",), ("record", "--dir", "relative"), ("replay", "--dir", "{}")])  # fmt: skip
def test_who_does_not_tell_where_is_not_told(words, holder, tmp_path, monkeypatch):
    holder(tmp_path / LOCK, *(word.format(tmp_path) for word in words))
    blind(monkeypatch)
    assert of(tmp_path) == []


def test_another_lock_is_no_recorder(holder, tmp_path):
    holder(tmp_path / "apt.lock")
    assert of(tmp_path) == []


def test_a_folder_that_has_gone_is_not_told(holder, tmp_path):
    holder(tmp_path / LOCK)
    (tmp_path / LOCK).unlink()
    assert of(tmp_path) == []


def test_the_usual_folder_is_not_elsewhere(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "FOLDER", str(tmp_path))
    holder(tmp_path / LOCK)
    assert of(tmp_path) == []


def test_a_folder_that_only_root_may_read(holder, tmp_path, monkeypatch):
    folder = tmp_path / "a b"
    folder.mkdir()
    pid = holder(folder / LOCK, "record", "--dir", str(folder))
    stat = os.stat

    def closed(path, *more, **rest):
        if os.fspath(path) == str(folder / LOCK):
            raise PermissionError
        return stat(path, *more, **rest)

    monkeypatch.setattr(os, "stat", closed)
    assert of(folder) == [elsewhere.AtWork(pid, str(folder), is_open=False)]
    (line,) = [one for one in elsewhere.hints(["why", "x y"]) if str(tmp_path) in one]
    assert line == (
        f"a recorder (pid {pid}) writes to '{folder}', which was not read: "
        f"sudo sigtrace why 'x y' '{folder}'"
    )


def test_why_says_where_it_is_and_advises_no_other(holder, tmp_path, monkeypatch, capsys):
    (tmp_path / "messages").write_text("Nov 27 12:00:00 web3 kernel: hello\n")
    kept = found_by_names([str(tmp_path / "messages")])
    monkeypatch.setattr(why, "found_kept", lambda _root: kept)
    pid = holder(tmp_path / LOCK)
    assert cli.main(["why", "nosuchname"]) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert f"a recorder (pid {pid}) writes to {tmp_path}, which was not read" in said
    assert f"sigtrace why nosuchname {tmp_path}" in said
    assert "sudo sigtrace record keeps" not in said


def test_files_of_another_host_are_asked_alone(holder, tmp_path, capsys):
    (tmp_path / "messages").write_text("Nov 27 12:00:00 web3 kernel: hello\n")
    holder(tmp_path / LOCK)
    assert cli.main(["why", "nosuchname", str(tmp_path / "messages")]) == 3
    assert "a recorder" not in capsys.readouterr().err


def test_a_replay_of_what_is_kept_says_it(holder, tmp_path, capsys):
    pid = holder(tmp_path / LOCK)
    cli.main(["replay", "--recorded"])
    said = " ".join(capsys.readouterr().err.split())
    assert f"a recorder (pid {pid}) writes to {tmp_path}" in said
    assert f"sigtrace replay {tmp_path}" in said


def test_doctor_looks_there(holder, tmp_path, monkeypatch):
    pid = holder(tmp_path / LOCK)
    found = [elsewhere.AtWork(pid, str(tmp_path), is_open=True)]
    monkeypatch.setattr(recorder_checks.others, "elsewhere", lambda: found)
    told = recorder_checks.recorder()
    assert told.state == OK
    assert told.text == f"pid {pid}; in {tmp_path}: sigtrace why NAME {tmp_path} reads it"
    assert str(tmp_path) in recorder_checks.holds().text


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become others")
ALICE, RECORDERS = 1234, 61200


@as_root
@pytest.mark.parametrize(
    ("uids", "owner", "locks", "is_believed"),
    [
        ((0, 0), 0, 0, True),
        # Whom a recorder goes on as (tracer.host.user).
        ((RECORDERS, RECORDERS), RECORDERS, RECORDERS, True),
        ((RECORDERS, RECORDERS), 0, 0, True),
        ((ALICE, ALICE), ALICE, ALICE, False),
        ((ALICE, ALICE), 0, 0, False),
        # It holds the lock, and runs passwd(1), which is root's.
        ((ALICE, 0), ALICE, ALICE, False),
        ((ALICE, 0), 0, 0, False),
        ((0, 0), ALICE, ALICE, False),
        # /tmp
        ((0, 0), 0, ALICE, False),
    ],
)
@pytest.mark.parametrize("seen", ["files", "words"])
def test_who_is_believed(uids, owner, locks, is_believed, seen, holder, tmp_path, monkeypatch):
    """Anybody may hold a lock of that name, and have such words in its command line."""
    folder = tmp_path / "a;reboot"
    folder.mkdir()
    real, own = uids
    pid = holder(folder / LOCK, "record", "--dir", str(folder), uids=f"{real} {own} {own}")
    os.chown(folder / LOCK, locks, -1)
    os.chown(folder, owner, -1)
    if seen == "words":
        blind(monkeypatch)
    told = [one for one in elsewhere.hints(["why", "nginx"]) if str(tmp_path) in one]
    assert len(told) == is_believed
    assert [one.pid for one in of(folder)] == [pid] * is_believed
    assert (recorder_checks.recorder(str(folder)).state == OK) == (own == real != ALICE)
    for line in told:
        assert shlex.split(line.rpartition(": ")[2]) == ["sigtrace", "why", "nginx", str(folder)]
