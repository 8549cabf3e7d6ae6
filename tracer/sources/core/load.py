"""The CO-RE object of bpf/, loaded as it is wanted."""

from __future__ import annotations

import errno
import os

from tracer.host.privileges import restriction
from tracer.libbpf.library import NoLibrary
from tracer.libbpf.object import LoadError, OpenObject
from tracer.model.errors import REFUSED, Problem
from tracer.sources.core.opening import (
    OBJECT,
    ObjectBegun,
    begin_to_open,
    load_by_loader,
    preempts,
)
from tracer.sources.shape import (
    AGAIN,
    CONFIG_SECTION,
    PROGRAMS,
    TWICE,
    config_of,
    entries_of,
    programs_of,
)
from tracer.sources.soon import raiser, soon
from tracer.sources.wanted import filter_of, sets_of, shape_of
from tracer.sources.wire.records import COMM_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.libbpf.object import Object
    from tracer.sources.core.opening import Opening
    from tracer.sources.shape import Shape
    from tracer.sources.wanted import Wanted

# Maps that take the kernel time to make.
BIG_MAPS = ("ring", "seen", "argvs", "long_argvs")


def begin_to_load(opening: Opening, wanted: Wanted) -> Callable[[], Object]:
    """The object in the kernel, attached, which goes on beside Python; ``opening`` if that was begun with."""
    try:
        begun = opening or begin_to_open(None)
        if isinstance(begun, ObjectBegun):
            prepared(begun.opened, shape_of(wanted))
            for name in BIG_MAPS:
                begun.opened.make_map(name)
            begun.wait()
    except Problem as problem:
        return raiser(problem)
    return soon(lambda: attached(_loaded(begun, wanted), wanted))


def give_up(loading: Callable[[], Object]) -> None:
    """Close what was begun with: the trace cannot start."""
    try:
        loading().close()
    except Problem:
        pass


def _loaded(begun: Opening, wanted: Wanted) -> Object:
    shape = shape_of(wanted)
    refused = None
    try:
        if isinstance(begun, ObjectBegun):
            return begun.opened.load()
        loaded = begun.loaded() if begun else None
        if loaded and begun and not begun.shape.serves(shape):
            loaded.close()
            loaded = None
        loaded = loaded or load_by_loader(shape)
    except LoadError as error:
        loaded, refused = None, error
    try:
        return loaded or _load_listening(shape)
    except NoLibrary:
        if refused:
            raise _refusal(refused) from None
        raise


def _load_listening(shape: Shape) -> Object:
    """As any kernel takes it, and for what libbpf and the verifier say: a start that succeeds has no time to
    listen."""
    try:
        return prepared(OpenObject(OBJECT, listen=True), shape).load()
    except LoadError as error:
        raise _refusal(error) from None


def prepared(opened: OpenObject, shape: Shape) -> OpenObject:
    opened.set_data(CONFIG_SECTION, config_of(shape, twice=preempts()))
    for name, entries in entries_of(shape).items():
        opened.set_entries(name, entries)
    programs = programs_of(shape, twice=preempts())
    every = (*PROGRAMS, *(name + AGAIN for name in TWICE))
    opened.leave_out(name for name in every if name not in programs)
    return opened


def attached(loaded: Object, wanted: Wanted) -> Object:
    try:
        loaded.put(".data.filter", 0, filter_of(wanted))
        for name, numbers in sets_of(wanted.filter).items():
            for number in numbers:
                loaded.put(name, number, b"\1")
        for command in wanted.commands:
            loaded.put("commands", command[: COMM_SIZE - 1].ljust(COMM_SIZE, b"\0"), b"\1")
        loaded.attach(programs_of(shape_of(wanted), twice=preempts()))
    except LoadError as error:
        loaded.close()
        raise _refusal(error) from None
    return loaded


def _refusal(error: LoadError) -> Problem:
    """A refused load or attach in words; the whole of the verifier's log goes to -vv."""
    lines = [line for line in error.log.splitlines() if line.strip()]
    if error.number in (errno.EPERM, errno.EACCES) and not any("R0" in line for line in lines):
        why = f"the kernel does not permit BPF here ({restriction()})"
        return Problem("cannot load the BPF program", why, "sigtrace doctor", error.log, REFUSED)
    why = f"{os.strerror(error.number)}; {lines[-1] if lines else 'the kernel says no more'}"
    return Problem("cannot load the BPF program", why, "sigtrace -vv for the whole log", error.log)
