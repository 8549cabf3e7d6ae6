"""The kernel log: its ring, and what it says of an OOM kill (mm/oom_kill.c, dump_oom_victim())."""

from __future__ import annotations

import os

from tracer.model.event import Oom

DEVICE = "/dev/kmsg"
_READ_ALL, _SIZE_BUFFER = 3, 10  # SYSLOG_ACTION_READ_ALL and SYSLOG_ACTION_SIZE_BUFFER, syslog(2)
_RECORD = 8192  # CONSOLE_EXT_LOG_MAX, kernel/printk/printk.c


def open_ring() -> int | bytes:
    """A descriptor of /dev/kmsg at its first record, or syslog(2)'s copy of the ring. Raises OSError."""
    try:
        return os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return _copy()


def _copy() -> bytes:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(max(1, libc.klogctl(_SIZE_BUFFER, None, 0)))
    size = libc.klogctl(_READ_ALL, buffer, len(buffer))
    if size < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw[:size]


class KernelLog:
    """The kernel log from now on; opened before root is given up, for it needs CAP_SYSLOG."""

    def __init__(self) -> None:
        self._kills: dict[int, Oom] = {}
        try:
            self._fd: int | None = os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:
            self._fd = None

    def oom_of(self, pid: int) -> Oom:
        """Why the OOM killer killed this victim; the line is written before the signal is sent."""
        self._read()
        return self._kills.pop(pid, Oom())

    def _read(self) -> None:
        while self._fd is not None:
            try:
                self._take(os.read(self._fd, _RECORD))
            except BrokenPipeError:
                continue  # Some lines were overwritten before they were read: printk(9).
            except OSError:
                return

    def _take(self, line: bytes) -> None:
        # Since Linux commit ef8444ea01d7 ("mm, oom: reorganize the oom report in dump_header") (in v5.0):
        # oom-kill:constraint=…,nodemask=…,…,oom_memcg=PATH,task_memcg=PATH,task=COMM,pid=N,uid=N
        report, _, victim = line.partition(b"oom-kill:constraint=")[2].partition(b",task_memcg=")
        pid = victim.rpartition(b",uid=")[0].rpartition(b",pid=")[2]
        _, limited, cgroup = report.partition(b",oom_memcg=")
        if pid.isdigit() and limited:
            self._kills[int(pid)] = Oom("cgroup", cgroup)
        elif pid.isdigit() and report.endswith(b",global_oom"):
            self._kills[int(pid)] = Oom("host")
