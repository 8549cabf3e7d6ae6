"""What the kernel log says of an OOM kill: whose limit was hit. See mm/oom_kill.c, dump_oom_victim()."""

from __future__ import annotations

import os
import re

from tracer.event import Oom

# Since Linux commit ef8444ea01d7 ("mm, oom: reorganize the oom report in dump_header") (in v5.0).
_SUMMARY = re.compile(
    rb"oom-kill:constraint=(\w+),.*?(?:,(global_oom)|,oom_memcg=(.*?)),task_memcg=.*,pid=(\d+),uid="
)
_RECORD = 8192  # CONSOLE_EXT_LOG_MAX, kernel/printk/printk.c


class KernelLog:
    """The kernel log from now on; opened before root is given up, for it needs CAP_SYSLOG."""

    def __init__(self) -> None:
        self._kills: dict[int, Oom] = {}
        try:
            self._fd: int | None = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
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
        found = _SUMMARY.search(line)
        if found:
            self._kills[int(found[4])] = Oom("host") if found[2] else Oom("cgroup", found[3])
