"""A BPF program that loads sigtrace's own: libbpf's "light skeleton" (bpf_object__gen_loader(), bpf/libbpf.h).

It hands maps and programs to bpf(2) from within the kernel, which looks the types up in what it has in memory
(bpf_core_apply(), kernel/bpf/btf.c, from v5.17 on), where libbpf reads all 5 MB of them first; and libbpf is not
needed. ``write_loader`` makes the file when sigtrace is built.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from tracer.libbpf.calls import (
    MAP_TYPE_ARRAY,
    PROGRAM_SLEEPABLE,
    PROGRAM_TYPE_SYSCALL,
    create_map,
    load_program,
    run_program,
    update_map,
)
from tracer.libbpf.object import LoadError, Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAGIC = b"sigtrace loader 2"
# struct bpf_loader_ctx, bpf_map_desc and bpf_prog_desc of bpf/skel_internal.h, one after the other.
_HEAD = struct.Struct("=IIIIQ")
_MAP = struct.Struct("=iIQ")
_PROGRAM = struct.Struct("=i")


class LoaderFile:
    """What a file holds: the loader's program, its data, and the maps (with the bytes of a value) and programs
    (with their tracepoints, where they do not know them) that it makes, in its order. Raises ValueError if that
    is not what the file holds."""

    def __init__(self, content: bytes) -> None:
        magic, sizes, maps, programs, rest = content.split(b"\n", 4)
        data_size, code_size = map(int, sizes.split())
        if magic != MAGIC or len(rest) != data_size + code_size:
            raise ValueError("no loader, or not all of it")
        self.data, self.code = rest[:data_size], rest[data_size:]
        pairs = (word.rpartition(":") for word in maps.decode().split())
        self.maps = {name: int(size) for name, _, size in pairs}
        self.programs = dict(word.split(":") for word in programs.decode().split())


class Loader:
    """The loader in the kernel, not run yet. Raises LoadError."""

    _fds: tuple[int, ...] = ()

    def __init__(self, file: LoaderFile) -> None:
        self._file = file
        try:
            data = self._kept(create_map(MAP_TYPE_ARRAY, b"__loader.map", 4, len(file.data), 1))
            update_map(data, bytes(4), file.data)
            self._program = self._kept(
                load_program(
                    PROGRAM_TYPE_SYSCALL, b"__loader.prog", file.code, PROGRAM_SLEEPABLE, [data]
                )
            )
        except OSError as error:
            raise self._refused(error.errno) from None

    def run(self, entries: Mapping[str, int], data: Mapping[str, bytes]) -> Object:
        """Load the programs, with other sizes of some maps, and with the values of data sections.

        Raises LoadError; nothing is left in the kernel then.
        """
        maps, programs = self._file.maps, self._file.programs
        for name, value in data.items():
            if maps.get(name) != len(value):
                raise LoadError(errno.EINVAL, f"{name} has not the {len(value)} bytes of its value")
        values = {name: ctypes.create_string_buffer(value) for name, value in data.items()}
        size = _HEAD.size + len(maps) * _MAP.size + len(programs) * _PROGRAM.size
        words = [_HEAD.pack(size, 0, 0, 0, 0)]
        for name in maps:
            address = ctypes.addressof(values[name]) if name in values else 0
            words.append(_MAP.pack(0, entries.get(name, 0), address))
        context = ctypes.create_string_buffer(b"".join(words), size)
        self._run(context)
        self.close()
        end = _HEAD.size + len(maps) * _MAP.size
        made = _MAP.iter_unpack(context.raw[_HEAD.size : end])
        map_fds = dict(zip(maps, (fd for fd, *_ in made)))
        loaded = _PROGRAM.iter_unpack(context.raw[end:])
        program_fds = dict(zip(programs, (fd for (fd,) in loaded)))
        return Object(
            map_fds.__getitem__,
            program_fds.__getitem__,
            lambda: _close([*map_fds.values(), *program_fds.values()]),
            programs,
        )

    def _run(self, context: ctypes.Array[ctypes.c_char]) -> None:
        try:
            status = run_program(self._program, context)
        except OSError as error:
            raise self._refused(error.errno) from None
        if status < 0:
            raise self._refused(-status)

    def close(self) -> None:
        """Give the loader itself back."""
        _close(self._fds)
        self._fds = ()

    # Who parses options meanwhile may find a mistake in them.
    __del__ = close

    def _kept(self, fd: int) -> int:
        self._fds = (*self._fds, fd)
        return fd

    def _refused(self, number: int | None) -> LoadError:
        self.close()
        return LoadError(number or 0, "")


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)
