"""Lines that are found by their bytes are those that are about who was asked for, however that is written."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracer.model.event import Ancestor, Exec, Exit, Mark, Process, Signal
from tracer.model.names import container_names, names_of
from tracer.model.spelling import to_object
from tracer.model.times import SECOND
from tracer.recording.names import name_of, piece_of
from tracer.sources.recording import sieve
from tracer.sources.recording.files import Cut, read_piece
from tracer.sources.recording.mention import Mention, about, is_written_alone
from tracer.why import query

BEGIN = 1_795_000_000 * SECOND
# Letters that JSON, or we, write otherwise than they are typed, and those that part names.
LETTERS = [b"a", b"b", b"x41", b"1", b".", b"/", b" ", b'"', b"\\", b"\n", b"\x7f", b"\x1b", b"\xff",
           "é".encode(), "\u202e".encode(), "😀".encode(), b"\xc3", b"\xed\xa0\x80"]  # fmt: skip
words = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=9).map(b"".join)
numbers = st.integers(1, 1 << 22)
processes = st.builds(
    Process, numbers, numbers, words.map(lambda one: one[:15]), exe=st.none() | words, unit=st.none() | words,
    argv=st.none() | st.lists(st.sampled_from([b"python3", b"-m", b"/bin/sh", b"java", b"-jar"]) | words, max_size=4).map(tuple),
    container=st.none() | words, container_name=st.none() | words,
    ancestors=st.lists(st.builds(Ancestor, numbers, words), max_size=2).map(tuple),
)  # fmt: skip


def called(process):
    """What a person may call it."""
    names = [
        *names_of(process),
        *container_names(process),
        b"%d" % process.pid,
        b"%d" % process.tid,
    ]
    if process.container is not None:
        names += [process.container[:4], process.container]
    if process.comm is not None:
        names.append(process.comm + b"-and-more")
    return names


def events_of(process, other):
    yield Exit(BEGIN, "1", "core", process, 9)
    yield Signal(BEGIN, "2", "core", 9, sender=other, target=process)
    yield Exec(BEGIN, "3", "core", process)


@given(processes, processes, st.data())
def test_whoever_fits_is_mentioned(process, other, data):
    what = data.draw(st.sampled_from(called(process)) | words)
    assume(is_written_alone(what) and query.fits(process, what))
    mention = Mention(what)
    for event in events_of(process, other):
        for is_ascii in (True, False):
            text = json.dumps(to_object(event), ensure_ascii=is_ascii)
            line = text.encode("utf-8", "surrogatepass")
            assert mention.is_in(line)
            assert any(needle in line for needle in mention.needles)


@given(processes, processes)
def test_a_line_is_about_its_process_and_not_its_parents(process, other):
    for event in events_of(process, other):
        part = about(json.dumps(to_object(event)).encode())
        assert b'"pid": %d' % process.pid in part
        assert b'"ancestors"' not in part


def exit_of(number, name, parent=b"init"):
    return Exit(BEGIN + number, f"{number}", "core", Process(10 + number, comm=name, ancestors=(Ancestor(7, parent),)))  # fmt: skip


def mark(number, what):
    return Mark(BEGIN + number, f"{number}", "recorder", what, {"events": number})


KINDS = {
    "wanted": lambda at: exit_of(at, b"nginx"),
    "other": lambda at: exit_of(at, b"postgres"),
    "child": lambda at: exit_of(at, b"worker", b"nginx"),
    "state": lambda at: mark(at, "state"),
    "rotate": lambda at: mark(at, "rotate"),
}


@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=40),
    unpacked=st.integers(1, 700),
)
def test_the_sieve_lets_through_what_each_line_by_itself_would_be_asked_for(
    tmp_path_factory, kinds, unpacked
):
    lines = [json.dumps(to_object(KINDS[kind](at))).encode() for at, kind in enumerate(kinds)]
    path = tmp_path_factory.mktemp("sieve") / name_of("web3", "ab" * 16, BEGIN, BEGIN + 100)
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    piece = piece_of(str(path), path.stat().st_size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tracer.sources.recording.files._UNPACKED", unpacked)
        found = sieve.Sieve(Mention(b"nginx")).of(piece)
        assert [one for one in read_piece(piece) if not isinstance(one, Cut)] == lines
    shown = [kind for kind in kinds if kind in ("wanted", "state", "rotate")]
    last = [kind for kind, after in zip(shown, [*shown[1:], ""]) if (kind, after) != ("state",) * 2]
    assert [kinds[lines.index(line)] for _, line in found] == last
    for number, line in found:
        assert number == (None if b'"state"' in line else lines.index(line) + 1)


LINE = json.dumps(to_object(exit_of(1, b"nginx"))).encode() + b"\n"


@pytest.mark.parametrize(
    "data",
    [LINE[:-1], LINE + LINE[:20], LINE.replace(b": ", b":"), b"", gzip.compress(LINE)[:-1],
     b"\x1f\x8b" + LINE, b"x" * (2 << 20),
     LINE + LINE[50:] + LINE, LINE + b"\n" + LINE, LINE[:-9] + bytes(4096) + LINE[40:] + LINE,
     LINE + bytes(4096) + LINE],
    ids=["no end", "half a line", "otherwise written", "empty", "cut", "damaged", "no line",
         "half a line in the middle", "an empty line", "NULs in a line", "NULs before a line"],
)  # fmt: skip
def test_what_is_not_whole_and_ours_is_left_to_who_reads_lines(tmp_path, data):
    path = tmp_path / name_of("web3", "ab" * 16, BEGIN, BEGIN)
    path.write_bytes(data)
    found = sieve.Sieve(Mention(b"nginx")).of(piece_of(str(path), len(data)))
    assert found is None if data else found == []


@pytest.mark.parametrize("damage", [bytes(9), b"", b"\n"], ids=["NULs", "none", "an empty line"])
def test_of_what_is_packed_a_checksum_tells_the_rest(tmp_path, damage):
    """What was damaged before it was packed has NULs; an empty line hides nothing."""
    data = gzip.compress(LINE + damage + LINE)
    path = tmp_path / name_of("web3", "ab" * 16, BEGIN, BEGIN)
    path.write_bytes(data)
    found = sieve.Sieve(Mention(b"nobody")).of(piece_of(str(path), len(data)))
    assert (found is None) == (0 in damage)


def test_of_many_alike_each_is_told_once(tmp_path):
    names = [b"nginx-worker", b"nginx-cache"] * 500
    lines = [json.dumps(to_object(exit_of(at, name))).encode() for at, name in enumerate(names)]
    path = tmp_path / name_of("web3", "ab" * 16, BEGIN, BEGIN)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    found = sieve.Sieve(Mention(b"nginx")).of(piece_of(str(path), 1))
    assert [number for number, _ in found] == [1, 2]
