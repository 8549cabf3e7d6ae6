"""When nobody watched, by what the log itself says: auditd ended, rules were removed, auditing was off, a boot.

``op=`` and ``audit_enabled=`` are audit_log_config_change()'s (kernel/audit.c) and audit_log_rule_change()'s
(kernel/auditfilter.c); ``state=initialized`` is audit_init()'s: the rules of a boot come later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracer.audit import record
from tracer.model.coverage import Gap, Gaps

if TYPE_CHECKING:
    from tracer.audit.record import Group, Record

_ENDED, _REMOVED, _OFF = "auditd had ended", "audit rules were removed", "auditing was off"
_BOOTED = "the host was down, or had no audit rules yet"
_CHANGES = (
    (re.compile(rb"op=\"?remove[_ ]rule"), _REMOVED),
    (re.compile(rb"op=set audit_enabled=0|audit_enabled=0 old=[12]"), _OFF),
)
INTERRUPTING = frozenset(
    (
        record.CONFIG_CHANGE,
        record.KERNEL,
        record.SYSTEM_BOOT,
        record.DAEMON_START,
        record.DAEMON_END,
    )
)
_ADDED = re.compile(rb"op=\"?add[_ ]rule")


class Watching:
    """Told of every event in the order of the log. An interruption ends with the next rule that is added, or the next
    call that some rule has shown; that auditd had ended, with its start."""

    def __init__(self) -> None:
        self._gaps: dict[bytes | None, Gaps] = {}
        self._open: dict[tuple[bytes | None, str], int | None] = {}
        self._last: dict[bytes | None, int] = {}

    def note(self, group: Group, one: Record) -> None:
        """Take one of an event's records."""
        node, time = group.stamp.node, group.stamp.time
        if one.type in (record.KERNEL, record.SYSTEM_BOOT):
            if one.type == record.SYSTEM_BOOT or b"state=initialized" in one.body:
                self._open.setdefault((node, _BOOTED), self._last.get(node))
        elif one.type == record.DAEMON_END:
            self._open.setdefault((node, _ENDED), time)
        elif one.type == record.DAEMON_START:
            self._ends(node, time, _ENDED)
        elif one.type == record.CONFIG_CHANGE:
            if _ADDED.search(one.body):
                self._ends(node, time)
            for pattern, why in _CHANGES:
                if pattern.search(one.body):
                    self._open.setdefault((node, why), time)
        self._last[node] = time

    def shown(self, group: Group) -> None:
        """A rule has shown a call that sends signals."""
        if self._open:
            self._ends(group.stamp.node, group.stamp.time)
        self._last[group.stamp.node] = group.stamp.time

    def gaps(self, host: bytes | None) -> tuple[Gap, ...]:
        """Those of one host; what is interrupted still is so until the end of the log."""
        still = [
            Gap(began, None, None, why) for (node, why), began in self._open.items() if node == host
        ]
        return (*self._gaps[host].told(), *still) if host in self._gaps else tuple(still)

    def _ends(self, node: bytes | None, time: int, only: str | None = None) -> None:
        for key in [key for key in self._open if key[0] == node and only in (None, key[1])]:
            gap = Gap(self._open.pop(key), time, None, key[1])
            self._gaps.setdefault(node, Gaps()).add(gap)
