"""The CO-RE object of bpf/, opened: what can be done before options are known, and without importing much."""

from __future__ import annotations

import os

from tracer.host.beside import beside
from tracer.host.btf import BTF, knows
from tracer.host.privileges import require
from tracer.libbpf.loader import Loader, LoaderFile
from tracer.libbpf.object import OpenObject
from tracer.model.errors import Problem
from tracer.sources.shape import CONFIG_SECTION, USUAL, Shape, config_of, entries_of
from tracer.sources.soon import soon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Union

    from tracer.libbpf.object import Object

    Opening = Union["LoadBegun", "ObjectBegun", None]


def kernel() -> tuple[int, int]:
    """The version of the running kernel."""
    major, minor = os.uname().release.replace("-", ".").split(".")[:2]
    return int(major), int(minor)


# Every kernel takes OBJECT, through libbpf. One that has what the loaders need (bpf/kernel.bpf.h) is sooner done with
# them, and needs no libbpf; should it refuse one, it gets OBJECT.
OBJECT = beside("sigtrace.bpf.o")
LOADER, LOADER_TWICE = beside("sigtrace.loader"), beside("sigtrace-twice.loader")
# Every program is in it: for calls and commands, which take some milliseconds more of a start.
LOADER_WHOLE = beside("sigtrace-whole.loader")
PARTS = (OBJECT, LOADER, LOADER_TWICE, LOADER_WHOLE)


def has_what_loaders_need() -> bool:
    """bpf_rdonly_cast(), and with it (it is younger) types looked up in the kernel.

    To ask takes 4 ms, which is what a start has least of: v6.4 and later have it, and only of an older kernel, into
    which its vendor may have taken it, is it asked. One that has it and refuses a loader gets OBJECT.
    """
    return kernel() >= (6, 4) or knows("bpf_rdonly_cast")


def preempts() -> bool:
    """Whether the kernel may preempt a program: v7.2 does, v6.18 does not (seen by their recursion_misses).

    Only the version tells: what has changed is how tracepoints call programs, which leaves no name, no file and no
    option to ask for. Where it tells wrong, nothing is lost silently: programs attached twice where once would do
    only cost time, and the kernel counts those that it has left out (left_out.py).
    """
    return kernel() >= (7, 0)


def needs_library() -> bool:
    """Whether nothing goes without libbpf: the loaders, or the order of loads in which Python reads a ring."""
    # Of a start, this is in the way of what is begun before all else.
    from tracer.libbpf.ring import ORDERED

    served = has_what_loaders_need() and loader_file(loader_of(USUAL)) is not None
    return not served or os.uname().machine not in ORDERED


def loader_of(shape: Shape) -> str:
    """The loader that has the programs of this shape."""
    if shape.refused or shape.probes or shape.exits or shape.commands:
        return LOADER_WHOLE
    return LOADER_TWICE if preempts() else LOADER


def loader_file(path: str) -> LoaderFile | None:
    """A loader, where the file is one."""
    try:
        with open(path, "rb") as file:
            return LoaderFile(file.read())
    except (OSError, ValueError):
        return None


def load_by_loader(shape: Shape) -> Object | None:
    """The object, without libbpf's way; None where its loader is not there. Raises LoadError."""
    file = loader_file(loader_of(shape))
    if file is None:
        return None
    return Loader(file).run(entries_of(shape), {CONFIG_SECTION: config_of(shape, twice=preempts())})


class LoadBegun:
    """The object on its way into the kernel, in this shape: ``loaded`` waits for it. Raises LoadError."""

    def __init__(self, shape: Shape, loaded: Callable[[], Object | None]) -> None:
        self.shape = shape
        self.loaded = loaded


class ObjectBegun:
    """The object, while libbpf reads the kernel's types for it: ``wait`` waits for the end of that."""

    def __init__(self, opened: OpenObject, wait: Callable[[], object]) -> None:
        self.opened = opened
        self.wait = wait


def begin_to_open(differs: Mapping[str, bool] | None) -> Opening:
    """What can be done before options are known, and goes on beside Python. Raises Problem.

    ``differs``: what of the usual shape it looks as if the options changed; that may be wrong, and costs time then. None:
    nobody knows.
    """
    preflight()
    if not has_what_loaders_need():
        return begin_with_object()
    if differs is None:
        return None
    shape = Shape(**differs)
    return LoadBegun(shape, soon(lambda: load_by_loader(shape)))


def begin_with_object() -> ObjectBegun:
    """Libbpf's way, which every kernel takes. Raises Problem."""
    opened = OpenObject(OBJECT)
    return ObjectBegun(opened, soon(lambda: opened.read_types("on_signal", "signal_generate")))


def preflight() -> None:
    """Say what is true before libbpf does: without BTF it says ESRCH, without rights "memlock"."""
    if not os.path.exists(OBJECT):
        raise Problem(
            "cannot trace",
            f"the BPF program {OBJECT} is not built",
            "make build (or reinstall sigtrace)",
        )
    if not os.path.exists(BTF):
        raise Problem(
            "cannot trace through CO-RE",
            f"this kernel has no BTF ({BTF} is missing)",
            "sigtrace --source bcc, or sigtrace --source audit",
        )
    require("cannot trace through BPF", "CAP_BPF", "CAP_PERFMON")
