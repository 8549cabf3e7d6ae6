"""A BPF object in its two phases: what may be changed before load, and what runs after it."""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from tracer.libbpf.calls import open_tracepoint, update_map
from tracer.libbpf.library import PRINT, MapOptions, open_library
from tracer.model.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Log:
    """Collects what libbpf and the verifier say, if it listens; shown when something fails, with -vv.

    Each line is a call from libbpf into Python, hundreds for a load: they would wait for Python's lock.
    """

    def __init__(self, library: ctypes.CDLL, *, listen: bool) -> None:
        self._lines: list[bytes] = []
        self._library = library
        self._callback = PRINT(self._take) if listen else PRINT()
        library.libbpf_set_print(self._callback)

    def _take(self, _level: int, form: bytes, arguments: int) -> int:
        buffer = ctypes.create_string_buffer(1 << 16)
        self._library.vsnprintf(buffer, len(buffer), form, arguments)
        self._lines.append(buffer.value)
        return 0

    def text(self) -> str:
        return b"".join(self._lines).decode(errors="backslashreplace")


class OpenObject:
    """An object file that is parsed but not loaded: its configuration and sizes may be set."""

    _handle: int | None = None

    def __init__(self, path: str, *, listen: bool = False) -> None:
        self._library = open_library()
        self.log = Log(self._library, listen=listen)
        self._handle = self._library.bpf_object__open_file(os.fsencode(path), None)
        if not self._handle:
            raise Problem(
                "cannot open the BPF program",
                f"{path}: {self._words_of(ctypes.get_errno())}",
                "make build (or reinstall sigtrace)",
                self.log.text(),
            )

    def _words_of(self, number: int) -> str:
        """An errno, or one of the numbers that libbpf has beyond them: enum libbpf_errno."""
        words = ctypes.create_string_buffer(256)
        self._library.libbpf_strerror(number, words, len(words))
        return words.value.decode(errors="backslashreplace")

    def set_data(self, section: str, data: bytes) -> None:
        """Write the initial value of a data section such as .rodata.config."""
        status = self._library.bpf_map__set_initial_value(self._map(section), data, len(data))
        if status:
            raise Problem(
                "the BPF program is not of this version of sigtrace",
                f"its section {section} has not the {len(data)} bytes that are written to it",
                "make build (or reinstall sigtrace)",
            )

    def set_entries(self, name: str, entries: int) -> None:
        self._library.bpf_map__set_max_entries(self._map(name), entries)

    def make_map(self, name: str) -> None:
        """Make a map before ``load``, which otherwise does it; and does if this fails."""
        library, it = self._library, self._map(name)
        options = MapOptions(ctypes.sizeof(MapOptions), map_flags=library.bpf_map__map_flags(it))
        fd = library.bpf_map_create(
            library.bpf_map__type(it),
            name.encode(),
            library.bpf_map__key_size(it),
            library.bpf_map__value_size(it),
            library.bpf_map__max_entries(it),
            ctypes.byref(options),
        )
        if fd >= 0:
            library.bpf_map__reuse_fd(it, fd)
            os.close(fd)

    def leave_out(self, programs: Iterable[str]) -> None:
        for name in programs:
            self._library.bpf_program__set_autoload(self._program(name), False)

    def read_types(self, program: str, tracepoint: str) -> OpenObject:
        """Look the tracepoint of a program up, for which libbpf reads the types of the kernel: half of what
        ``load`` has to do. What fails here fails there again, and is told then."""
        set_target = self._library.bpf_program__set_attach_target
        set_target(self._program(program), 0, tracepoint.encode())
        return self

    def load(self) -> Object:
        """Hand maps and programs to the kernel. Raises LoadError; the object is gone either way."""
        library = self._library
        status = library.bpf_object__load(self._handle)
        if status:
            self.close()
            raise LoadError(-status, self.log.text())
        return Object(
            lambda name: int(library.bpf_map__fd(self._map(name))),
            lambda name: int(library.bpf_program__fd(self._program(name))),
            self.close,
            {},
            self.log.text(),
        )

    def close(self) -> None:
        if self._handle:
            self._library.bpf_object__close(self._handle)
            self._handle = None

    # Who parses options meanwhile may find a mistake in them.
    __del__ = close

    def _map(self, name: str) -> int:
        return _found(self._library.bpf_object__find_map_by_name(self._handle, name.encode()), name)

    def _program(self, name: str) -> int:
        find = self._library.bpf_object__find_program_by_name
        return _found(find(self._handle, name.encode()), name)


class LoadError(Exception):
    """The kernel refused the object: an errno, and what libbpf and the verifier said."""

    def __init__(self, number: int, log: str) -> None:
        super().__init__(errno.errorcode.get(number, str(number)), log)
        self.number = number
        self.log = log


class Object:
    """A loaded object. Closing it, or the end of the process, detaches and frees everything.

    Maps and programs are found by name; ``release`` closes them. ``tracepoints``: of programs that do not know
    theirs.
    """

    def __init__(
        self,
        map_fd: Callable[[str], int],
        program_fd: Callable[[str], int],
        release: Callable[[], None],
        tracepoints: Mapping[str, str],
        log: str = "",
    ) -> None:
        self.fd = map_fd
        self.program_fd = program_fd
        self._release = release
        self._log = log
        self._tracepoints = tracepoints
        self._links: list[int] = []

    def put(self, map_name: str, key: int | bytes, value: bytes) -> None:
        """Put a value into a map whose keys are u32 or texts of one size, or into a data section, whose key is 0."""
        cell = key.to_bytes(4, sys.byteorder) if isinstance(key, int) else key
        try:
            update_map(self.fd(map_name), cell, value)
        except OSError as error:
            raise LoadError(error.errno or 0, self._log) from None

    def attach(self, programs: Iterable[str]) -> None:
        """Attach programs by name. Raises LoadError naming the errno of the first that fails.

        A program of a tracepoint with types knows its tracepoint, and its name must not be told:
        bpf_raw_tp_link_attach(), kernel/bpf/syscall.c.
        """
        for name in programs:
            tracepoint = self._tracepoints.get(name, "").encode()
            try:
                self._links.append(open_tracepoint(tracepoint, self.program_fd(name)))
            except OSError as error:
                raise LoadError(error.errno or 0, self._log) from None

    def detach(self) -> None:
        for link in self._links:
            os.close(link)
        self._links.clear()

    def close(self) -> None:
        self.detach()
        release, self._release = self._release, lambda: None
        release()

    # What was loaded before options are known may be wanted by nobody.
    __del__ = close


def _found(pointer: int | None, name: str) -> int:
    if pointer:
        return pointer
    raise Problem(
        "the BPF program is not of this version of sigtrace",
        f"it has no part named {name}",
        "make build (or reinstall sigtrace)",
    )
