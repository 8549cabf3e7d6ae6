"""A loader's file is read whole or not at all: a start then goes libbpf's way."""

from __future__ import annotations

import pytest

from tracer.libbpf.loader import MAGIC, LoaderFile

WHOLE = MAGIC + b"\n5 8\nring:0 .rodata.config:24\non_signal: on_oom:mark_victim\n\ndata12345678"


def test_the_parts_of_a_loader():
    file = LoaderFile(WHOLE)
    assert file.maps == {"ring": 0, ".rodata.config": 24}
    assert file.programs == {"on_signal": "", "on_oom": "mark_victim"}
    assert (file.data, file.code) == (b"\ndata", b"12345678")


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_a_part_of_a_loader_is_none(size):
    with pytest.raises(ValueError):
        LoaderFile(WHOLE[:size])


@pytest.mark.parametrize("content", [b"\x7fELF" + bytes(500), b"\n" * 80, WHOLE + b"1"])
def test_something_else_is_no_loader(content):
    with pytest.raises(ValueError):
        LoaderFile(content)
