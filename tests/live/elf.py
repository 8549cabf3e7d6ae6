"""A program that no exec can begin, though it seems to: found out when the old one is given up already."""

from __future__ import annotations

import os
import struct

import pytest

_MACHINES = {"x86_64": 62, "aarch64": 183}
_NOWHERE = 0x7FFFFFFFFFFFF000


def unmappable():
    """Its only segment lies at an address that no process has: load_elf_binary(), fs/binfmt_elf.c."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        pytest.skip("the program is written down for two machines")
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, _NOWHERE, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return ident + head + struct.pack("<IIQQQQQQ", 1, 5, 0, _NOWHERE, _NOWHERE, 120, 120, 4096)
