"""The CO-RE object of bpf/, loaded as it is wanted."""

from __future__ import annotations

import errno
import os

from tracer.errors import Problem
from tracer.libbpf.loader import Loader
from tracer.libbpf.object import LoadError, OpenObject
from tracer.privileges import restriction
from tracer.soon import raiser, soon
from tracer.sources.bpf_object import (
    LOADER_WITH_CALLS,
    OBJECT,
    LoaderBegun,
    ObjectBegun,
    begin_to_open,
    loader_file,
)
from tracer.sources.wanted import CONFIG, masks_of, modes_of, sets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.libbpf.object import Object
    from tracer.sources.bpf_object import Opening
    from tracer.sources.wanted import Wanted

PROGRAMS = ("on_signal", "on_oom", "on_exit", "on_exec", "on_free", "on_call")
# Maps that take the kernel time to make.
BIG_MAPS = ("ring", "seen", "argvs")
_CONFIG = ".rodata.config"


def begin_to_load(opening: Opening | None, wanted: Wanted) -> Callable[[], Object]:
    """The object in the kernel, attached, which goes on beside Python; ``opening`` if that was begun with."""
    try:
        begun = opening or begin_to_open()
        if isinstance(begun, ObjectBegun):
            prepared(begun.opened, wanted)
            for name in BIG_MAPS:
                begun.opened.make_map(name)
            begun.wait()
    except Problem as problem:
        return raiser(problem)
    return soon(lambda: _loaded(begun, wanted))


def give_up(loading: Callable[[], Object]) -> None:
    """Close what was begun with: the trace cannot start."""
    try:
        loading().close()
    except Problem:
        pass


def _loaded(begun: Opening, wanted: Wanted) -> Object:
    try:
        if isinstance(begun, ObjectBegun):
            return attached(begun.opened.load(), wanted)
        return attached(run_loader(begun, wanted), wanted)
    except LoadError:
        return _load_listening(wanted)


def run_loader(begun: LoaderBegun, wanted: Wanted) -> Object:
    """The object, loaded by the loader that has the programs which are wanted. Raises LoadError."""
    loader = begun.loader()
    if "on_call" in _programs_of(wanted):
        file = loader_file(LOADER_WITH_CALLS)
        if file is None:
            raise LoadError(errno.ENOENT, LOADER_WITH_CALLS)
        loader = Loader(file)
    return loader.run(entries_of(wanted), {_CONFIG: config_of(wanted)})


def _load_listening(wanted: Wanted) -> Object:
    """Once more, as any kernel takes it, and for what libbpf and the verifier say: a start that succeeds has
    no time to listen."""
    try:
        opened = prepared(OpenObject(OBJECT, listen=True), wanted)
        return attached(opened.load(), wanted)
    except LoadError as error:
        raise _refusal(error) from None


def prepared(opened: OpenObject, wanted: Wanted) -> OpenObject:
    opened.set_data(_CONFIG, config_of(wanted))
    for name, entries in entries_of(wanted).items():
        opened.set_entries(name, entries)
    programs = _programs_of(wanted)
    opened.leave_out(name for name in PROGRAMS if name not in programs)
    return opened


def entries_of(wanted: Wanted) -> dict[str, int]:
    """Maps that have the size that is asked for."""
    sets = sets_of(wanted.filter).items()
    return {"ring": wanted.buffer, **{name: max(1, len(numbers)) for name, numbers in sets}}


def attached(loaded: Object, wanted: Wanted) -> Object:
    try:
        for name, numbers in sets_of(wanted.filter).items():
            loaded.fill(name, dict.fromkeys(numbers, 1))
        loaded.attach(_programs_of(wanted))
    except LoadError:
        loaded.close()
        raise
    return loaded


def _programs_of(wanted: Wanted) -> list[str]:
    programs = ["on_signal", "on_oom"]
    programs += ["on_exit"] if wanted.deaths or wanted.details else []
    programs += ["on_exec", "on_free"] if wanted.details else []
    programs += ["on_call"] if wanted.refused or wanted.probes else []
    return programs


def config_of(wanted: Wanted) -> bytes:
    """struct config of bpf/sigtrace.h."""
    return CONFIG.pack(
        *masks_of(wanted.filter),
        *modes_of(wanted.filter).values(),
        wanted.details,
        wanted.deaths,
        wanted.refused,
        wanted.probes,
    )


def _refusal(error: LoadError) -> Problem:
    """A refused load or attach in words; the whole of the verifier's log goes to -vv."""
    lines = [line for line in error.log.splitlines() if line.strip()]
    if error.number in (errno.EPERM, errno.EACCES) and not any("R0" in line for line in lines):
        why = f"the kernel does not permit BPF here ({restriction()})"
        return Problem("cannot load the BPF program", why, "sigtrace doctor", error.log)
    why = f"{os.strerror(error.number)}; {lines[-1] if lines else 'the kernel says no more'}"
    return Problem("cannot load the BPF program", why, "sigtrace -vv for the whole log", error.log)
