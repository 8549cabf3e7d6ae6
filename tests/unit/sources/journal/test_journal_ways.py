"""The three ways to read a journal tell the same, and what was put into it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from conftest import entries
from journals import ASKED, BEGIN, BOOT, EXITED, WAYS

from tracer.model.errors import Problem
from tracer.sources.journal import ExportReader, JsonReader, Losses, open_journal

ALL = list(entries())
MATCHES = {
    "all": ((), lambda f: True),
    "an id": ([{"MESSAGE_ID": EXITED}], lambda f: f["MESSAGE_ID"] == EXITED),
    "two fields": (
        [{"MESSAGE_ID": ASKED, "UNIT": b"u3.service"}],
        lambda f: f["MESSAGE_ID"] == ASKED and f["UNIT"] == b"u3.service",
    ),
    "values of a field": (
        [{"UNIT": [b"u1.service", b"u2.service", b"none.service"], "MESSAGE_ID": [ASKED]}],
        lambda f: f["UNIT"] in (b"u1.service", b"u2.service"),
    ),
    "groups": (
        [{"UNIT": b"u0.service", "MESSAGE_ID": EXITED}, {"_PID": [b"77", b"78"]}, {"TAG": b"two"}],
        lambda f: f["MESSAGE_ID"] == EXITED or f["_PID"] in (b"77", b"78", b"7"),
    ),
    "a packed value": ([{"MESSAGE": b"stopped 50 " + b"x" * 900}], lambda f: f["_PID"] == b"50"),
    "nothing there": ([{"UNIT": b"none.service"}], lambda f: False),
    "nothing for both": ([{"UNIT": b"u1.service", "_PID": b"2"}], lambda f: False),
}
WINDOWS = {
    "ever": (None, None, 0, 300),
    "since": (BEGIN * 1000 + 100_000_000, None, 100, 300),
    "between": (BEGIN * 1000 + 99_999_001, BEGIN * 1000 + 150_000_999, 100, 151),
    "until": (None, BEGIN * 1000 + 10_000_000, 0, 11),
    "before": (None, BEGIN * 1000 - 1, 0, 0),
    "after": (BEGIN * 1000 + 300_000_000, None, 300, 300),
}


def expected(number):
    fields: dict = {"_BOOT_ID": BOOT.encode()}
    for name, value in ALL[number]:
        fields[name] = [fields[name], value] if name in fields else value
    return fields


def address(entry):
    return entry.cursor, entry.boot, entry.realtime_ns, entry.monotonic_ns, entry.cut


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("match", MATCHES)
def test_each_way_finds_what_was_written(journals_of, match, window, reverse):
    matches, fits = MATCHES[match]
    since, until, begin, end = WINDOWS[window]
    numbers = [number for number in range(begin, end) if fits(dict(ALL[number]))]
    told = []
    for way in WAYS:
        with open_journal([str(journals_of["today's"])], ways=[way]) as journal:
            found = list(journal.entries(matches, since, until, reverse))
            assert [dict(one) for one in found] == [
                expected(number) for number in (reversed(numbers) if reverse else numbers)
            ]
            assert not journal.losses.all()
            told.append([address(one) for one in found])
    assert told[0] == told[1] == told[2]


def test_each_form_is_read(form):
    for way in WAYS:
        with open_journal([str(form)], ways=[way]) as journal:
            found = list(journal.entries())
            assert [dict(one) for one in found] == [expected(number) for number in range(300)]
            assert found[0].realtime_ns == BEGIN * 1000
            assert found[0].monotonic_ns == 5_000_000_000
            few = journal.entries([{"MESSAGE_ID": EXITED}, {"UNIT": b"u4.service"}], limit=5)
            assert [one.one("_PID") for one in few] == [b"0", b"4", b"14", b"24", b"30"]
            assert journal.boots() == [BOOT]
            assert not journal.losses.all()


def test_the_cursor_is_the_one_that_journalctl_knows(form):
    with open_journal([str(form)], ways=["own"]) as journal:
        entry = next(journal.entries([{"_PID": b"42"}]))
    command = ["journalctl", "--file", form, "--cursor", entry.cursor, "-n1", "-o", "cat", "-q"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"stopped 42")


@pytest.mark.parametrize(("output", "reader"), [("export", ExportReader), ("json", JsonReader)])
def test_text_forms_tell_the_same(form, output, reader):
    command = ["journalctl", "--file", form, "-q", "--all", "-o", output]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    losses = Losses()
    reading = reader("-", losses)
    found = [*reading.feed(text), *reading.end()]
    with open_journal([str(form)]) as journal:
        own = list(journal.entries())
    assert [dict(one) for one in found] == [dict(one) for one in own]
    assert [address(one) for one in found] == [address(one) for one in own]
    assert not losses.all()


def test_what_a_host_cannot_unpack_is_told_and_the_rest_is_read(journals_of, monkeypatch):
    monkeypatch.setattr("tracer.sources.journal.unpack._zstd", lambda: None)
    path = journals_of["today's"]
    with open_journal([str(path)], ways=["own"]) as journal:
        found = list(journal.entries([{"MESSAGE_ID": EXITED}]))
        assert [one.one("_PID") for one in found] == [b"%d" % n for n in range(0, 300, 30)]
        assert "MESSAGE" not in found[0]
        assert found[1].one("MESSAGE") == b"stopped 30 xxx"
        (lost,) = journal.losses.all()
    assert "zstd" in lost.what
    assert lost.count == 2  # the entries 0 and 150
    assert lost.where.startswith(f"{path}:0x")


def test_a_value_that_is_too_long_is_cut_and_marked(build):
    path = build("long.journal", [("MESSAGE", b"y" * 100_000), ("UNIT", b"a.service")])
    for way in WAYS:
        with open_journal([str(path)], ways=[way]) as journal:
            (entry,) = journal.entries([{"UNIT": b"a.service"}])
            assert entry.one("MESSAGE") == b"y" * (1 << 16), way
            assert entry.cut == ("MESSAGE",), way
            assert not journal.losses.all()


def test_no_field_has_such_a_name(journals_of):
    with open_journal([str(journals_of["today's"])]) as journal, pytest.raises(ValueError):
        journal.entries([{"--file": b"x"}])


def test_without_libsystemd_and_journalctl_it_is_read_all_the_same(journals_of, monkeypatch):
    monkeypatch.setattr("tracer.sources.journal.library.SONAME", "libnone.so.0")
    monkeypatch.setattr("tracer.sources.journal.helper.PROGRAM", "no-such-program")
    with open_journal([str(journals_of["today's"])], ways=WAYS) as journal:
        assert journal.way == "own"
        assert len(list(journal.entries())) == 300
    with pytest.raises(Problem, match=r"libnone.so.0.*no-such-program"):
        open_journal(ways=WAYS[:2])


def test_a_program_that_hangs_is_given_up(journals_of, monkeypatch, tmp_path):
    from tracer.sources.journal.find import named
    from tracer.sources.journal.helper import HelperJournal

    hanging = tmp_path / "journalctl"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with HelperJournal(named([str(journals_of["today's"])]), patience=0.2) as journal:
        assert list(journal.entries()) == []
        assert "wrote nothing" in journal.losses.all()[0].what


def test_a_journal_is_known_by_its_first_bytes(journals_of, tmp_path):
    from tracer.host.journals import is_journal

    path = journals_of["today's"]
    copy = shutil.copy(path, tmp_path / "renamed")
    (tmp_path / "other").write_bytes(b"LPKS")
    assert is_journal(str(copy))
    assert is_journal(str(path.parent))
    assert not is_journal(str(tmp_path / "other"))
    assert not is_journal(str(tmp_path))
    assert not is_journal(str(tmp_path / "none"))
    os.mkfifo(tmp_path / "pipe")
    assert not is_journal(str(tmp_path / "pipe")), "and does not wait for somebody to write"


def test_a_look_up_does_not_grow_with_the_journal(build, monkeypatch):
    """Ten entries of 100, and of 5,000: about as many reads of the file (time: make bench-journal)."""
    reads = []
    counted = os.pread

    def pread(*arguments):
        reads.append(arguments)
        return counted(*arguments)

    monkeypatch.setattr("os.pread", pread)
    taken = {}
    for size in (100, 5000):
        every = size // 10
        lists = (
            [("MESSAGE", b"%d" % n), ("MESSAGE_ID", EXITED if n % every == 0 else ASKED)]
            for n in range(size)
        )
        path = build(f"{size}.journal", *lists)
        with open_journal([str(path)], ways=["own"]) as journal:
            reads.clear()
            found = list(journal.entries([{"MESSAGE_ID": EXITED}]))
            middle = BEGIN * 1000 + size // 2 * 1_000_000
            found += journal.entries([{"MESSAGE_ID": EXITED}], since=middle, reverse=True)
            taken[size] = len(reads)
        assert len(found) == 15
    assert taken[5000] < taken[100] + 40, "but for a search by halves"
