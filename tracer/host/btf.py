"""What the running kernel has, by the names in its BTF: Documentation/bpf/btf.rst."""

from __future__ import annotations

import os
from struct import Struct

BTF = "/sys/kernel/btf/vmlinux"
# struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len.
_HEADER = Struct("=HBBIIIII")


def knows(name: str, path: str = BTF) -> bool:
    """Whether the kernel has a function for BPF, a type or a constant of this name; takes 4 ms.

    Names are the second half of the file, each between two zeros. False where there is no BTF.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        head = os.read(file, _HEADER.size)
        if len(head) < _HEADER.size:
            return False
        *_, length, _, _, at, size = _HEADER.unpack(head)
        os.lseek(file, length + at, os.SEEK_SET)
        names = b""
        while len(names) < size:
            more = os.read(file, size - len(names))
            if not more:
                break
            names += more
        return b"\0%b\0" % name.encode() in names
    finally:
        os.close(file)
