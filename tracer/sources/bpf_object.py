"""The CO-RE object of bpf/: opened while options are parsed, loaded while the rest of Python is."""

from __future__ import annotations

import errno
import os

from tracer.errors import Problem
from tracer.libbpf.object import LoadError, OpenObject
from tracer.privileges import has_capability, restriction
from tracer.soon import raiser, soon
from tracer.sources.wanted import CONFIG, masks_of, modes_of, sets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.libbpf.object import Object
    from tracer.sources.wanted import Wanted


def _beside(name: str) -> str:
    return os.path.join(os.path.dirname(os.path.dirname(__file__)), name)


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.replace("-", ".").split(".")[:2]
    return int(major), int(minor)


# Every kernel takes PLAIN. With CASTS (bpf/kernel.h) a kernel is sooner done; should one refuse it, it gets PLAIN.
PLAIN = _beside("sigtrace.bpf.o")
CASTS, CASTS_SINCE = _beside("sigtrace-casts.bpf.o"), (6, 4)
OBJECT = CASTS if _kernel() >= CASTS_SINCE else PLAIN
BTF = "/sys/kernel/btf/vmlinux"
PROGRAMS = ("on_signal", "on_oom", "on_exit", "on_exec", "on_free", "on_call")


def open_object() -> OpenObject:
    """The object as it is, before any option. Raises Problem."""
    preflight()
    return OpenObject(OBJECT)


def begin_to_open() -> Callable[[], OpenObject]:
    """The same, and with the kernel's types read, which goes on beside Python."""
    try:
        opened = open_object()
    except Problem as problem:
        return raiser(problem)
    return soon(lambda: opened.read_types("on_signal", "signal_generate"))


def begin_to_load(opening: Callable[[], OpenObject], wanted: Wanted) -> Callable[[], Object]:
    """The object in the kernel, attached, which goes on beside Python."""
    try:
        opened = _prepared(opening(), wanted)
    except Problem as problem:
        return raiser(problem)
    return soon(lambda: _loaded(opened, wanted))


def _loaded(opened: OpenObject, wanted: Wanted) -> Object:
    try:
        return _attached(opened.load(), wanted)
    except LoadError:
        return _load_listening(wanted)


def _load_listening(wanted: Wanted) -> Object:
    """Once more, as any kernel takes it, and for what libbpf and the verifier say: a start that succeeds has
    no time to listen."""
    try:
        opened = _prepared(OpenObject(PLAIN, listen=True), wanted)
        return _attached(opened.load(), wanted)
    except LoadError as error:
        raise _refusal(error) from None


def _prepared(opened: OpenObject, wanted: Wanted) -> OpenObject:
    opened.set_data(".rodata.config", _config_of(wanted))
    opened.set_entries("ring", wanted.buffer)
    for name, numbers in sets_of(wanted.filter).items():
        opened.set_entries(name, max(1, len(numbers)))
    programs = _programs_of(wanted)
    opened.leave_out(name for name in PROGRAMS if name not in programs)
    return opened


def _attached(loaded: Object, wanted: Wanted) -> Object:
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


def _config_of(wanted: Wanted) -> bytes:
    """struct config of bpf/sigtrace.h."""
    return CONFIG.pack(
        *masks_of(wanted.filter),
        *modes_of(wanted.filter).values(),
        wanted.details,
        wanted.deaths,
        wanted.refused,
        wanted.probes,
    )


def preflight() -> None:
    """Say what is true before libbpf does: without BTF it says ESRCH, without rights "memlock"."""
    if not os.path.exists(OBJECT):
        raise Problem("cannot trace", f"the BPF program {OBJECT} is not built", "make build")
    if not os.path.exists(BTF):
        raise Problem(
            "cannot trace through CO-RE",
            f"this kernel has no BTF ({BTF} is missing)",
            "sigtrace --source bcc, or sigtrace --source audit",
        )
    missing = [name for name in ("CAP_BPF", "CAP_PERFMON") if not has_capability(name)]
    if missing and not has_capability("CAP_SYS_ADMIN"):
        raise Problem(
            "cannot trace through BPF", f"this needs {' and '.join(missing)}", "sudo sigtrace …"
        )


def _refusal(error: LoadError) -> Problem:
    """A refused load or attach in words; the whole of the verifier's log goes to -vv."""
    lines = [line for line in error.log.splitlines() if line.strip()]
    if error.number in (errno.EPERM, errno.EACCES) and not any("R0" in line for line in lines):
        why = f"the kernel does not permit BPF here ({restriction()})"
        return Problem("cannot load the BPF program", why, "sigtrace doctor", error.log)
    why = f"{os.strerror(error.number)}; {lines[-1] if lines else 'the kernel says no more'}"
    return Problem("cannot load the BPF program", why, "sigtrace -vv for the whole log", error.log)
