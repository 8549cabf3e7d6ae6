"""The CO-RE object of bpf/, opened: what can be done before options are known, and without importing much."""

from __future__ import annotations

import os

from tracer.errors import Problem
from tracer.libbpf.object import OpenObject
from tracer.privileges import has_capability
from tracer.soon import soon


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


def open_object() -> OpenObject:
    """The object as it is, before any option. Raises Problem."""
    preflight()
    return OpenObject(OBJECT)


class Opening:
    """The object, while libbpf reads the kernel's types, which goes on beside Python. Raises Problem."""

    def __init__(self) -> None:
        self.opened = open_object()
        self._reading = soon(lambda: self.opened.read_types("on_signal", "signal_generate"))

    def wait(self) -> None:
        """Until the types are read."""
        self._reading()


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
