"""The stacks of the programs, added up as an old kernel does: check_max_stack_depth(), kernel/bpf/verifier.c.

From v6.13 on x86-64 has a stack of its own for such a program, and takes what others refuse.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

OBJECT = Path(__file__).parents[3] / "tracer" / "sigtrace.bpf.o"
STACK = 512  # MAX_BPF_STACK, include/linux/filter.h
FRAME = 10
CALL, MOVE, ADD = 0x85, 0xBF, 0x07  # include/uapi/linux/bpf.h
LOAD, STORE, STORE_REGISTER = 1, 2, 3
SYMBOLS, RELOCATIONS, FUNCTION = 2, 9, 2  # elf(5)


def sections_of(content):
    """Of an ELF file: type, the section it is of, its bytes."""
    at, size, count = *struct.unpack_from("=Q", content, 0x28), *struct.unpack_from("=HH", content, 0x3A)  # fmt: skip
    found = []
    for index in range(count):
        _, kind, _, _, place, length, _, info = struct.unpack_from("=IIQQQQII", content, at + index * size)  # fmt: skip
        found.append((kind, info, content[place : place + length]))
    return found


def functions_of(content):
    """Each function's place, as (section, first byte), with its own stack, and the places it calls."""
    sections = sections_of(content)
    symbols = next(part for kind, _, part in sections if kind == SYMBOLS)
    table = list(struct.iter_unpack("=IBBHQQ", symbols))
    relocated = {
        (info, place): table[what >> 32]
        for kind, info, part in sections
        if kind == RELOCATIONS
        for place, what in struct.iter_unpack("=QQ", part)
    }
    found = {}
    for _, info, _, section, value, size in table:
        if info & 15 == FUNCTION and size:
            code = sections[section][2][value : value + size]
            found[section, value] = read(code, section, value, relocated)
    return found


def read(code, section, start, relocated):
    depth, calls, copies = 0, set(), set()
    for place, (operation, registers, offset, number) in enumerate(
        struct.iter_unpack("=BBhi", code)
    ):
        to, of = registers & 15, registers >> 4
        kind = operation & 7
        if (kind == LOAD and of == FRAME) or (kind in (STORE, STORE_REGISTER) and to == FRAME):
            depth = max(depth, -offset)
        if operation == MOVE and of == FRAME:
            copies.add(to)
        elif operation == ADD and to in copies:
            depth = max(depth, -number)
            copies.discard(to)
        if operation == CALL and of == 1:
            at = start + 8 * place
            _, _, _, other, value, _ = relocated.get((section, at), (0, 0, 0, section, at, 0))
            calls.add((other, value if number == -1 else value + 8 * (number + 1)))
    return depth, calls


def worst(functions, place):
    """The most that a function and what it calls take together."""
    depth, calls = functions[place]
    own = (max(depth, 1) + 31) // 32 * 32
    return own + max((worst(functions, one) for one in calls), default=0)


def test_every_program_fits_the_stack_of_an_old_kernel(cannot_run):
    if not OBJECT.exists() or not OBJECT.stat().st_size:
        cannot_run("the BPF object is not built: make build")
    functions = functions_of(OBJECT.read_bytes())
    assert len(functions) > 20
    assert sum(len(calls) for _, calls in functions.values()) > 20
    assert max(worst(functions, place) for place in functions) <= STACK


@pytest.mark.parametrize(("depths", "total"), [((0,), 32), ((33, 64), 128), ((480, 33), 544)])
def test_stacks_are_added_up_in_steps(depths, total):
    chain = {(0, at): (depth, {(0, at + 1)} if at + 1 < len(depths) else set()) for at, depth in enumerate(depths)}  # fmt: skip
    assert worst(chain, (0, 0)) == total
