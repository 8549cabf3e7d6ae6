"""The kernel's audit settings, as auditctl shows them, and the lock of those who change them."""

from __future__ import annotations

import fcntl
import subprocess
from contextlib import contextmanager

from audit_host import LOCK

from tracer.sources.audit.link import Link
from tracer.sources.audit.setting import remove_orphans

_MAY_CHANGE = ("lost", "backlog ", "backlog_wait_time_actual", "pid")


@contextmanager
def audit_lock():
    """Only one at a time may change what the whole host shares; a killed trace may have left something."""
    with open(LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        link = Link()
        remove_orphans(link)
        link.close()
        yield


def auditctl(*words):
    return subprocess.run(["auditctl", *words], capture_output=True, text=True, check=True).stdout


def audit_state():
    """Rules and settings; what is counted is left out."""
    settings = [line for line in auditctl("-s").splitlines() if not line.startswith(_MAY_CHANGE)]
    return auditctl("-l"), settings
