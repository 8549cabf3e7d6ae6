"""hungry.py, beside which a child reads a file again and again: where nothing can be reclaimed nothing is scanned, and
systemd-oomd kills nobody (oomd_memory_reclaim(), src/oom/oomd-util.c)."""

import os
import signal
import tempfile

from service import ready

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
ready()
signal.sigwait({signal.SIGUSR1})
with tempfile.TemporaryFile(dir="/var/tmp") as file:
    file.write(bytes(16 << 20))
    file.flush()
    os.fsync(file.fileno())
    if os.fork() == 0:
        while True:
            os.pread(file.fileno(), 16 << 20, 0)
    hoard = bytearray(256 << 20)
    signal.pause()
