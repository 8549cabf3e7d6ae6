"""A journal that is written to, followed in all three ways; descriptors tell when there is something to read."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time

import journals
import pytest
from journals import BEGIN, WAYS, export

from tracer.model.errors import Problem
from tracer.sources.journal import open_journal

WAIT = 20.0  # s


class Writer:
    """systemd's own, fed an entry at a time."""

    def __init__(self, path):
        self._process = subprocess.Popen(
            [journals.TOOL, "-o", path, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def write(self, *words, begin):
        lists = [[("MESSAGE", word.encode()), ("UNIT", b"a.service")] for word in words]
        self._process.stdin.write(export(*lists, begin=begin))
        self._process.stdin.flush()

    def close(self):
        self._process.stdin.close()
        self._process.wait()


@pytest.fixture
def writer(journals_of):
    """Makes writers, and ends them."""
    made = []

    def make(path):
        made.append(Writer(path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def wait_until_written(path, count):
    """journalctl --follow never looks again at a file that had no entry when it began."""
    while True:
        try:
            with open_journal([str(path)], ways=["own"]) as journal:
                if len(list(journal.entries())) >= count:
                    return
        except Problem:
            pass  # it has no header yet
        time.sleep(0.01)


def wait_for(following, count):
    """So many entries, as they come; only what a descriptor or the timeout tells of is read."""
    found, end = [], time.monotonic() + WAIT
    while len(found) < count:
        found += [entry.one("MESSAGE").decode() for entry in following.read()]
        if len(found) >= count or time.monotonic() > end:
            break
        poll = select.poll()
        for fd, events in following.descriptors():
            poll.register(fd, events)
        left = end - time.monotonic()
        limit = following.timeout()
        poll.poll(1000 * max(0.0, left if limit is None else min(left, limit)))
    return found


@pytest.mark.parametrize("way", WAYS)
def test_new_entries_come_as_they_are_written(tmp_path, writer, way):
    path = tmp_path / "live.journal"
    with_old = writer(path)
    with_old.write("too old", begin=BEGIN - 1_000_000)
    with_old.write("old", "other", begin=BEGIN)
    wait_until_written(path, 3)
    with open_journal([str(path)], ways=[way]) as journal:
        following = journal.follow([{"UNIT": b"a.service"}], since=BEGIN * 1000)
        try:
            assert wait_for(following, 2) == ["old", "other"]
            with_old.write("new", begin=BEGIN + 5_000_000)
            assert wait_for(following, 1) == ["new"]
            with_old.write("newer", "newest", begin=BEGIN + 6_000_000)
            assert wait_for(following, 2) == ["newer", "newest"]
            assert list(following.read()) == []
        finally:
            following.close()
        assert not journal.losses.all()


@pytest.mark.parametrize("way", ["own"])
def test_a_folder_is_followed_through_rotation(tmp_path, writer, way):
    first = writer(tmp_path / "system.journal")
    first.write("a", begin=BEGIN)
    wait_until_written(tmp_path / "system.journal", 1)
    with open_journal([str(tmp_path)], ways=[way]) as journal:
        following = journal.follow(since=BEGIN * 1000)
        try:
            assert wait_for(following, 1) == ["a"]
            os.rename(tmp_path / "system.journal", tmp_path / "system@1.journal")
            first.write("b", begin=BEGIN + 1000)  # what came before the new file
            second = writer(tmp_path / "system.journal")
            second.write("c", begin=BEGIN - 5_000_000)  # the clock was set back
            assert sorted(wait_for(following, 2)) == ["b", "c"]
            user = writer(tmp_path / "user-1000.journal")
            user.write("d", begin=BEGIN + 2000)
            second.write("e", begin=BEGIN + 3000)
            assert sorted(wait_for(following, 2)) == ["d", "e"]
            os.unlink(tmp_path / "system@1.journal")
            second.write("f", begin=BEGIN + 4000)
            assert wait_for(following, 1) == ["f"]
        finally:
            following.close()
        assert not journal.losses.all()


def test_a_program_that_ends_is_told(journals_of, monkeypatch, tmp_path):
    ending = tmp_path / "journalctl"
    ending.write_text("#!/bin/sh\necho 'Journal file is truncated' >&2\nexit 1\n")
    ending.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with open_journal([str(journals_of["today's"])], ways=["journalctl"]) as journal:
        following = journal.follow()
        assert wait_for_end(following) == []
        assert following.descriptors() == []
        following.close()
        told = [lost.what for lost in journal.losses.all()]
    assert told[0] == "journalctl: Journal file is truncated"
    assert told[-1] == "journalctl has ended: nothing more is seen"


def wait_for_end(following):
    found = []
    while following.descriptors():
        poll = select.poll()
        for fd, events in following.descriptors():
            poll.register(fd, events)
        assert poll.poll(WAIT * 1000)
        found += following.read()
    return found


FAILED = b"%s.service: Failed with result 'timeout'."
MANAGER = [("MESSAGE_ID", b"d9b373ed55a64feb8242e02dbe79a49c"), ("_TRANSPORT", b"journal"), ("_PID", b"1"), ("_UID", b"0"), ("_COMM", b"systemd"), ("SYSLOG_IDENTIFIER", b"systemd")]  # fmt: skip


def test_a_journal_a_file_and_a_pipe_are_followed_at_once(tmp_path, writer):
    def entry(unit, at):
        fields = [*MANAGER, ("UNIT", unit + b".service"), ("MESSAGE", FAILED % unit)]
        journal._process.stdin.write(export(fields, begin=BEGIN + at))
        journal._process.stdin.flush()

    def line(unit):
        return b"Nov 14 22:14:0%d box systemd[1]: " % len(unit) + FAILED % unit + b"\n"

    journal = writer(tmp_path / "system.journal")
    entry(b"j", 0)
    wait_until_written(tmp_path / "system.journal", 1)
    file = tmp_path / "messages"
    file.write_bytes(line(b"f"))
    command = [sys.executable, "-m", "tracer", "replay", "--json", "--year", "2023", "--follow"]
    with subprocess.Popen(
        [*command, str(tmp_path / "system.journal"), str(file), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as replaying:
        try:
            replaying.stdin.write(line(b"p"))
            replaying.stdin.flush()
            assert units_in(replaying.stdout, 3) == {b"j", b"f", b"p"}
            entry(b"jj", 2_000_000)
            with file.open("ab") as stream:
                stream.write(line(b"ff"))
            replaying.stdin.write(line(b"pp"))
            replaying.stdin.flush()
            assert units_in(replaying.stdout, 3) == {b"jj", b"ff", b"pp"}
        finally:
            replaying.terminate()
            replaying.stdin.close()


def units_in(stream, count):
    """The units that so many lines speak of."""
    told = [json.loads(stream.readline()) for _ in range(count)]
    return {event["about"]["unit"].partition(".")[0].encode() for event in told}
