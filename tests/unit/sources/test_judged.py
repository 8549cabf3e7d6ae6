"""Where verdicts are kept: the words of a map, here of a file. That the kernel finds them is proved live."""

from __future__ import annotations

import os
from struct import pack_into, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow import judge
from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.sources.wire import judged
from tracer.sources.wire.records import End

KEY = 0x9E3779B97F4A7C15
END = End(start=5, pid=10, tid=10, uid=0, comm=b"bash".ljust(16, b"\0"))
NAMED = Process(10, 10, b"bash")


class Says:
    """A judge that says one thing of all."""

    def __init__(self, verdict):
        self.says = verdict

    def verdict(self, process):
        return self.says


@pytest.fixture
def opened(tmp_path):
    """Makes a map and its counters; returns what keeps verdicts, and what reads the map's words."""
    made = []

    def make(verdict):
        files = []
        for name, words in (("words", judged.JUDGED * judged.WAYS), ("counters", 8 * 64)):
            path = tmp_path / name
            path.write_bytes(bytes(8 * words))
            files.append(os.open(path, os.O_RDWR))
        kept = judged.Judged(*files, KEY, Says(verdict))
        made.append((kept, files))
        return kept, lambda: unpack(f"={judged.JUDGED * judged.WAYS}Q", os.pread(files[0], 1 << 20, 0)), files  # fmt: skip

    yield make
    for kept, files in made:
        kept.close()
        for file in files:
            os.close(file)


def test_a_verdict_lies_in_the_set_of_its_mark(opened):
    kept, words, _ = opened(judge.NOT_TO)
    kept.keep(7, END, NAMED)
    kept.keep(7, END, NAMED)
    mark = judged.mark_of(KEY, 7, END)
    found = {at: word for at, word in enumerate(words()) if word}
    assert list(found.values()) == [mark & ~judge.VERDICT | judge.NOT_TO]
    assert next(iter(found)) // judged.WAYS == mark >> 32 & judged.JUDGED - 1


@pytest.mark.parametrize(("told", "verdict"), [(0, judge.NOT_TO), (7, 0)])
def test_nothing_is_kept_of_who_was_not_described_or_may_pass(opened, told, verdict):
    kept, words, _ = opened(verdict)
    kept.keep(told, END, NAMED)
    assert not any(words())


def test_a_full_set_makes_room_and_no_word_is_lost_to_another_set(opened):
    kept, words, _ = opened(judge.NOT_FROM)
    for told in range(1, 40_000):
        kept.keep(told, END, NAMED)
    assert all(words())
    for at, word in enumerate(words()):
        assert word & judge.VERDICT == judge.NOT_FROM
        assert word >> 32 & judged.JUDGED - 1 == at // judged.WAYS


STATES = st.tuples(
    st.integers(1, 1 << 63),
    st.builds(
        End,
        start=st.just(5),
        pid=st.integers(1, 1 << 22),
        tid=st.integers(1, 1 << 22),
        uid=st.integers(0, (1 << 32) - 1),
        comm=st.binary(min_size=16, max_size=16),
    ),
)


@given(STATES, st.integers(0, (1 << 63) - 1).map(lambda half: half * 2 + 1))
def test_whatever_a_verdict_rests_on_changes_the_mark(state, key):
    """What differs in one thing alone never has the same mark: what is between the steps can be undone."""
    told, end = state
    others = [
        (told + 1, end),
        (told, replace(end, pid=end.pid + 1, tid=end.tid + 1)),
        (told, replace(end, uid=end.uid ^ 1)),
        (told, replace(end, comm=bytes([end.comm[0] ^ 1]) + end.comm[1:])),
        (told, replace(end, comm=end.comm[:8] + bytes([end.comm[8] ^ 1]) + end.comm[9:])),
        (told, replace(end, tid=end.pid + 1 if end.tid == end.pid else end.pid)),
    ]
    mark = judged.mark_of(key, told, end)
    assert all(judged.mark_of(key, *other) != mark for other in others)


def test_what_the_kernel_left_out_is_summed_up_over_its_counters(opened):
    kept, _, files = opened(0)
    page = bytearray(8 * 64 * 8)
    pack_into("=Q", page, 0, 5)
    pack_into("=Q", page, 63 * 64, 7)
    os.pwrite(files[1], page, 0)
    assert kept.left_out() == 12
