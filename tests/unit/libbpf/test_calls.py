"""bpf(2) without libbpf: its number on each machine, and what the structs hold (include/uapi/linux/bpf.h)."""

from __future__ import annotations

import pytest

from tracer.libbpf import calls


@pytest.mark.parametrize(
    ("machine", "narrow", "number"),
    [
        ("x86_64", False, 321),  # arch/x86/entry/syscalls/syscall_64.tbl
        ("x86_64", True, 357),  # arch/x86/entry/syscalls/syscall_32.tbl
        ("aarch64", False, 280),  # include/uapi/asm-generic/unistd.h
        ("aarch64", True, 386),  # arch/arm/tools/syscall.tbl
        ("riscv64", False, 280),
        ("s390x", False, 351),
        ("ppc64le", False, 361),
    ],
)
def test_the_number(machine, narrow, number):
    assert calls.number_of(machine, narrow) == number


def asked(monkeypatch, call):
    """The command and the bytes that a call hands to the kernel."""
    seen = []
    monkeypatch.setattr(calls, "_bpf", lambda command, it: seen.append((command, it.raw)) or 9)
    call()
    (one,) = seen
    return one


@pytest.mark.parametrize(
    ("call", "command", "size", "words"),
    [
        (lambda: calls.create_map(2, b"data", 4, 77, 1), 0, 44, {0: 2, 4: 4, 8: 77, 12: 1}),
        (lambda: calls.update_map(5, bytes(4), b"x"), 2, 32, {0: 5, 24: 0}),
        (
            lambda: calls.load_program(31, b"prog", bytes(24), 16, [7]),
            5,
            128,
            {0: 31, 4: 3, 24: 0, 44: 16, 64: 0},
        ),
        (lambda: calls.open_tracepoint(b"", 6), 17, 16, {0: 0, 4: 0, 8: 6}),
    ],
)
def test_what_the_kernel_gets(monkeypatch, call, command, size, words):
    got, raw = asked(monkeypatch, call)
    assert (got, len(raw)) == (command, size)
    for at, word in words.items():
        assert int.from_bytes(raw[at : at + 4], "little") == word, at


def test_a_name_lies_where_the_kernel_looks(monkeypatch):
    _, raw = asked(monkeypatch, lambda: calls.load_program(31, b"prog", bytes(8), 0, [7]))
    assert raw[48:64].rstrip(b"\0") == b"prog"
    _, raw = asked(monkeypatch, lambda: calls.create_map(2, b"data", 4, 4, 1))
    assert raw[28:44].rstrip(b"\0") == b"data"
