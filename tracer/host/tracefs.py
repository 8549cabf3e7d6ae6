"""tracefs, which the classic tracepoints need: found where it is mounted, or mounted for us alone."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

PLACES = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
_EVENT = "events/signal/signal_generate/format"
# include/uapi/linux/sched.h, include/uapi/linux/mount.h
_CLONE_NEWNS = 0x00020000
_MS_REC, _MS_SLAVE = 1 << 14, 1 << 19


def place() -> Path | None:
    """Where tracefs is, None if it is nowhere or may not be read."""
    return next((one for one in PLACES if os.access(one / _EVENT, os.R_OK)), None)


def mount_for_us() -> bool:
    """Mount tracefs in a mount namespace of our own, which ends with this process; False if refused.

    The host sees nothing of it; what the host mounts later is still seen here (MS_SLAVE).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    return not (
        libc.unshare(_CLONE_NEWNS)
        or libc.mount(None, b"/", None, _MS_REC | _MS_SLAVE, None)
        or libc.mount(b"tracefs", bytes(PLACES[0]), b"tracefs", 0, None)
    )


def can_be_mounted() -> bool:
    """Whether ``mount_for_us`` would do, tried in a child: a chroot whose / is no mount point refuses it (EINVAL:
    do_change_type(), fs/namespace.c), and so does a filter of system calls."""
    child = os.fork()
    if not child:
        done = 1
        try:
            done = 0 if mount_for_us() and place() else 1
        finally:
            os._exit(done)
    _, status = os.waitpid(child, 0)
    return status == 0
