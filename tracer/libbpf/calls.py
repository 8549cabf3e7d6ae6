"""bpf(2) itself, for what needs nothing of libbpf: union bpf_attr, include/uapi/linux/bpf.h.

The C library has no function for it, and its number differs from machine to machine.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys
from struct import Struct

MAP_TYPE_ARRAY = 2
MAP_TYPE_RINGBUF = 27
PROGRAM_TYPE_SYSCALL = 31
PROGRAM_SLEEPABLE = 1 << 4

# The kernel's arch/*/kernel/syscalls/*.tbl; machines that are not here share one, scripts/syscall.tbl.
_NUMBERS = {"x86_64": 321, "i686": 357, "armv7l": 386, "s390x": 351, "ppc64le": 361}
_SHARED = 280
# A Python of 32 bits on a kernel of 64.
_NARROW = {"x86_64": "i686", "aarch64": "armv7l"}

_MAP_CREATE, _MAP_UPDATE, _PROG_LOAD, _TEST_RUN, _RAW_TRACEPOINT_OPEN = 0, 2, 5, 10, 17
_MAP = Struct("=7I16s")
_UPDATE = Struct("=I4x3Q")
# From prog_type to prog_name, and fd_array, the last.
_PROGRAM = Struct("=2I2Q2IQ2I16s56xQ")
_RUN = Struct("=4I2Q4I2Q")
_RETVAL = slice(4, 8)
_TRACEPOINT = Struct("=QI4x")
# A signal may end the verifier's work: sys_bpf_prog_load(), libbpf's bpf_internal.h, tries as often.
_ATTEMPTS = 5


def number_of(machine: str, narrow: bool = sys.maxsize < 1 << 32) -> int:
    """The number of bpf(2) for a program of this machine."""
    return _NUMBERS.get(_NARROW.get(machine, machine) if narrow else machine, _SHARED)


_NUMBER = number_of(os.uname().machine)
_call = ctypes.CDLL(None, use_errno=True).syscall
_call.restype = ctypes.c_long
_call.argtypes = ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_ulong


def create_map(kind: int, name: bytes, key_size: int, value_size: int, entries: int) -> int:
    """The descriptor of a new map. Raises OSError."""
    return _fd(_MAP_CREATE, _MAP.pack(kind, key_size, value_size, entries, 0, 0, 0, name))


def update_map(fd: int, key: bytes, value: bytes) -> None:
    """Put a value under a key. Raises OSError."""
    cells = ctypes.create_string_buffer(key), ctypes.create_string_buffer(value, len(value))
    _bpf(_MAP_UPDATE, _buffer(_UPDATE.pack(fd, *map(ctypes.addressof, cells), 0)))


def load_program(kind: int, name: bytes, code: bytes, flags: int, fds: list[int]) -> int:
    """The descriptor of a program; ``fds`` are those of the maps that it speaks of. Raises OSError."""
    text, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"Dual BSD/GPL")
    array = (ctypes.c_int * len(fds))(*fds)
    addresses = ctypes.addressof(text), ctypes.addressof(licence)
    attributes = _PROGRAM.pack(
        kind, len(code) // 8, *addresses, 0, 0, 0, 0, flags, name, ctypes.addressof(array)
    )
    for _ in range(_ATTEMPTS - 1):
        try:
            return _fd(_PROG_LOAD, attributes)
        except BlockingIOError:
            pass
    return _fd(_PROG_LOAD, attributes)


def run_program(fd: int, context: ctypes.Array[ctypes.c_char]) -> int:
    """What a program returns that is run once, here and now, with this context. Raises OSError."""
    size, address = ctypes.sizeof(context), ctypes.addressof(context)
    attributes = _buffer(_RUN.pack(fd, 0, 0, 0, 0, 0, 0, 0, size, 0, address, 0))
    _bpf(_TEST_RUN, attributes)
    return int.from_bytes(attributes.raw[_RETVAL], sys.byteorder, signed=True)


def open_tracepoint(name: bytes, program: int) -> int:
    """The descriptor of a link; no name where the program knows its tracepoint. Raises OSError."""
    cell = ctypes.create_string_buffer(name)
    return _fd(
        _RAW_TRACEPOINT_OPEN, _TRACEPOINT.pack(ctypes.addressof(cell) if name else 0, program)
    )


def _fd(command: int, attributes: bytes) -> int:
    """Never one of the standard streams, though these be closed."""
    fd = _bpf(command, _buffer(attributes))
    if fd > 2:
        return fd
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(fd)


def _buffer(attributes: bytes) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(attributes, len(attributes))


def _bpf(command: int, attributes: ctypes.Array[ctypes.c_char]) -> int:
    status: int = _call(_NUMBER, command, ctypes.addressof(attributes), len(attributes))
    if status < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "bpf(2)")
    return status
