"""Whether a recorder is at work in a folder, without getting in its way."""

from __future__ import annotations

import os

from tracer.recording.names import LOCK


def recorder_of(folder: str, locks: str = "/proc/locks") -> int | None:
    """The pid of the recorder that has locked the folder; None if there is none. See proc_locks(5).

    To try the lock would keep a recorder from it that begins at that moment.
    """
    try:
        inode = os.stat(os.path.join(folder, LOCK)).st_ino
        with open(locks) as file:
            rows = [line.split() for line in file]
    except OSError:
        return None
    for row in rows:
        # 1: FLOCK  ADVISORY  WRITE 812 08:01:1234 0 EOF; after a number and "->" those who wait
        if len(row) >= 6 and row[1] == "FLOCK" and row[5].rpartition(":")[2] == str(inode):
            return int(row[4])
    return None
