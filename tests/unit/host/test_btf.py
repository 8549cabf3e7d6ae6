"""Names in a kernel's BTF: whole ones, where the header says that names are."""

from __future__ import annotations

import struct
import sys

import pytest

from tracer.host.btf import knows

NAMES = b"\0bpf_rdonly_cast\0BPF_FUNC_task_pt_regs\0last\0"


def btf(path, names=NAMES, length=24, types=b"\0left\0" * 4):
    head = struct.pack("=HBBIIIII", 0xEB9F, 1, 0, length, 0, len(types), len(types), len(names))
    path.write_bytes(head.ljust(length, b"\0") + types + names)
    return str(path)


@pytest.mark.parametrize("length", [24, 32])
@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("bpf_rdonly_cast", True),
        ("BPF_FUNC_task_pt_regs", True),
        ("last", True),
        ("rdonly_cast", False),
        ("bpf_rdonly", False),
        ("left", False),  # among the types: their numbers may spell anything
    ],
)
def test_names(tmp_path, name, is_there, length):
    assert knows(name, btf(tmp_path / "btf", length=length)) == is_there


@pytest.mark.parametrize("content", [b"", b"\x9f\xeb", bytes(24)])
def test_no_btf_knows_nothing(tmp_path, content):
    path = tmp_path / "btf"
    path.write_bytes(content)
    assert not knows("last", str(path))
    assert not knows("last", str(tmp_path / "none"))


@pytest.mark.parametrize("missing", range(1, len(NAMES)))
def test_cut_off(tmp_path, missing):
    whole = btf(tmp_path / "btf")
    with open(whole, "r+b") as file:
        file.truncate(file.seek(0, 2) - missing)
    assert knows("last", whole) is False


def test_the_kernels_own():
    """Every kernel that has BTF has tasks."""
    path = "/sys/kernel/btf/vmlinux"
    try:
        open(path, "rb").close()
    except OSError:
        pytest.skip("this kernel has no BTF")
    assert knows("task_struct")
    assert not knows("no_such_struct_" + sys.platform)
