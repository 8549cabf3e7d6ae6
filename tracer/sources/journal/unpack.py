"""Values that journald has packed: xz, lz4 or zstd, by whatever this host has. Never more than is asked for."""

from __future__ import annotations

import ctypes
import struct
from ctypes import POINTER, byref, c_size_t, c_uint, c_void_p
from importlib import import_module
from io import BytesIO
from typing import Any, Callable

from tracer.host.packages import find_packages

# Object flags (systemd: journal-def.h).
XZ, LZ4, ZSTD = 1, 2, 4
NAMES = {XZ: "xz", LZ4: "lz4", ZSTD: "zstd"}
# Memory that the packed bytes may ask for: journald packs in windows of 8 MiB at the most.
_MEMORY = 1 << 26

Unpack = Callable[[bytes, int], bytes]


class Damaged(Exception):
    """These are no bytes of that packing."""


class Unpackers:
    """What unpacks each kind; None where this host has nothing that could."""

    def __init__(self) -> None:
        self._found: dict[int, Unpack | None] = {}

    def of(self, kind: int) -> Unpack | None:
        if kind not in self._found:
            self._found[kind] = _KINDS[kind]() if kind in _KINDS else None
        return self._found[kind]


def _xz() -> Unpack | None:
    lzma = _module("lzma")  # A Python may be built without.
    if lzma is None:
        return None

    def unpack(packed: bytes, limit: int) -> bytes:
        try:
            decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
            return bytes(decompressor.decompress(packed, limit))
        except lzma.LZMAError as error:
            raise Damaged(str(error)) from error

    return unpack


def lz4(packed: bytes, limit: int) -> bytes:
    """The size unpacked (8 bytes), then one block (lz4: doc/lz4_Block_format.md)."""
    if len(packed) < 8:
        raise Damaged("cut")
    limit = min(limit, struct.unpack_from("<Q", packed)[0])
    out = bytearray()
    at = 8
    try:
        while at < len(packed) and len(out) < limit:
            token = packed[at]
            size, at = _lz4_size(packed, at + 1, token >> 4)
            if at + size > len(packed):
                raise Damaged("literals behind the end")
            out += packed[at : at + size]
            at += size
            if at == len(packed):
                break
            back = packed[at] | packed[at + 1] << 8
            size, at = _lz4_size(packed, at + 2, token & 15)
            if not 0 < back <= len(out):
                raise Damaged("a copy from before the beginning")
            size = min(size + 4, limit)
            piece = bytes(out[-back:])
            out += (piece * (size // back + 1))[:size]
    except IndexError as error:
        raise Damaged("cut") from error
    return bytes(out[:limit])


def _lz4_size(packed: bytes, at: int, size: int) -> tuple[int, int]:
    if size == 15:
        more = 255
        while more == 255:
            more = packed[at]
            size += more
            at += 1
    return size, at


def _zstd() -> Unpack | None:
    """Python 3.14's own, its backport, the package zstandard, or the library that systemd itself takes."""
    for name in ("compression.zstd", "backports.zstd"):
        find_packages()
        module = _module(name)
        if module is not None:
            return _by_module(module)
    module = _module("zstandard")
    if module is not None:
        return _by_zstandard(module)
    return by_libzstd()


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _by_module(module: Any) -> Unpack:
    options = {module.DecompressionParameter.window_log_max: _MEMORY.bit_length() - 1}

    def unpack(packed: bytes, limit: int) -> bytes:
        try:
            decompressor = module.ZstdDecompressor(options=options)
            return bytes(decompressor.decompress(packed, limit))
        except module.ZstdError as error:
            raise Damaged(str(error)) from error

    return unpack


def _by_zstandard(module: Any) -> Unpack:
    def unpack(packed: bytes, limit: int) -> bytes:
        try:
            decompressor = module.ZstdDecompressor(max_window_size=_MEMORY)
            return bytes(decompressor.stream_reader(BytesIO(packed)).read(limit))
        except module.ZstdError as error:
            raise Damaged(str(error)) from error

    return unpack


class _Buffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer (zstd.h)."""

    _fields_ = (("data", c_void_p), ("size", c_size_t), ("at", c_size_t))


_ZSTD_D_WINDOW_LOG_MAX = 100


def by_libzstd() -> Unpack | None:
    """None if there is no libzstd.so.1."""
    try:
        library = ctypes.CDLL("libzstd.so.1")
        library.ZSTD_createDCtx.restype = c_void_p
        library.ZSTD_DCtx_setParameter.restype = c_size_t
        library.ZSTD_DCtx_setParameter.argtypes = (c_void_p, c_uint, c_uint)
        library.ZSTD_DCtx_reset.restype = c_size_t
        library.ZSTD_DCtx_reset.argtypes = (c_void_p, c_uint)
        library.ZSTD_decompressStream.restype = c_size_t
        library.ZSTD_decompressStream.argtypes = (c_void_p, POINTER(_Buffer), POINTER(_Buffer))
        library.ZSTD_isError.argtypes = (c_size_t,)
    except (OSError, AttributeError):
        return None
    context = library.ZSTD_createDCtx()
    library.ZSTD_DCtx_setParameter(context, _ZSTD_D_WINDOW_LOG_MAX, _MEMORY.bit_length() - 1)

    def unpack(packed: bytes, limit: int) -> bytes:
        library.ZSTD_DCtx_reset(context, 1)
        room = ctypes.create_string_buffer(limit)
        source = ctypes.create_string_buffer(packed, len(packed))
        taken = _Buffer(ctypes.addressof(source), len(packed), 0)
        made = _Buffer(ctypes.addressof(room), limit, 0)
        while made.at < limit:
            before = taken.at, made.at
            left = library.ZSTD_decompressStream(context, byref(made), byref(taken))
            if library.ZSTD_isError(left):
                raise Damaged("no zstd frame")
            if left == 0 or before == (taken.at, made.at):
                break
        return room.raw[: made.at]

    return unpack


_KINDS: dict[int, Callable[[], Unpack | None]] = {
    XZ: _xz,
    LZ4: lambda: lz4,
    ZSTD: lambda: _zstd(),
}
