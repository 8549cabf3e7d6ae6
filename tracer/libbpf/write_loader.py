"""Make a loader from a BPF object, when sigtrace is built: write_loader OBJECT TARGET [PROGRAM LEFT OUT].

Where there is no libbpf 1.0, nor another way to make one, the file is empty: then libbpf's way is taken.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator

from tracer.libbpf.library import open_library
from tracer.libbpf.loader import MAGIC
from tracer.libbpf.lookups import grouped
from tracer.model.errors import Problem

_PROTOTYPES = {
    "bpf_object__gen_loader": (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    "bpf_object__next_map": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    "bpf_object__next_program": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    "bpf_map__name": (ctypes.c_char_p, ctypes.c_void_p),
    "bpf_program__name": (ctypes.c_char_p, ctypes.c_void_p),
    "bpf_program__section_name": (ctypes.c_char_p, ctypes.c_void_p),
    "bpf_program__autoload": (ctypes.c_bool, ctypes.c_void_p),
}


class LoaderOptions(ctypes.Structure):
    """struct gen_loader_opts as libbpf 1.0 has it."""

    _fields_ = (
        ("sz", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("insns", ctypes.c_void_p),
        ("data_sz", ctypes.c_uint32),
        ("insns_sz", ctypes.c_uint32),
    )


def loader_of(path: str, left_out: list[str]) -> bytes:
    """The content of a loader's file. Raises Problem where there is no libbpf, or it refuses."""
    library = open_library()
    for name, (result, *arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    handle = library.bpf_object__open_file(os.fsencode(path), None)
    if not handle:
        raise Problem(
            "cannot make a loader", f"{path} is no BPF object", "make clean, and make again"
        )
    for name in left_out:
        program = library.bpf_object__find_program_by_name(handle, name.encode())
        if not program:
            raise Problem("cannot make a loader", f"{path} has no program {name}", "make clean")
        library.bpf_program__set_autoload(program, False)
    options = LoaderOptions(ctypes.sizeof(LoaderOptions))
    status = library.bpf_object__gen_loader(handle, ctypes.byref(options))
    status = status or library.bpf_object__load(handle)
    if status:
        raise Problem("cannot make a loader", os.strerror(-status), "another libbpf")
    data = ctypes.string_at(options.data, options.data_sz)
    code = ctypes.string_at(options.insns, options.insns_sz)
    maps = b" ".join(
        b"%s:%d" % (library.bpf_map__name(it), library.bpf_map__value_size(it))
        for it in _each(library.bpf_object__next_map, handle)
    )
    loaded = {
        library.bpf_program__name(it): _tracepoint(library.bpf_program__section_name(it))
        for it in _each(library.bpf_object__next_program, handle)
        if library.bpf_program__autoload(it)
    }
    programs = b" ".join(b"%s:%s" % pair for pair in loaded.items())
    data = grouped(data, loaded)
    sizes = b"%d %d" % (len(data), len(code))
    return b"\n".join((MAGIC, sizes, maps, programs, data + code))


def _tracepoint(section: bytes) -> bytes:
    """The tracepoint that a program has to be attached to by its name."""
    return section.partition(b"raw_tp/")[2]


def _each(following: ctypes._NamedFuncPointer, handle: int) -> Iterator[int]:
    it = following(handle, None)
    while it:
        yield it
        it = following(handle, it)


def main(words: list[str]) -> None:
    """Write the file that is asked for."""
    path, target, *left_out = words
    try:
        content = loader_of(path, left_out)
    except Problem as problem:
        sys.stderr.write(
            f"{target} is empty, a start takes libbpf's way: {problem.what}: {problem.why}\n"
        )
        content = b""
    with open(target, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main(sys.argv[1:])
