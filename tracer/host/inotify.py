"""Learns that something in a folder has changed: inotify(7)."""

from __future__ import annotations

import ctypes
import os

# include/uapi/linux/inotify.h. What is written through mmap(2) is not seen: journald truncates its file to the size
# that it has, which is a modification, after each entry.
_MODIFY, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x80, 0x100, 0x200
_MASK = _MODIFY | _MOVED_TO | _CREATE | _DELETE
_BUFFER = 1 << 16


class Inotify:
    """``fd`` can be read when there is something; None where the kernel has no more of them to give."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.fd: int | None = fd if fd >= 0 else None

    def watch(self, folder: str) -> bool:
        """Whether the folder is watched from now on; a second time changes nothing."""
        if self.fd is None:
            return False
        added: int = self._libc.inotify_add_watch(self.fd, os.fsencode(folder), _MASK)
        return added >= 0

    def drain(self) -> bool:
        """Whether something has changed since the last call."""
        changed = False
        while self.fd is not None:
            try:
                changed = bool(os.read(self.fd, _BUFFER)) or changed
            except BlockingIOError:
                break
        return changed

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
