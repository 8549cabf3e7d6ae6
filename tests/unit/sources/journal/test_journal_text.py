"""Text forms: in pieces of any size, damaged, hostile."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import BEGIN, BOOT, export

from tracer.sources.journal import VALUE_MAX, ExportReader, JsonReader, Losses

ENTRIES = (
    [("MESSAGE", b"one"), ("UNIT", b"a.service")],
    [("MESSAGE", b"two\nlines\n\nand=more"), ("TAG", b"a"), ("TAG", b"b")],
    [("BINARY", b"\0\xff\n\n"), ("EMPTY", b"")],
)
TEXT = export(*ENTRIES)


def read(reader, *pieces):
    losses = Losses()
    reading = reader("-", losses)
    found = [entry for piece in pieces for entry in reading.feed(piece)]
    found += reading.end()
    return found, losses.all()


@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_export_in_pieces(cuts):
    ends = sorted(cuts)
    pieces = [TEXT[begin:end] for begin, end in zip([0, *ends], [*ends, len(TEXT)])]
    found, losses = read(ExportReader, *pieces)
    assert not losses
    assert [entry.all("TAG") for entry in found] == [[], [b"a", b"b"], []]
    assert found[1].one("MESSAGE") == b"two\nlines\n\nand=more"
    assert (found[2]["BINARY"], found[2]["EMPTY"]) == (b"\0\xff\n\n", b"")
    assert found[2].realtime_ns == (BEGIN + 2000) * 1000
    assert {entry.boot for entry in found} == {BOOT}


def test_export_without_its_last_empty_line():
    found, losses = read(ExportReader, TEXT[:-1])
    assert len(found) == 3
    assert not losses


@given(end=st.integers(0, len(TEXT)))
def test_export_that_is_cut(end):
    """Half an entry is none: it may lack what tells who wrote it."""
    found, losses = read(ExportReader, TEXT[:end])
    whole = TEXT[:end].endswith(b"\n")
    assert [dict(one) for one in found] == [dict(one) for one in read(ExportReader, TEXT)[0]][
        : len(found)
    ] or whole
    assert len(losses) <= 1


@given(st.binary(max_size=400))
def test_export_of_anything(data):
    read(ExportReader, data)
    read(ExportReader, TEXT[:100] + data + b"\n\n" + TEXT)


def test_export_goes_on_behind_what_is_none():
    found, losses = read(ExportReader, b"no field at all here\n" * 5 + b"\n" + TEXT)
    assert len(found) == 3
    assert [(one.what, one.count) for one in losses] == [
        ("entries that are not of the export form", 1)
    ]


def test_export_keeps_the_beginning_of_what_is_too_long():
    size = 3_000_000
    line = b"MESSAGE=" + b"x" * size + b"\n"
    binary = b"CORE\n" + struct.pack("<Q", size) + b"y\n" * (size // 2) + b"\n"
    data = b"UNIT=a\n" + line + binary + b"UNIT2=b\n\n" + TEXT
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    found, losses = read(ExportReader, *pieces)
    assert len(found) == 4
    assert not losses
    assert found[0].one("MESSAGE") == b"x" * VALUE_MAX
    assert found[0].one("CORE") == b"y\n" * (VALUE_MAX // 2)
    assert (found[0].one("UNIT"), found[0].one("UNIT2")) == (b"a", b"b")
    assert set(found[0].cut) == {"MESSAGE", "CORE"}


def test_export_of_a_size_that_cannot_be():
    found, losses = read(ExportReader, b"CORE\n" + b"\xff" * 8 + b"rest\n\n" + TEXT)
    assert len(found) == 3
    assert losses[0].where == "-:0x0" or losses[0].where.startswith("-")


def line(**fields):
    return json.dumps(fields).encode() + b"\n"


def test_json_has_three_shapes_of_a_value():
    found, losses = read(
        JsonReader,
        line(MESSAGE="text", TAG=["a", [98, 0], None], BYTES=[1, 255], BIG=None, N=5)
        + line(__REALTIME_TIMESTAMP="1700000000000001", __MONOTONIC_TIMESTAMP="7", _BOOT_ID="ab")
        + line(__CURSOR="s=1"),
    )
    assert not losses
    one, two, *rest = found
    assert one == {"MESSAGE": b"text", "TAG": [b"a", b"b\0"], "BYTES": b"\1\xff", "N": b"5"}
    assert one.cut == ("TAG", "BIG")
    assert (two.realtime_ns, two.monotonic_ns, two.boot) == (1700000000000001000, 7000, "ab")
    assert not rest, "an entry without a field is none"


@pytest.mark.parametrize("form", [b"\x1e%s", b"data: %s\n", b"%s", b"-- Boot ab --\n%s"])
def test_json_in_its_frames(form):
    found, losses = read(JsonReader, form % line(MESSAGE="a") + form % line(MESSAGE="b"))
    assert [one.one("MESSAGE") for one in found] == [b"a", b"b"]
    assert not losses


BAD = (
    b"{",
    b"[1]",
    b"no JSON",
    b'{"A": {"B": 1}}',
    b'{"A": [[[1]]]}',
    b'{"A": [1, 300]}',
    b'{"A": [-1]}',
    b"[" * 100_000,
    b'{"A": ' + b"9" * 5000 + b"}",
    b'{"A": "\xff\xfe"}',
)


@pytest.mark.parametrize("bad", BAD)
def test_json_that_is_none_is_told_with_its_line(bad):
    found, losses = read(JsonReader, line(A="1") + bad + b"\n" + line(A="2"))
    assert [one.one("A") for one in found] == [b"1", b"2"]
    assert [(one.where, one.what) for one in losses] == [
        ("-:2", "lines that are no JSON of a journal")
    ]


def test_json_of_half_a_letter():
    found, _ = read(JsonReader, b'{"A": "\\ud800"}\n')
    assert found[0].one("A") == b"\xed\xa0\x80"


def test_json_line_that_does_not_end():
    pieces = [b'{"A": "' + b"x" * (1 << 20)] + [b"x" * (1 << 20)] * 17 + [b'"}\n', line(A="2")]
    found, losses = read(JsonReader, *pieces)
    assert [one.one("A") for one in found] == [b"2"]
    assert [(one.where, one.what) for one in losses] == [("-:1", "lines longer than 16 MiB")]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_json_of_anything(data, cut):
    read(JsonReader, data[:cut], data[cut:])


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.one_of(st.none(), st.text(), st.integers(), st.booleans(), st.floats()), st.lists
        ),
    )
)
def test_json_of_any_object(fields):
    read(JsonReader, json.dumps(fields).encode() + b"\n")
