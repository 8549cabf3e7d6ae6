"""All tables, in the order in which they are asked: who has a tag of its own comes first."""

from __future__ import annotations

from tracer.statements import asked, kernel, killers, oom, sessions, supervisors, systemd
from tracer.statements.row import Index, Table

TABLES: tuple[Table, ...] = (
    oom.TABLE,
    kernel.TABLE,
    systemd.TABLE,
    systemd.STATUS,
    sessions.COREDUMP,
    killers.OOMD,
    killers.EARLYOOM,
    killers.NOHANG,
    sessions.LOGIND,
    sessions.JOURNALD,
    sessions.RSYSLOG,
    sessions.UPSTART,
    sessions.SHUTDOWN,
    asked.SUDO,
    asked.CRON,
    asked.POLKIT,
    asked.SSHD,
    supervisors.TABLE,
)


def index() -> Index:
    """All of them, ready for looking up."""
    return Index(TABLES)
