"""Whom a recorder goes on as, its folder, and what it says to the service manager."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tracer.host import user as users
from tracer.host.notify import notify
from tracer.host.user import User, make_folder, recorder_user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")


@as_root
def test_without_the_system_user_it_is_a_uid_that_nobody_uses(monkeypatch):
    monkeypatch.setattr(users, "NAME", "no-such-user-here")
    found = recorder_user()
    assert found.uid >= 61184
    assert "which nobody uses" in found.words


@as_root
def test_the_system_user_is_taken_where_it_is(monkeypatch):
    monkeypatch.setattr(users, "NAME", "daemon")
    assert recorder_user() == User(1, 1, "user daemon")


@as_root
def test_a_new_folder_is_the_recorders_and_the_groups_to_read(tmp_path: Path):
    made = tmp_path / "kept"
    make_folder(str(made), User(61184, 61184, ""), is_ours=False)
    found = made.stat()
    assert found.st_uid == 61184
    assert stat.S_IMODE(found.st_mode) == 0o2750


@as_root
def test_a_folder_that_is_there_stays_as_it_is_unless_it_is_ours(tmp_path: Path):
    before = tmp_path.stat()
    make_folder(str(tmp_path), User(61184, 61184, ""), is_ours=False)
    assert tmp_path.stat().st_uid == before.st_uid
    make_folder(str(tmp_path), User(61184, 61184, ""), is_ours=True)
    assert tmp_path.stat().st_uid == 61184


@as_root
def test_what_systemd_gave_to_root_is_given_back(tmp_path: Path):
    """StateDirectory= of a unit that starts as root: the second start finds a folder and pieces of root's."""
    piece, twice, link = (tmp_path / name for name in ("piece", "twice", "link"))
    for path in (piece, twice):
        path.write_text("")
    os.link(twice, tmp_path / "other")
    link.symlink_to(twice)
    make_folder(str(tmp_path), User(61184, 61184, ""), is_ours=False)
    assert piece.stat().st_uid == 0
    make_folder(str(tmp_path), User(61184, 61184, ""), is_ours=True)
    assert piece.stat().st_uid == 61184
    assert twice.stat().st_uid == 0
    assert link.lstat().st_uid == 0


def test_no_link_is_followed_to_a_folder_of_others(tmp_path: Path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match=r"link"):
        make_folder(str(tmp_path / "link"), User(61184, 61184, ""), is_ours=True)


def test_the_manager_hears(tmp_path: Path):
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    notify("READY=1", str(tmp_path / "notify"))
    assert listening.recv(100) == b"READY=1"
    listening.close()


def test_nobody_to_hear_is_no_error(tmp_path: Path):
    notify("READY=1", "")
    notify("READY=1", str(tmp_path / "missing"))
