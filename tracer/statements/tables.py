"""All tables, and which of their rows are asked for."""

from __future__ import annotations

from tracer.model.frozen import replace
from tracer.statements import asked, kernel, killers, oom, runtimes, sessions, supervisors, systemd
from tracer.statements.row import Index, Row, Table
from tracer.statements.whats import WHATS

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
    runtimes.TABLE,
    runtimes.EVENTS,
    supervisors.TABLE,
)


def index(*, quiet: bool = True) -> Index:
    """All of them, ready for looking up; without ``quiet`` only the rows that tell what is shown by itself."""
    if quiet:
        return Index(TABLES)
    return Index(
        tuple(
            replace(table, rows=tuple(row for row in table.rows if tells(row))) for table in TABLES
        )
    )


def tells(row: Row) -> bool:
    """Whether a row makes something that is shown without being asked for."""
    return row.makes != ("says",) or WHATS[row.what].shown
