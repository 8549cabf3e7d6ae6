"""Process accounting: records of both byte orders, cut and foreign ones, and which of them are told."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacct import BORN, S, ends, record

from tracer.model.event import Exit, Loss, Place
from tracer.sources.accounting import source
from tracer.sources.accounting.record import SIZE, is_record, older_version, second_of
from tracer.sources.accounting.runs import GIVE_UP, Foreign, Run, runs_of
from tracer.why.query import fits

ORDERS = st.sampled_from("<>")


def test_the_layout_is_the_kernels():
    assert len(record()) == SIZE == 64


@pytest.mark.parametrize("order", "<>")
def test_what_a_record_tells(order):
    (end,), reader = ends([record(order=order)])
    process = end.process
    assert (process.pid, process.comm, process.uid, process.ppid) == (700, b"ledger", 33, 1)
    assert (end.time, process.start) == ((BORN + 2) * S, BORN * S)
    assert (end.number, end.status, end.core, end.source) == (9, None, False, "accounting")
    assert end.place == Place(file="pacct", offset=0)
    assert reader.records == 1


# The wait status of wait(2), the flags, and what is to be told of them: number, status, core.
CODES = {
    "killed": (9, 0x10, (9, None, False)),
    "a core": (0x8B, 0x18, (11, None, True)),
    "a core that was not written": (0x0B, 0x18, (11, None, False)),
    "a status": (3 << 8, 0x00, (None, 3, None)),
    "a clean end": (0, 0x00, (None, 0, None)),
    "a status of a process with threads": (3 << 8, 0x10, (None, 3, None)),
    "threads that outlived the main one": (0, 0x10, (None, None, None)),
}


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("order", "<>")
def test_how_it_ended_is_what_its_exit_code_says(name, order):
    code, flag, right = CODES[name]
    (end,), _ = ends([record(code=code, flag=flag, order=order)], what=b"ledger", fits=fits)
    assert (end.number, end.status, end.core) == right


@given(
    st.lists(
        st.tuples(ORDERS, st.integers(1, 1 << 22), st.sampled_from((0, 9, 256, 0x8B))), max_size=40
    ),
    st.integers(1, 200),
)
def test_blocks_of_any_size_tell_the_same(records, size):
    data = b"".join(record(pid, code, order=order) for order, pid, code in records)
    whole, _ = ends([data])
    pieces, reader = ends([data[at : at + size] for at in range(0, len(data), size)])
    assert pieces == whole
    assert reader.records == len(records)
    assert [end.process.pid for end in whole] == [pid for _, pid, code in records if code & 0x7F]


@given(st.binary(max_size=200), st.binary(max_size=200), ORDERS)
def test_foreign_bytes_are_counted_and_what_follows_is_read(before, after, order):
    told, reader = ends([before + record(order=order) + after])
    foreign = sum(run.size for run in runs_of([before + record(order=order) + after]) if isinstance(run, Foreign))  # fmt: skip
    assert reader.records * SIZE + foreign == len(before) + len(after) + SIZE
    if not any(byte in (3, 0x83) for byte in before):
        assert 700 in [end.process.pid for end in told if isinstance(end, Exit)]


@given(st.binary(max_size=3000))
def test_no_bytes_make_it_raise(data):
    for one, _ in (ends([data]), ends([data], what=b"ledger", fits=fits)):
        assert all(isinstance(event, (Exit, Loss)) for event in one)


@given(st.binary(min_size=SIZE, max_size=SIZE), st.integers(0, SIZE - 1), st.integers(0, 255))
def test_a_record_with_one_wrong_byte_is_told_or_counted(data, at, byte):
    wrong = bytearray(record())
    wrong[at] = byte
    told, reader = ends([bytes(wrong) + record(701)])
    pids = [end.process.pid for end in told if isinstance(end, Exit)]
    assert pids[-1:] == [701]
    assert reader.records + sum(isinstance(one, Loss) for one in told) >= 2 or len(pids) == 2


def test_a_cut_record_is_lost_and_the_shifted_ones_behind_it_are_read():
    told, _ = ends([record(1000) + record(1001)[:40] + record(1002) + record(1003)[:63]])
    assert [one.process.pid for one in told if isinstance(one, Exit)] == [1000, 1002]
    losses = [one for one in told if isinstance(one, Loss)]
    assert [(one.count, one.where) for one in losses] == [
        (1, "pacct: 40 bytes that are no record"),
        (1, "pacct: 63 bytes that are no record"),
    ]


def test_of_another_file_little_is_looked_at():
    blocks = iter([b"\3" * (1 << 18)] * 64)
    (told,) = [one for one, _ in [ends(blocks)] for one in one]
    assert told.where.endswith("and the rest is not read")
    assert len(list(blocks)) > 64 - 2 * GIVE_UP // (1 << 18)


def test_a_damaged_archive_ends_with_a_loss():
    def blocks():
        yield record()
        raise EOFError("cut")

    (end, loss), _ = ends(blocks())
    assert (end.process.pid, loss.where, loss.count) == (700, "pacct: cut", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": 0x7F},
        {"code": 65},
        {"code": 1 << 16},
        {"pid": 0},
        {"pid": (1 << 22) + 1},
        {"comm": b"x" * 16},
        {"comm": b"a\0b"},
        {"flag": 0x40},
        {"lived": float("nan")},
        {"lived": float("inf")},
        {"lived": -1.0},
        {"born": 0},
        {"version": 2},
    ],
    ids=str,
)
def test_what_no_kernel_writes_is_no_record(wrong):
    assert not is_record(record(**wrong))


def test_older_versions_are_known_by_their_number():
    assert [older_version(record(version=version)) for version in range(4)] == [0, 1, 2, None]
    assert older_version(record(order=">", version=2)) == 2
    assert older_version(b"\0\0") is None


@given(st.integers(0, 1 << 36), st.integers(0, 10**9))
def test_the_second_is_the_one_in_which_it_ended(lived, fraction):
    """encode_float() of kernel/acct.c cuts; what is told lies as much before the end as it has cut, at most."""
    now = BORN + lived // 100 + 1
    born = now - lived // 100
    kept = lived if lived < 1 << 24 else lived >> lived.bit_length() - 24 << lived.bit_length() - 24
    made = record(born=born, lived=float(kept))
    told = second_of(made, 0)
    assert 0 <= now - told <= (lived - kept) // 100 + 1
    assert (told == now) == (kept // 100 == lived // 100)
    # The record before it is of the same second: then its end is known, as far as the bits left it open.
    assert second_of(made, 0, now) == now
    assert second_of(made, 0, now + 10**6) - told <= ((lived - kept) // 100 + 1) * 2 + (1 << 36 >> 23) // 100  # fmt: skip


def test_of_a_name_all_ends_and_of_others_those_by_a_signal():
    data = b"".join(
        (
            record(1, 0, b"ledger"),
            record(2, 256, b"grep"),
            record(3, 9, b"grep"),
            record(4, 256, b"ledgers"),
            record(5, 256, b"ledger"),
        )
    )
    told, _ = ends([data], what=b"ledger", fits=fits)
    assert [one.process.pid for one in told] == [1, 3, 5]
    assert [one.process.pid for one in ends([data])[0]] == [3]
    assert [one.process.pid for one in ends([data], what=b"4", fits=fits)[0]] == [3, 4]


@pytest.mark.parametrize("order", "<>")
def test_a_pid_and_a_long_name_are_found(order):
    comm = b"postgres-export"
    data = b"".join(record(pid, 256, comm, order=order) for pid in (9, 256, 65_536, 4_000_000))
    for pid in (9, 256, 65_536, 4_000_000):
        assert [one.process.pid for one in ends([data], what=b"%d" % pid, fits=fits)[0]] == [pid]
    assert len(ends([data], what=b"postgres-exporter", fits=fits)[0]) == 4


def test_only_what_is_of_the_time_is_told():
    data = b"".join(record(pid, born=BORN + pid * 60) for pid in range(1, 100))
    since, until = (BORN + 600) * S + 5, (BORN + 900) * S
    told, reader = ends([data], since=since, until=until)
    assert [one.process.pid for one in told] == [10, 11, 12, 13, 14]
    assert reader.records == 99


def test_of_too_many_the_latest_are_told(monkeypatch):
    monkeypatch.setattr(source, "FITTING_MAX", 3)
    data = b"".join(
        record(pid, 256 if pid % 2 else 9, b"ledger" if pid % 2 else b"grep")
        for pid in range(1, 21)
    )
    told, reader = ends([data], what=b"ledger", fits=fits, latest=2)
    assert [one.process.pid for one in told] == [15, 17, 18, 19, 20]
    assert reader.left_out == 15


RUBBISH = b"\3" * 64


@pytest.mark.parametrize("between", [b"#" * 64, RUBBISH], ids=["bytes", "its version"])
def test_what_is_no_record_takes_no_ends_place(between):
    """The second kind has the right version, and is known for none only when it is unpacked."""
    data = record(1) + record(2) + between.join(record(pid) for pid in range(3, 40))
    told, reader = ends([data], what=b"ledger", fits=fits, latest=2)
    assert [one.process.pid for one in told if isinstance(one, Exit)] == [*range(1, 40)]
    others, reader = ends([data], what=b"grep", fits=fits, latest=2)
    assert [one.process.pid for one in others if isinstance(one, Exit)] == [38, 39]
    assert reader.left_out == 37
    assert [one.count for one in others if isinstance(one, Loss)] == [1] * 36


def test_of_many_places_without_a_record_the_rest_is_told_as_one(monkeypatch):
    monkeypatch.setattr(source, "LOSSES_MAX", 5)
    data = (b"#" * 128).join(record(pid) for pid in range(1, 40))
    told, _ = ends([data], what=b"ledger", fits=fits, latest=2)
    losses = [one for one in told if isinstance(one, Loss)]
    assert [one.count for one in losses] == [2] * 5 + [66]
    assert losses[-1].where == "33 more places with bytes that are no record"


def test_what_it_has_seen_is_deaths_from_the_first_to_the_last():
    _, reader = ends([record(1, born=BORN), record(2, 0, born=BORN + 60)])
    (seen,) = reader.coverage()
    assert (seen.source, seen.kinds) == ("accounting", ("deaths",))
    assert (seen.spans[0].began, seen.spans[0].ended) == ((BORN + 2) * S, (BORN + 62) * S)
    assert seen.blind_to("deaths")
    assert ends([b""])[1].coverage() == []


def test_runs_are_whole_records_at_their_places():
    data = record(1) + record(2, order=">") + record(3, order=">")
    runs = list(runs_of([data]))
    assert [(run.offset, len(run.data)) for run in runs if isinstance(run, Run)] == [(0, 64), (64, 128)]  # fmt: skip
    assert struct.unpack_from(">I", data, 64 + 16)[0] == 2
