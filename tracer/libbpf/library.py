"""The functions of libbpf.so.1 that are used, and their prototypes (bpf/libbpf.h, bpf/bpf.h)."""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p

from tracer.model.errors import Problem

SONAME = "libbpf.so.1"

PRINT = ctypes.CFUNCTYPE(c_int, c_int, c_char_p, c_void_p)
SAMPLE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)


class MapOptions(ctypes.Structure):
    """struct bpf_map_create_opts as libbpf 1.0 has it: its size tells later ones."""

    _fields_ = (
        ("sz", c_size_t),
        ("btf_fd", c_uint),
        ("btf_key_type_id", c_uint),
        ("btf_value_type_id", c_uint),
        ("btf_vmlinux_value_type_id", c_uint),
        ("inner_map_fd", c_uint),
        ("map_flags", c_uint),
        ("map_extra", c_uint64),
        ("numa_node", c_uint),
        ("map_ifindex", c_uint),
    )


_PROTOTYPES = {
    "libbpf_major_version": (c_uint,),
    "libbpf_version_string": (c_char_p,),
    "libbpf_set_print": (c_void_p, PRINT),
    "libbpf_strerror": (c_int, c_int, c_char_p, c_size_t),
    "bpf_object__open_file": (c_void_p, c_char_p, c_void_p),
    "bpf_object__find_map_by_name": (c_void_p, c_void_p, c_char_p),
    "bpf_object__find_program_by_name": (c_void_p, c_void_p, c_char_p),
    "bpf_object__load": (c_int, c_void_p),
    "bpf_object__close": (None, c_void_p),
    "bpf_map__set_initial_value": (c_int, c_void_p, c_char_p, c_size_t),
    "bpf_map__set_max_entries": (c_int, c_void_p, c_uint),
    "bpf_map__fd": (c_int, c_void_p),
    "bpf_map__type": (c_int, c_void_p),
    "bpf_map__key_size": (c_uint, c_void_p),
    "bpf_map__value_size": (c_uint, c_void_p),
    "bpf_map__max_entries": (c_uint, c_void_p),
    "bpf_map__map_flags": (c_uint, c_void_p),
    "bpf_map__reuse_fd": (c_int, c_void_p, c_int),
    "bpf_map_create": (c_int, c_int, c_char_p, c_uint, c_uint, c_uint, c_void_p),
    "bpf_program__set_autoload": (c_int, c_void_p, ctypes.c_bool),
    "bpf_program__set_attach_target": (c_int, c_void_p, c_int, c_char_p),
    "bpf_program__fd": (c_int, c_void_p),
    "ring_buffer__new": (c_void_p, c_int, SAMPLE, c_void_p, c_void_p),
    "ring_buffer__consume": (c_int, c_void_p),
    "ring_buffer__free": (None, c_void_p),
    "vsnprintf": (c_int, c_void_p, c_size_t, c_char_p, c_void_p),
}

_FROM_LIBC = ("vsnprintf",)


class NoLibrary(Problem):
    """There is no libbpf 1.x here."""


def open_library() -> ctypes.CDLL:
    """Load libbpf 1.x with every prototype set. Raises NoLibrary."""
    try:
        library = ctypes.CDLL(SONAME, use_errno=True)
    except OSError as error:
        raise NoLibrary(
            "cannot trace through CO-RE",
            f"libbpf 1.0 or later is not installed ({error})",
            "apt-get install libbpf1 (dnf install libbpf), or sigtrace --source bcc",
        ) from None
    libc = ctypes.CDLL(None)
    for name, (result, *arguments) in _PROTOTYPES.items():
        function = getattr(libc if name in _FROM_LIBC else library, name)
        function.restype, function.argtypes = result, arguments
        setattr(library, name, function)
    return library
