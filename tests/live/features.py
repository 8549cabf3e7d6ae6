"""What newer kernels have: a name, the first kernel with it, and how to ask this kernel for it."""

from __future__ import annotations

import ctypes
import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

KERNEL = tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])


class Feature(NamedTuple):
    """``probe`` None: this kernel's number alone decides."""

    first: tuple[int, int]
    probe: Callable[[], bool] | None = None

    def is_here(self):
        return self.probe() if self.probe else self.first <= KERNEL


def _has_call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(number, *arguments) >= 0 or ctypes.get_errno() != errno.ENOSYS


FEATURES = {
    "pidfd_send_signal": Feature((5, 1), lambda: _has_call(424, -1, 0, 0, 0)),
    "pidfd_open": Feature((5, 3), lambda: _has_call(434, -1, 0)),
    "BTF": Feature((5, 2), lambda: Path("/sys/kernel/btf/vmlinux").exists()),
    "cgroup.freeze": Feature((5, 2)),
    "cgroup.kill": Feature((5, 14)),
    # bpf_task_pt_regs(); on x86-64 bpf/syscall.bpf.h finds the registers without it.
    "the sender's call": Feature((5, 8) if os.uname().machine == "x86_64" else (5, 15)),
    # SECCOMP_RET_KILL_PROCESS: __seccomp_filter() of 5.10 ends the process itself and sends no signal, that
    # of 5.15 calls force_sig_seccomp().
    "the signal of seccomp": Feature((5, 15)),
    # prepare_signal(), kernel/signal.c: 5.10 goes on for a process that is dying, 6.1 drops the signal.
    "a zombie ignores signals": Feature((6, 1)),
    # What loads the BPF programs without libbpf asks for it: sigtrace's own word is no excuse.
    "bpf_rdonly_cast": Feature((6, 4)),
    # PIDFD_SIGNAL_PROCESS_GROUP
    "process groups by a pidfd": Feature((6, 9)),
}


def knows(name):
    """Whether this kernel has a feature, for assertions that are looser on an older one."""
    return FEATURES[name].is_here()
