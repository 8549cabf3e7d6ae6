"""The two hashes a journal's tables are made with (systemd: src/basic/siphash24.c, src/libsystemd/sd-journal/lookup3.c)."""

from __future__ import annotations

import struct

_64 = (1 << 64) - 1
_32 = (1 << 32) - 1


def siphash24(data: bytes, key: bytes) -> int:
    """SipHash-2-4 (Aumasson and Bernstein, 2012). Since systemd 246 the key is the file's own id."""
    k0, k1 = struct.unpack("<QQ", key)
    v0, v1 = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D
    v2, v3 = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573
    whole = len(data) & ~7
    last = data[whole:].ljust(7, b"\0") + bytes((len(data) & 255,))
    words = [word for (word,) in struct.iter_unpack("<Q", data[:whole] + last)]
    for number, word in enumerate((*words, 0)):
        end = number == len(words)
        if end:
            v2 ^= 255
        v3 ^= word
        for _ in range(4 if end else 2):
            v0 = (v0 + v1) & _64
            v1 = ((v1 << 13 | v1 >> 51) & _64) ^ v0
            v0 = (v0 << 32 | v0 >> 32) & _64
            v2 = (v2 + v3) & _64
            v3 = ((v3 << 16 | v3 >> 48) & _64) ^ v2
            v0 = (v0 + v3) & _64
            v3 = ((v3 << 21 | v3 >> 43) & _64) ^ v0
            v2 = (v2 + v1) & _64
            v1 = ((v1 << 17 | v1 >> 47) & _64) ^ v2
            v2 = (v2 << 32 | v2 >> 32) & _64
        v0 ^= word
    hashed: int = v0 ^ v1 ^ v2 ^ v3
    return hashed


def lookup3(data: bytes) -> int:
    """Jenkins' hashlittle2 (lookup3, 2006), both words; before systemd 246."""
    a = b = c = (0xDEADBEEF + len(data)) & _32
    size = len(data)
    at = 0
    while size - at > 12:
        x, y, z = struct.unpack_from("<III", data, at)
        a, b, c = _mix((a + x) & _32, (b + y) & _32, (c + z) & _32)
        at += 12
    if size == 0:
        return c << 32 | b
    x, y, z = struct.unpack("<III", data[at:].ljust(12, b"\0"))
    a, b, c = (a + x) & _32, (b + y) & _32, (c + z) & _32
    for left in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - (b << left | b >> (32 - left))) & _32
        a, b, c = b, c, a
    hashed: int = b << 32 | a
    return hashed


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for left in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _32) ^ ((c << left | c >> (32 - left)) & _32)
        c = (c + b) & _32
        a, b, c = b, c, a
    return a, b, c
