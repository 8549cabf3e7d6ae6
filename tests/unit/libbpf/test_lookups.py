"""The same accesses of the same programs, each type's together."""

from __future__ import annotations

import struct
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.libbpf.loader import LoaderFile
from tracer.libbpf.lookups import grouped

BUILT = Path(__file__).parents[3] / "tracer"
LOADERS = [
    path
    for name in ("sigtrace", "sigtrace-twice", "sigtrace-whole")
    if (path := BUILT / f"{name}.loader").exists()
]
ACCESS = struct.Struct("=IIII")


def attributes(name: bytes, instructions: int, accesses: int) -> bytes:
    """union bpf_attr, as far as it is looked at."""
    made = bytearray(152)
    struct.pack_into("=II", made, 0, 5, instructions)
    made[48 : 48 + len(name)] = name
    struct.pack_into("=I", made, 116, accesses)
    struct.pack_into("=I", made, 136, ACCESS.size)
    return bytes(made)


def blob(programs: dict[bytes, list[tuple[int, ...]]]) -> bytes:
    """Code, accesses and attributes of each program, one after the other; other things between them."""
    return b"maps" + b"".join(
        bytes(80) + b"".join(ACCESS.pack(*one) for one in accesses) + attributes(name, 50, len(accesses))
        for name, accesses in programs.items()
    )  # fmt: skip


ACCESSES = st.lists(
    st.tuples(st.integers(0, 49).map(lambda it: 8 * it), st.integers(1, 5), st.integers(0, 99), st.integers(0, 12)),
    max_size=30, unique_by=lambda it: it[0],
)  # fmt: skip


@given(st.lists(ACCESSES, min_size=1, max_size=4))
def test_each_type_is_asked_for_once_a_program(lists):
    names = [b"on_%d" % number for number in range(len(lists))]
    before = blob(dict(zip(names, lists)))
    after = grouped(before, names)
    assert len(after) == len(before)
    at = 4
    for number, accesses in enumerate(lists):
        at += 80
        end = at + len(accesses) * ACCESS.size
        told = list(ACCESS.iter_unpack(after[at:end]))
        assert Counter(told) == Counter(accesses)
        types = [type_ for type_, _ in groupby(one[1] for one in told)]
        assert types == sorted(types, reverse=number % 2 == 1)
        at = end + 152
        assert after[end:at] == before[end:at]


@pytest.mark.parametrize(
    "data",
    [b"", b"on_0", bytes(48) + b"on_0" + bytes(200), blob({b"on_0": [(400, 1, 1, 1), (8, 2, 2, 2), (0, 1, 1, 1)]})],
)  # fmt: skip
def test_what_looks_otherwise_is_left_alone(data):
    """The last one has an access behind its code."""
    assert grouped(data, [b"on_0", b"on_1"]) == data


@pytest.mark.skipif(not LOADERS, reason="no loader was built")
@pytest.mark.parametrize("path", LOADERS, ids=lambda path: path.name)
def test_those_that_were_built_are_so(path):
    content = path.read_bytes()
    if not content:
        pytest.skip("no libbpf 1.0 where it was built: the file is empty")
    file = LoaderFile(content)
    names = [name.encode() for name in file.programs]
    assert grouped(file.data, names) == file.data
    assert grouped(file.data, names[1:]) != file.data  # So they were found.
