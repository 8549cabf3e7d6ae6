"""The processes that were there before the bcc program, put into its map of births."""

from __future__ import annotations

import ctypes
from typing import Any

from tracer.host import procfs
from tracer.sources.wire import records as wire

_NOEXIST = 1  # BPF_NOEXIST


def fill_births(births: Any) -> None:
    """Tell the program of the processes that there are already; those it saw being born it keeps."""
    from bcc.libbcc import lib

    key, leaf = births.Key(), births.Leaf()
    for pid in procfs.pids():
        born = procfs.birth_of(pid)
        if born is None:
            continue
        leaf.start, leaf.pid, leaf.ppid, leaf.comm = born.start, pid, born.ppid, born.comm
        leaf.flags = wire.SENDER_KERNEL_THREAD if born.is_kernel_thread else 0
        for tid in procfs.threads(pid) if born.threads > 1 else [pid]:
            key.value = tid
            lib.bpf_update_elem(births.map_fd, ctypes.byref(key), ctypes.byref(leaf), _NOEXIST)
