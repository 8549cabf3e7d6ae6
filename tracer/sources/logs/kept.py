"""Where hosts keep their logs: which files of a folder, of a root and of a sos report are looked at; one table."""

from __future__ import annotations

import re

from tracer.model.frozen import frozen

# A rotated file: .1, -20261127, and packed.
_ROTATED = r"(?:[.-]\d{1,8}(?:-\d+)?)?(?:\.(?:gz|xz|zst|zstd|bz2))?"


@frozen
class Kept:
    """Files of one kind. ``folder`` below the root, ``names`` a pattern without rotation's ends. ``audit``: audit
    records; else what others say, which is read only where there is no journal that has it too (``instead``).
    ``kernel``: the kernel's messages among it. ``accounting``: records of process accounting (acct(5)), no text."""

    folder: str
    names: str
    audit: bool = False
    instead: bool = False
    kernel: bool = False
    accounting: bool = False

    def has(self, folder: str, name: str) -> bool:
        """Whether a file is one of them."""
        return folder == self.folder and re.fullmatch(f"(?:{self.names}){_ROTATED}", name) is not None  # fmt: skip


HOST = (
    Kept("var/log/audit", r"audit\.log", audit=True),
    # Debian's, Red Hat's and SUSE's names of what rsyslog and syslog-ng write.
    Kept("var/log", r"messages|syslog|kern\.log|warn", instead=True, kernel=True),
    Kept("var/log", r"daemon\.log|auth\.log|secure|user\.log|cron(?:\.log)?", instead=True),
    Kept("var/log", r"dmesg", instead=True),
    # Debian's and Red Hat's (accton(8)).
    Kept("var/log/account", r"pacct", accounting=True),
    Kept("var/account", r"pacct", accounting=True),
)  # fmt: skip
# sos report (sos/report/plugins/{logs,kernel,auditd}.py): what commands have printed, beside a copy of /var/log.
SOS = (
    *HOST,
    Kept("sos_commands/logs", r"journalctl_--no-pager(?:_--boot(?:_-\d+)?|_--catalog_--boot)?", instead=True),
    Kept("sos_commands/kernel", r"dmesg(?:_-T)?", instead=True),
)  # fmt: skip


def kept_in(table: tuple[Kept, ...], path: str) -> Kept | None:
    """The row of a path below a root."""
    folder, _, name = path.strip("/").rpartition("/")
    return next((row for row in table if row.has(folder, name)), None)


def is_kept(name: str, below: str = "") -> bool:
    """Whether a file of this name is a log, in whichever folder; in the folder of that name alone, if one is given."""
    return any(row.has(row.folder, name) for row in HOST if row.folder.endswith(below))


def is_accounting(name: str) -> bool:
    """Whether a file of this name is one of process accounting."""
    return any(row.has(row.folder, name) for row in HOST if row.accounting)
