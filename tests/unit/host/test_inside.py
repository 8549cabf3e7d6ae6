"""No way leads out of another host's root."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from tracer.host.inside import Inside


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "root"
    (root / "etc/deep/er").mkdir(parents=True)
    (root / "etc/passwd").write_text("inside")
    (tmp_path / "passwd").write_text("outside")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("outside")
    return root


LINKS = {
    "absolute": "/etc/passwd",
    "relative": "etc/passwd",
    "up": "../etc/passwd",
    "up and up": "../../../../../../etc/passwd",
    "through": "etc/deep/../passwd",
    "twice": "absolute",
}


def content(inside, path):
    fd = inside.open(path)
    with open(fd) as stream:
        return stream.read()


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_as_chroot_sees_it(tree, link):
    for name, target in LINKS.items():
        (tree / name).symlink_to(target)
    inside = Inside(str(tree))
    assert content(inside, link) == "inside"
    inside.close()


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "etc//passwd", "./etc/./passwd", "../../etc/passwd"]
)
def test_a_path_too(tree, path):
    inside = Inside(str(tree))
    assert content(inside, path) == "inside"
    assert inside.place(path).startswith(str(tree))
    inside.close()


def test_a_link_out_finds_nothing(tree):
    (tree / "out").symlink_to(tree.parent / "passwd")
    (tree / "folder").symlink_to(tree.parent)
    inside = Inside(str(tree))
    for path in ("out", "folder/passwd"):
        with pytest.raises(FileNotFoundError):
            inside.open(path)
    with pytest.raises(FileNotFoundError):
        inside.names("folder")
    with pytest.raises(NotADirectoryError):
        inside.names("etc/passwd")
    assert inside.names("/") == ["etc", "folder", "out"]
    inside.close()


def test_links_in_a_circle_end(tree):
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    (tree / "grows").symlink_to("grows/" + "x/" * 100)
    inside = Inside(str(tree))
    for name in ("a", "grows"):
        with pytest.raises(OSError) as caught:
            inside.open(name)
        assert caught.value.errno == errno.ELOOP
    inside.close()


def test_nothing_but_regular_files_is_opened(tree):
    os.mkfifo(tree / "fifo")
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(tree / "socket"))
    inside = Inside(str(tree))
    for name in ("fifo", "socket", "etc"):
        with pytest.raises(OSError, match="no regular file"):
            inside.open(name)
    inside.close()


def test_no_descriptor_is_left(tree):
    (tree / "link").symlink_to("/etc/passwd")
    before = len(os.listdir("/proc/self/fd"))
    inside = Inside(str(tree))
    for path in ("link", "none", "etc", "etc/deep/../../etc/passwd"):
        try:
            os.close(inside.open(path))
        except OSError:
            pass
    inside.names("etc")
    inside.close()
    assert len(os.listdir("/proc/self/fd")) == before
