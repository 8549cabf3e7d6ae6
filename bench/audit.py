"""The host's audit, borrowed for a run and put back as it was found."""

from __future__ import annotations

import fcntl
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.samples import CannotRun
from tracer.audit.rules import recommended

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whoever changes audit on this host holds it: the live tests do, too.
LOCK = Path("/run/sigtrace-audit.lock")
LOCKED = 2
BACKLOG = 8192  # what distributions set in rules.d/audit.rules
SETTINGS = """\
log_file = {folder}/audit.log
log_format = ENRICHED
log_group = root
local_events = yes
write_logs = yes
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 8
max_log_file_action = IGNORE
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
"""


def status() -> dict[str, int]:
    """What the kernel says of its audit."""
    found = re.findall(r"^(\w+) (\d+)", _auditctl("-s"), re.MULTILINE)
    return {name: int(value) for name, value in found}


def enable_once() -> None:
    """Let the processes that are born from now on be audited, if this host's audit can be had at all."""
    try:
        with borrowed():
            pass
    except (CannotRun, OSError):
        pass  # Told when a tool needs it.


@contextmanager
def borrowed() -> Iterator[None]:
    """Audit is ours alone, and its settings are put back. Raises CannotRun if it cannot be had."""
    with LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = status()
        if before["enabled"] == LOCKED:
            raise CannotRun("the audit rules are locked until the next boot (auditctl -e 2)")
        if before["pid"]:
            raise CannotRun(f"another auditd runs here, process {before['pid']}")
        try:
            # No process is audited that was born before audit was enabled for the first time.
            _auditctl("-e", "1")
            _auditctl("-e", str(before["enabled"]))
            yield
        finally:
            _auditctl("-b", str(before["backlog_limit"]))
            _auditctl("-e", str(before["enabled"]))


@contextmanager
def rules_and_folder(folder: Path) -> Iterator[None]:
    """What auditd needs: the recommended rules in the kernel, and a folder with its settings."""
    own = folder / "auditd"
    own.mkdir(exist_ok=True)
    (own / "audit.log").unlink(missing_ok=True)
    (own / "auditd.conf").write_text(SETTINGS.format(folder=own))
    (own / "auditd.conf").chmod(0o640)
    there = _auditctl("-l").splitlines()
    added: list[str] = []
    try:
        for rule in recommended():
            if rule not in there:
                _auditctl(*rule.split())
                added.append(rule)
        _auditctl("-b", str(BACKLOG))
        _auditctl("-e", "1")
        yield
    finally:
        for rule in added:
            _auditctl(*rule.replace("-a ", "-d ", 1).split())


def _auditctl(*words: str) -> str:
    done = subprocess.run(["auditctl", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRun(f"auditctl {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
