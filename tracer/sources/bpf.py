"""The live source: the CO-RE object of bpf/, through libbpf, and its ring buffer."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tracer.errors import Problem
from tracer.libbpf.object import LoadError, Object, OpenObject
from tracer.libbpf.ring import open_ring
from tracer.privileges import has_capability, restriction
from tracer.sources import wire
from tracer.sources.stream import MappedLosses, RecordStream
from tracer.sources.wanted import masks_of, modes_of, sets_of

if TYPE_CHECKING:
    from tracer.processes import Processes
    from tracer.sources.wanted import Wanted

NAME = "core"
OBJECT = Path(__file__).parent.parent / "sigtrace.bpf.o"
BTF = Path("/sys/kernel/btf/vmlinux")
PROGRAMS = ("on_signal", "on_oom", "on_exit", "on_exec", "on_free", "on_call")


class BpfSource(RecordStream):
    """Attached programs and their ring; events come out in the order the kernel wrote them."""

    def __init__(self, wanted: Wanted, processes: Processes) -> None:
        preflight()
        programs = ["on_signal", "on_oom"]
        programs += ["on_exit"] if wanted.deaths or wanted.details else []
        programs += ["on_exec", "on_free"] if wanted.details else []
        programs += ["on_call"] if wanted.refused or wanted.probes else []
        config = wire.CONFIG.pack(
            *masks_of(wanted.filter),
            *modes_of(wanted.filter).values(),
            wanted.details,
            wanted.deaths,
            wanted.refused,
            wanted.probes,
        )
        self._object = _load(OBJECT, config, sets_of(wanted.filter), programs, wanted.buffer)
        ring = open_ring(self._object.fd("ring"), wanted.buffer)
        super().__init__(NAME, ring, MappedLosses(self._object.fd("losses")), processes)

    def close(self) -> None:
        super().close()
        self._object.close()


def _load(
    path: Path, config: bytes, sets: dict[str, frozenset[int]], programs: list[str], buffer: int
) -> Object:
    opened = OpenObject(path)
    opened.set_data(".rodata.config", config)
    opened.set_entries("ring", buffer)
    for name, numbers in sets.items():
        opened.set_entries(name, max(1, len(numbers)))
    opened.leave_out(name for name in PROGRAMS if name not in programs)
    try:
        loaded = opened.load()
        for name, numbers in sets.items():
            loaded.fill(name, dict.fromkeys(numbers, 1))
        loaded.attach(programs)
    except LoadError as error:
        raise _refusal(error) from None
    return loaded


def preflight() -> None:
    """Say what is true before libbpf does: without BTF it says ESRCH, without rights "memlock"."""
    if not OBJECT.exists():
        raise Problem("cannot trace", f"the BPF program {OBJECT} is not built", "make build")
    if not BTF.exists():
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
