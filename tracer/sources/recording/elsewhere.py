"""Recorders of this host that write to another folder than the usual one: found by the lock that each holds.

proc_locks(5) tells who holds a lock, and of what inode. Where it lies tell the files that its holder has open, which root
alone may see; else its command line, which anybody may.
"""

from __future__ import annotations

import os

from tracer.host import procfs
from tracer.model.frozen import frozen
from tracer.model.text import quoted_text
from tracer.recording.alive import LOCKS, flocks
from tracer.recording.names import LOCK
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
        folder = None
        if pid != os.getpid():
            folder = _by_its_files(pid, inode) or _by_its_words(pid)
        if folder is None or os.path.realpath(folder) == os.path.realpath(FOLDER):
            continue
        try:
            is_there = os.stat(os.path.join(folder, LOCK)).st_ino == inode
        except PermissionError:
            found[folder] = AtWork(pid, folder, is_open=False)
            continue
        except OSError:
            continue
        if is_there:
            found[folder] = AtWork(pid, folder, os.access(folder, os.R_OK))
    return [found[folder] for folder in sorted(found)]


def hints(words: Sequence[str], locks: str = LOCKS) -> list[str]:
    """A sentence for each: where it is at work, and what reads it. ``words``: what was asked, as it is typed."""
    asked = " ".join(quoted_text(word) for word in words)
    return [
        f"a recorder (pid {one.pid}) writes to {quoted_text(one.folder)}, which was not read: "
        f"{'' if one.is_open else 'sudo '}sigtrace {asked} {quoted_text(one.folder)}"
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
