"""Whatever is done to a journal: entries, or losses that are told. No exception, no hang, no memory without bound."""

from __future__ import annotations

import os
import struct
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journals import ASKED, BEGIN, EXITED, objects

from tracer.model.errors import Problem
from tracer.sources.journal import open_journal

MATCHES = [{"MESSAGE_ID": EXITED}, {"UNIT": [b"u1.service", b"u2.service"], "MESSAGE_ID": ASKED}]
FORMS = ("today's", "before 246", "xz", "lz4")
DATA, ENTRY, ARRAY = 1, 3, 6


def read_all(path):
    """Everything that can be asked; the number of entries, and the losses."""
    try:
        opened = open_journal([str(path)], ways=["own"])
    except Problem as problem:
        return 0, [problem]
    with opened as journal:
        found = list(journal.entries())
        list(journal.entries(MATCHES, reverse=True))
        list(journal.entries(since=BEGIN * 1000 + 50_000_000, until=BEGIN * 1000 + 90_000_000))
        journal.coverage()
        return len(found), journal.losses.all()


def bytes_of(path):
    """What is used of a file: the rest is a hole."""
    raw = bytearray(path.read_bytes())
    (last,) = struct.unpack_from("<Q", raw, 136)
    (size,) = struct.unpack_from("<Q", raw, last + 8)
    return raw[: last + size]


WORDS = st.sampled_from([0, 1, 8, 64, 1 << 20, (1 << 31) - 8, (1 << 63) - 1, (1 << 64) - 1])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("byte"), st.floats(0, 1), st.integers(0, 255)),
        st.tuples(st.just("header"), st.integers(0, 271), st.integers(0, 255)),
        st.tuples(st.just("word"), st.floats(0, 1), WORDS),
        st.tuples(st.just("offset"), st.floats(0, 1), st.floats(0, 1)),
        st.tuples(st.just("copy"), st.floats(0, 1), st.floats(0, 1)),
        st.tuples(st.just("cut"), st.floats(0.01, 1), st.none()),
    ),
    min_size=1,
    max_size=20,
)


def changed(raw, changes):
    raw = bytearray(raw)
    for kind, where, what in changes:
        if kind == "header":
            raw[where : where + 1] = bytes([what])
            continue
        at = int(where * (len(raw) - 65)) & ~7 if len(raw) > 65 else 0
        if kind == "byte":
            raw[at : at + 1] = bytes([what])
        elif kind == "word":
            struct.pack_into("<Q", raw, at, what)
        elif kind == "offset":
            struct.pack_into("<Q", raw, at, int(what * len(raw)) & ~7)
        elif kind == "copy":
            other = int(what * (len(raw) - 65)) & ~7
            raw[at : at + 64] = raw[other : other + 64]
        else:
            del raw[at:]
            raw += bytes(max(0, 64 - len(raw)))
    return raw


@pytest.fixture(params=FORMS)
def form(request, journals_of):
    return journals_of[request.param]


@pytest.fixture
def sound(form):
    return bytes_of(form)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_a_journal_that_is_changed_anywhere(form, tmp_path, changes):
    path = tmp_path / "changed.journal"
    path.write_bytes(changed(bytes_of(form), changes))
    count, _ = read_all(path)
    assert count <= 300


def test_a_journal_cut_anywhere_gives_what_comes_before(sound, tmp_path):
    path = tmp_path / "cut.journal"
    counts = []
    for part in range(20):
        path.write_bytes(sound[: len(sound) * part // 20])
        count, losses = read_all(path)
        assert losses, "what is missing is told"
        counts.append(count)
    # The tables stand in front, and what they point to behind the cut is lost.
    assert counts[0] == 0


def only(raw, kind):
    return [at for at, found, _, _ in objects(raw) if found == kind]


def test_a_damaged_entry_is_left_out_and_told(sound, tmp_path):
    raw = bytearray(sound)
    struct.pack_into("<Q", raw, only(raw, ENTRY)[10] + 8, 1 << 40)
    path = tmp_path / "damaged.journal"
    path.write_bytes(raw)
    count, losses = read_all(path)
    assert count == 299
    assert [(loss.what, loss.count) for loss in losses] == [("an object larger than the file", 1)]
    assert losses[0].where.endswith(f":{only(sound, ENTRY)[10]:#x}")


def test_a_value_that_is_damaged_takes_its_entries_alone(sound, tmp_path):
    raw = bytearray(sound)
    begin = 72 if raw[12] & 16 else 64
    value = next(at for at in only(raw, DATA) if raw[at + begin :].startswith(b"_PID=17"))
    raw[value] = 9
    path = tmp_path / "damaged.journal"
    path.write_bytes(raw)
    count, losses = read_all(path)
    assert count == 299
    assert [loss.what for loss in losses] == ["entries with an object of another kind"]


LIES = {
    "a chain of arrays in a circle": (
        ARRAY,
        lambda raw, at: struct.pack_into("<Q", raw, at + 16, at),
    ),
    "arrays of nothing": (ARRAY, lambda raw, at: struct.pack_into("<Q", raw, at + 8, 24)),
    "arrays larger than the file": (
        ARRAY,
        lambda raw, at: struct.pack_into("<Q", raw, at + 8, 1 << 62),
    ),
    "arrays that repeat one entry": (
        ARRAY,
        lambda raw, at: raw.__setitem__(slice(at + 32, at + 64), raw[at + 24 : at + 32] * 4),
    ),
    "hash chains in a circle": (DATA, lambda raw, at: struct.pack_into("<Q", raw, at + 24, at)),
    "entries without number": (
        DATA,
        lambda raw, at: struct.pack_into("<Q", raw, at + 56, (1 << 64) - 1),
    ),
    "values of one field in a circle": (
        DATA,
        lambda raw, at: struct.pack_into("<Q", raw, at + 32, at),
    ),
    "entries that are the whole file": (
        ENTRY,
        lambda raw, at: struct.pack_into("<Q", raw, at + 8, len(raw) - at),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_journal_that_lies_about_its_sizes(sound, tmp_path, lie):
    kind, tell = LIES[lie]
    raw = bytearray(sound)
    for at in only(raw, kind):
        tell(raw, at)
    path = tmp_path / "lies.journal"
    path.write_bytes(raw)
    tracemalloc.start()
    count, _ = read_all(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count <= 300
    assert peak < 20 << 20


def test_packed_bombs_are_unpacked_no_further_than_a_value_may_be(build):
    path = build("bomb.journal", [("MESSAGE", b"z" * (64 << 20)), ("UNIT", b"a.service")])
    assert any(kind == DATA and flags == 4 for _, kind, flags, _ in objects(path.read_bytes()))
    tracemalloc.start()
    with open_journal([str(path)], ways=["own"]) as journal:
        (entry,) = journal.entries()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert entry.one("MESSAGE") == b"z" * (1 << 16)
    assert entry.cut == ("MESSAGE",)
    assert peak < 8 << 20


def test_a_file_that_is_truncated_while_it_is_read(journals_of, tmp_path):
    """What libsystemd dies of (SIGBUS): the reason why a stranger's files are not given to it."""
    path = tmp_path / "shrinks.journal"
    path.write_bytes(bytes_of(journals_of["today's"]))
    with open_journal([str(path)]) as journal:
        assert journal.way == "own"
        reading = journal.entries()
        assert next(reading).one("_PID") == b"0"
        os.truncate(path, 4096)
        assert len(list(reading)) < 300
        assert journal.losses.all()


def test_lz4_says_damaged_and_nothing_else():
    from tracer.sources.journal.unpack import Damaged, lz4

    for block in (b"", b"\0" * 8, b"\xff" * 9, struct.pack("<Q", 99) + b"\xf0", b"\x09" * 20):
        try:
            assert len(lz4(block, 100)) <= 100
        except Damaged:
            pass
    size = struct.pack("<Q", 1 << 60)
    # One letter, copied 255 times over and over: no more than was asked for is made.
    assert lz4(size + b"\x1fa\1\0" + b"\xff" * 1000 + b"\0", 5000) == b"a" * 5000
