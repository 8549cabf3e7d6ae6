"""Reading the ring: whole finished records, in order, whatever their lengths."""

from __future__ import annotations

import mmap
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.libbpf.ring import BUSY, DISCARDED, HEADER, LOOK_AHEAD, ReadAhead, Ring, kept

PAGE = mmap.PAGESIZE
SIZE = 64 * PAGE


def record(body, flags=0):
    return struct.pack("=II", len(body) | flags, 0) + body + bytes(-len(body) & 7)


@pytest.fixture
def ring():
    """A ring in memory: consumer page, producer page, data."""
    fd = os.memfd_create("ring")
    os.ftruncate(fd, 2 * PAGE + 2 * SIZE)
    made = Ring(fd, SIZE)
    made.fd = fd
    yield made
    made.close()
    os.close(fd)


def produce(ring, written):
    os.pwrite(ring.fd, written, 2 * PAGE)
    os.pwrite(ring.fd, struct.pack("=Q", len(written)), PAGE)


def bodies(taken):
    return [
        taken[at : at + stretch.size]
        for stretch in kept(taken)
        for at in range(stretch.at, stretch.end, stretch.step)
    ]


LENGTHS = st.lists(st.sampled_from((1, 8, 48, 128, 129, 2000)), max_size=40)


@given(LENGTHS, st.lists(st.booleans(), min_size=40, max_size=40))
def test_every_record_once_and_in_order(lengths, given_back):
    written = [bytes([index]) * length for index, length in enumerate(lengths)]
    taken = b"".join(
        record(body, DISCARDED if gone else 0) for body, gone in zip(written, given_back)
    )
    kept = [body for body, gone in zip(written, given_back) if not gone]
    assert bodies(taken) == kept


def test_a_storm_is_read_in_stretches():
    taken = record(bytes(128)) * (2 * LOOK_AHEAD + 1) + record(bytes(48))
    assert [stretch.records for stretch in kept(taken)] == [LOOK_AHEAD, LOOK_AHEAD, 1, 1]


def test_an_unfinished_record_ends_what_is_taken(ring):
    produce(ring, record(b"one") + record(b"two") + record(b"three", BUSY) + record(b"four"))
    assert bodies(ring.take(SIZE)) == [b"one", b"two"]
    assert ring.take(SIZE) == b""


@pytest.mark.parametrize("most", [8, 128, 136, 144, 1000])
def test_no_record_is_cut(ring, most):
    written = [bytes([index]) * 128 for index in range(20)]
    produce(ring, b"".join(map(record, written)))
    taken = []
    while part := ring.take(most):
        taken += bodies(part)
    assert taken == written
    assert ring.consumed == ring.produced() == 20 * (HEADER + 128)


def test_what_is_read_ahead_gives_the_kernel_room_and_comes_in_order(ring):
    written = [bytes([index % 251]) * 128 for index in range(SIZE // 136 - 1)]
    produce(ring, b"".join(map(record, written)))
    ahead = ReadAhead(ring, SIZE // 2)
    taken = ahead.take(PAGE)
    held = ring.consumed - ahead.consumed
    assert PAGE < held <= SIZE // 2 + PAGE
    assert ahead.consumed == len(taken)
    while True:
        more = ahead.take(PAGE)
        if not more:
            break
        taken += more
    assert bodies(taken) == written
    assert ahead.consumed == ring.consumed == ahead.produced()


def test_a_few_records_are_not_read_ahead(ring):
    produce(ring, record(b"x" * 128) * 20)
    ahead = ReadAhead(ring, SIZE // 2)
    ahead.take(PAGE // 4)
    assert ring.consumed == ahead.consumed
