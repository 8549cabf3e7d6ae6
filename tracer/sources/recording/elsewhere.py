"""Recorders of this host that write to another folder than the usual one: found by the lock that each holds.

proc_locks(5) tells who holds a lock, and of what inode. Where it lies tell the files that its holder has open, which root
alone may see; else its command line, which anybody may. Anybody may hold such a lock, and be called so: believed is who a
recorder may be, of a folder and a lock that are root's, its own or of who asks.
"""

from __future__ import annotations

import os

from tracer.host import procfs
from tracer.model.frozen import frozen
from tracer.model.text import typed
from tracer.recording.names import LOCK
from tracer.sources.recording.alive import LOCKS, flocks, recorders_uid
from tracer.sources.recording.files import FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


@frozen
class AtWork:
    """``is_open``: its folder can be read by who asks."""

    pid: int
    folder: str
    is_open: bool


def elsewhere(locks: str = LOCKS) -> list[AtWork]:
    """Those that write elsewhere. One whose folder is not here, in a container for one, is not told."""
    found: dict[str, AtWork] = {}
    for pid, inode in flocks(locks):
        uid = None if pid == os.getpid() else recorders_uid(pid)
        folder = None if uid is None else _by_its_files(pid, inode) or _by_its_words(pid)
        if uid is None or folder is None or os.path.realpath(folder) == os.path.realpath(FOLDER):
            continue
        owners = (0, uid, os.geteuid())
        try:
            if os.stat(folder).st_uid not in owners:
                continue
            lock = os.stat(os.path.join(folder, LOCK))
            if lock.st_ino == inode and lock.st_uid in owners:
                found[folder] = AtWork(pid, folder, os.access(folder, os.R_OK))
        except PermissionError:
            found[folder] = AtWork(pid, folder, is_open=False)
        except OSError:
            continue
    return [found[folder] for folder in sorted(found)]


def hints(words: Sequence[str], locks: str = LOCKS) -> list[str]:
    """A sentence for each: where it is at work, and what reads it. ``words``: what was asked, as it is typed."""
    asked = " ".join(map(typed, words))
    return [
        f"a recorder (pid {one.pid}) writes to {typed(one.folder)}, which was not read: "
        f"{'' if one.is_open else 'sudo '}sigtrace {asked} {typed(one.folder)}"
        for one in elsewhere(locks)
    ]


def _by_its_files(pid: int, inode: int) -> str | None:
    for path in procfs.opened(pid):
        folder, name = os.path.split(path)
        if name == LOCK and folder:
            try:
                if os.stat(path).st_ino == inode:
                    return folder
            except OSError:
                continue
    return None


def _by_its_words(pid: int) -> str | None:
    """The folder of ``record --dir``, if that is told from the root: whence it was started root alone may see."""
    words = [os.fsdecode(word) for word in procfs.argv_of(pid) or ()]
    if "record" not in words:
        return None
    for word, following in zip(words, [*words[1:], ""]):
        name, equals, value = word.partition("=")
        folder = value if equals else following
        if name == "--dir" and os.path.isabs(folder):
            return os.path.normpath(folder)
    return None
