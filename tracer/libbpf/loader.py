"""A BPF program that loads sigtrace's own: libbpf's "light skeleton" (bpf_object__gen_loader(), bpf/libbpf.h).

It hands maps and programs to bpf(2) from within the kernel, which looks the types up in what it has in memory
(bpf_core_apply(), kernel/bpf/btf.c, from v5.17 on), where libbpf reads all 5 MB of them first. ``write_loader``
makes the file when sigtrace is built.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from tracer.libbpf.library import (
    MAP_TYPE_ARRAY,
    PROGRAM_SLEEPABLE,
    PROGRAM_TYPE_SYSCALL,
    MapOptions,
    ProgramOptions,
    RunOptions,
    open_library,
)
from tracer.libbpf.object import LoadError, Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAGIC = b"sigtrace loader 2"
INSTRUCTION = 8  # bytes
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
        self._library = open_library()
        data = self._with_data()
        self._program = self._with_code(data)

    def _with_data(self) -> int:
        """The map that holds the loader's data."""
        library, data = self._library, self._file.data
        options = MapOptions(ctypes.sizeof(MapOptions))
        fd = self._kept(
            library.bpf_map_create(
                MAP_TYPE_ARRAY, b"__loader.map", 4, len(data), 1, ctypes.byref(options)
            )
        )
        self._check(library.bpf_map_update_elem(fd, ctypes.byref(ctypes.c_uint32(0)), data, 0))
        return fd

    def _with_code(self, data: int) -> int:
        """The loader's program."""
        code = self._file.code
        options = ProgramOptions(
            ctypes.sizeof(ProgramOptions),
            prog_flags=PROGRAM_SLEEPABLE,
            fd_array=(ctypes.c_int * 1)(data),
        )
        return self._kept(
            self._library.bpf_prog_load(
                PROGRAM_TYPE_SYSCALL,
                b"__loader.prog",
                b"Dual BSD/GPL",
                code,
                len(code) // INSTRUCTION,
                ctypes.byref(options),
            )
        )

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
            self._library,
            map_fds.__getitem__,
            program_fds.__getitem__,
            lambda: _close([*map_fds.values(), *program_fds.values()]),
            programs,
        )

    def _run(self, context: ctypes.Array[ctypes.c_char]) -> None:
        options = RunOptions(
            ctypes.sizeof(RunOptions),
            ctx_in=ctypes.addressof(context),
            ctx_size_in=ctypes.sizeof(context),
        )
        self._check(self._library.bpf_prog_test_run_opts(self._program, ctypes.byref(options)))
        self._check(options.retval)

    def close(self) -> None:
        """Give the loader itself back."""
        _close(self._fds)
        self._fds = ()

    # Who parses options meanwhile may find a mistake in them.
    __del__ = close

    def _kept(self, fd: int) -> int:
        self._check(fd)
        self._fds = (*self._fds, fd)
        return fd

    def _check(self, status: int) -> None:
        if status < 0:
            self.close()
            raise LoadError(-status, "")


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)
