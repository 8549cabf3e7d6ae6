"""The order in which a loader's programs have the kernel look types up.

For each access to a field the kernel finds the type by its name (struct bpf_core_relo, bpf_core_apply(), kernel/bpf/btf.c). It
goes through all its types for that, a third of a millisecond, and remembers 31 names, each in the one place that its hash
says: two that share a place displace each other at each turn. The order in which a program lists its accesses is free.
"""

from __future__ import annotations

import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# struct bpf_core_relo of linux/bpf.h: insn_off, type_id, access_str_off, kind.
_ACCESS = struct.Struct("=IIII")
# union bpf_attr of BPF_PROG_LOAD, linux/bpf.h: where it has what.
_NAME, _NAME_LENGTH = 48, 16
_INSTRUCTIONS, _ACCESSES, _ACCESS_SIZE = 4, 116, 136


def grouped(data: bytes, programs: Iterable[bytes]) -> bytes:
    """A loader's data, with the accesses of each program by type, every other program the other way round: what one has
    looked up last is what the next one asks for first. What does not look as libbpf writes it is left alone."""
    made = bytearray(data)
    for turn, name in enumerate(programs):
        for begin, accesses in _accesses(data, name):
            ordered = sorted(accesses, key=lambda one: (one[1], one[0]), reverse=turn % 2 == 1)
            made[begin : begin + len(ordered) * _ACCESS.size] = b"".join(
                _ACCESS.pack(*one) for one in ordered
            )
    return bytes(made)


def _accesses(data: bytes, program: bytes) -> Iterator[tuple[int, list[tuple[int, ...]]]]:
    """Where those of a program begin, and what they are: they stand before its attributes (bpf_gen__prog_load() of
    libbpf's gen_loader.c)."""
    name = program[: _NAME_LENGTH - 1].ljust(_NAME_LENGTH, b"\0")
    at = data.find(name)
    while at >= 0:
        attributes = at - _NAME
        if attributes >= 0 and _u32(data, attributes + _ACCESS_SIZE) == _ACCESS.size:
            instructions = _u32(data, attributes + _INSTRUCTIONS)
            begin = attributes - _u32(data, attributes + _ACCESSES) * _ACCESS.size
            found = list(_ACCESS.iter_unpack(data[max(0, begin) : attributes]))
            if begin >= 0 and all(one[0] < instructions * 8 for one in found):
                yield begin, found
        at = data.find(name, at + 1)


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], sys.byteorder)
