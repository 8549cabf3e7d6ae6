"""Whether a recorder is at work in a folder, without getting in its way."""

from __future__ import annotations

import os

from tracer.host.from_proc import status_of
from tracer.host.user import may_record
from tracer.recording.names import LOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKS = "/proc/locks"


def recorder_of(folder: str, locks: str = LOCKS) -> int | None:
    """The pid of the recorder that has locked the folder; None if there is none.

    To try the lock would keep a recorder from it that begins at that moment.
    """
    try:
        inode = os.stat(os.path.join(folder, LOCK)).st_ino
    except OSError:
        return None
    holders = (pid for pid, locked in flocks(locks) if locked == inode)
    return next((pid for pid in holders if recorders_uid(pid) is not None), None)


def recorders_uid(pid: int) -> int | None:
    """The user that a process is, if a recorder may be that; None: it is gone, or anybody's. Anybody may hold a lock, and
    go on in a program that is set-user-ID root with it (execve(2)): then its real uid is another."""
    status = status_of(pid)
    is_one = status is not None and status.uid == status.euid and may_record(status.uid)
    return status.uid if status is not None and is_one else None


def flocks(locks: str = LOCKS) -> Iterator[tuple[int, int]]:
    """(pid, inode) of each flock(2) that is held, see proc_locks(5)."""
    try:
        with open(locks) as file:
            rows = [line.split() for line in file]
    except OSError:
        return
    for row in rows:
        # 1: FLOCK  ADVISORY  WRITE 812 08:01:1234 0 EOF; after a number and "->" those who wait
        if len(row) >= 6 and row[1] == "FLOCK":
            yield int(row[4]), int(row[5].rpartition(":")[2])
