"""Files of another host's root: no link and no ``..`` leads out of it, and what is no regular file is not opened.

Resolved as chroot(2) would, one name at a time, each from the descriptor of the folder before: a root that somebody
changes meanwhile leads nowhere else. openat2(2)'s RESOLVE_IN_ROOT does the same, but is of Linux 5.6.
"""

from __future__ import annotations

import errno
import os
import stat

_LINKS_MAX = 40  # as the kernel's MAXSYMLINKS
_DEPTH_MAX = 1024
_PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Inside:
    """A folder that is taken for ``/``. Raises OSError if it cannot be opened."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self._fd)

    def open(self, path: str) -> int:
        """A descriptor to read a regular file by; raises OSError, with EACCES, too, for what is none."""
        fd = self._resolved(path)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EACCES, "no regular file", path)
            # A device may do something when it is opened: what is opened is what was looked at.
            return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        finally:
            os.close(fd)

    def names(self, path: str) -> list[str]:
        """What a folder holds, sorted. Raises OSError."""
        fd = self._resolved(path)
        try:
            reading = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
            try:
                return sorted(os.listdir(reading))
            finally:
                os.close(reading)
        finally:
            os.close(fd)

    def real(self, path: str) -> str:
        """The path of what it means in here, links followed. Raises OSError."""
        fd = self._resolved(path)
        try:
            return os.readlink(f"/proc/self/fd/{fd}")
        finally:
            os.close(fd)

    def place(self, path: str) -> str:
        """How a person finds it."""
        return os.path.join(self.root, path.lstrip("/"))

    def _resolved(self, path: str) -> int:
        """A descriptor (O_PATH) of what the path means in here, which is no link."""
        left = _parts(path)
        folders = [os.dup(self._fd)]
        links = 0
        try:
            while left:
                name = left.pop()
                if name == "..":
                    if len(folders) > 1:
                        os.close(folders.pop())
                    continue
                fd = os.open(name, _PATH, dir_fd=folders[-1])
                if stat.S_ISLNK(os.fstat(fd).st_mode):
                    try:
                        target = os.readlink("", dir_fd=fd)
                    finally:
                        os.close(fd)
                    links += 1
                    left += _parts(target)
                    if links > _LINKS_MAX or len(left) > _DEPTH_MAX:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                    if target.startswith("/"):
                        while len(folders) > 1:
                            os.close(folders.pop())
                    continue
                folders.append(fd)
            return os.dup(folders[-1])
        finally:
            for fd in folders:
                os.close(fd)


def _parts(path: str) -> list[str]:
    """The names of a path, the first at the end."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]
