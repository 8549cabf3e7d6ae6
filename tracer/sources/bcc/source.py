"""The live source for hosts without BTF or libbpf: bpf/sigtrace.bcc.c, compiled on the target by bcc."""

from __future__ import annotations

import atexit
import errno
import mmap
import os
import select
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracer.host import tracefs
from tracer.host.clock import suspended
from tracer.host.from_proc import LivingProcesses
from tracer.host.packages import find_packages
from tracer.host.privileges import require, restriction
from tracer.host.process_connector import Exits
from tracer.model.errors import REFUSED, Problem
from tracer.sources.bcc.births import fill_births
from tracer.sources.bcc.completion import Completion
from tracer.sources.wanted import masks_of, modes_of, sets_of
from tracer.sources.watch import Watch
from tracer.sources.wire.stream import MappedLosses, RecordStream

if TYPE_CHECKING:
    from tracer.host.process_connector import Ended
    from tracer.model.event import Event
    from tracer.sources.wanted import Wanted

NAME = "bcc"
BPF = Path(__file__).parents[2] / "bpf"
PROGRAM = BPF / "sigtrace.bcc.c"
HEADERS = BPF / "bcc-headers"
MMAPABLE = 1 << 10  # BPF_F_MMAPABLE, since v5.5
# For tests: what the kernel would make us use, "ring", "perf", or "perf-unmapped" (before v5.5).
CHOICE = "SIGTRACE_BCC_BUFFER"
INSTALL = "apt-get install python3-bpfcc (dnf install python3-bcc)"
_KINDS = ("ring", "perf", "perf-unmapped")


class BccSource(RecordStream):
    """Attached programs and their buffer, with what /proc and the process connector know besides."""

    def __init__(self, wanted: Wanted) -> None:
        bcc = real_bcc()
        preflight()
        self._module, self._kind = _compiled(bcc, _macros(wanted), wanted.buffer)
        atexit.unregister(self._module.cleanup)
        self._exits = _open_exits() if wanted.deaths else None
        try:
            self._start(wanted)
        except BaseException:
            if self._exits:
                self._exits.close()
            self._module.cleanup()
            raise

    def _start(self, wanted: Wanted) -> None:
        from tracer.sources.bcc.buffer import PerfBuffer, open_ring

        module, is_ring = self._module, self._kind == "ring"
        buffer = open_ring(module, wanted.buffer) if is_ring else PerfBuffer(module, wanted.buffer)
        losses = buffer if isinstance(buffer, PerfBuffer) else MappedLosses(module["losses"].map_fd)
        for name, numbers in sets_of(wanted.filter).items():
            if name != "uids":
                table = module[name]
                for number in numbers:
                    table[table.Key(number)] = table.Leaf(1)
        fill_births(module["births"])
        completion = Completion(watches=self._exits is not None)
        where = "ring buffer" if is_ring else "perf buffer"
        processes = LivingProcesses(details=wanted.details)
        if wanted.names:
            processes.look_at_all()
        watch = Watch(NAME, wanted)
        super().__init__(watch, buffer, losses, processes, completion.complete, where)
        self._targets = completion.targets
        if self._exits:
            self.besides = ((self._exits.fileno(), select.POLLIN),)
        elif wanted.deaths:
            watch.hidden("deaths are not seen: the process connector is out of reach", "deaths")

    def note(self) -> None:
        """The deaths up to now: what they died of is in the buffer already."""
        if not self._exits:
            return
        for ended in self._exits.read():
            self.owe(partial(self._death, ended))
        if self._exits.lost:
            self._exits.lost = 0
            self.owe_loss(None, "process connector")

    def _death(self, ended: Ended) -> Event | None:
        """The end of a process that was sent something; None for any other."""
        start = self._targets.pop(ended.pid, None)
        if start is None:
            return None
        return self._decoder.ended(ended.pid, start, ended.time, ended.status)

    def close(self) -> None:
        if self._exits:
            self._exits.close()
        super().close()
        self._module.cleanup()


def real_bcc() -> Any:
    """The distribution's bcc module. Raises Problem for none, or for PyPI's unrelated package."""
    find_packages()
    try:
        import bcc
    except (ImportError, OSError) as error:
        raise Problem(
            "cannot trace through bcc", f"its Python module cannot be loaded ({error})", INSTALL
        ) from None
    if not hasattr(bcc, "BPF"):
        where = getattr(bcc, "__file__", None) or "?"
        why = f"the module named bcc in {where} is PyPI's, an unrelated package"
        raise Problem("cannot trace through bcc", why, f"pip uninstall bcc; {INSTALL}")
    return bcc


def preflight() -> None:
    """Say what is true before bcc does. Mounts tracefs for this process if the host has not."""
    require("cannot trace through bcc", "CAP_BPF", "CAP_PERFMON")
    if tracefs.place() is None and not (tracefs.mount_for_us() and tracefs.place()):
        raise Problem(
            "cannot trace through bcc",
            "classic tracepoints need tracefs, which is not mounted or not readable here",
            "mount -t tracefs tracefs /sys/kernel/tracing",
        )


def _macros(wanted: Wanted) -> list[str]:
    """What the program is compiled with: see the head of bpf/sigtrace.bcc.c."""
    signals, results = masks_of(wanted.filter)
    modes = modes_of(wanted.filter)
    values = {
        "SIGNALS": f"{signals:#x}ULL",
        "RESULTS": f"{results:#x}",
        "SENDERS": modes["senders"],
        "TARGETS": modes["targets"],
        "EITHER": modes["either"],
        "DESCRIBE": int(wanted.details),
        "REFUSED": int(wanted.refused),
        "PROBES": int(wanted.probes),
        "SET_ROOM": max(1, *map(len, sets_of(wanted.filter).values())),
    }
    return [f"-I{BPF}"] + [f"-D{name}={value}" for name, value in values.items()]


def _kind_macros(kind: str, buffer: int) -> list[str]:
    flags = 0 if kind == "perf-unmapped" else MMAPABLE
    behind = suspended()
    room = (
        f"-DRING_PAGES={buffer // mmap.PAGESIZE}" if kind == "ring" else f"-DBOOT_OFFSET={behind}LL"
    )
    return [room, f"-DLOSSES_FLAGS={flags:#x}"]


def _compiled(bcc: Any, macros: list[str], buffer: int) -> tuple[Any, str]:
    """The program, loaded and attached, with the best buffer that this kernel has."""
    kinds = [os.environ[CHOICE]] if os.environ.get(CHOICE) in _KINDS else _KINDS
    said = ""
    os.environ["BCC_KERNEL_SOURCE"] = str(HEADERS)
    for kind in kinds:
        with Overheard() as overheard:
            try:
                text = PROGRAM.read_text()
                return bcc.BPF(text=text, cflags=macros + _kind_macros(kind, buffer)), kind
            except Exception as error:
                overheard.add(str(error))
        said = said or overheard.text
    what, see = "bcc cannot compile or load its program", "sigtrace -vv for all of it"
    if os.strerror(errno.EPERM) in said:  # bcc keeps errno to itself, and prints it
        why = f"the kernel does not permit BPF here ({restriction()})"
        raise Problem(what, why, see, said, REFUSED)
    why = next((line for line in said.splitlines() if "error:" in line), said.strip()[-200:])
    raise Problem(what, why, see, said)


class Overheard:
    """Collects what clang and libbpf write to standard error by themselves."""

    def __init__(self) -> None:
        self.text = ""

    def __enter__(self) -> Overheard:
        sys.stderr.flush()
        self._kept = os.dup(2)
        self._file = os.memfd_create("bcc", os.MFD_CLOEXEC)
        os.dup2(self._file, 2)
        return self

    def add(self, text: str) -> None:
        os.write(self._file, f"{text}\n".encode(errors="backslashreplace"))

    def __exit__(self, *_: object) -> None:
        os.dup2(self._kept, 2)
        os.close(self._kept)
        os.lseek(self._file, 0, os.SEEK_SET)
        with open(self._file, errors="backslashreplace") as file:
            self.text = file.read()


def _open_exits() -> Exits | None:
    """The process connector, None where it is out of reach: then deaths are not seen."""
    try:
        return Exits()
    except (OSError, Problem):
        return None
