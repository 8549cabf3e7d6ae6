"""The key of a trace's audit rules, which says whose they are, and what was found before the first of them.

Whoever finds them when their trace was killed can put everything back.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from tracer.host import procfs
from tracer.model.frozen import frozen, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.sources.audit.link import Status
    from tracer.sources.audit.rule import Rule

_KEY = re.compile(rb"sigtrace-(\d+)\.(\d+)\.(?:begin|([01])\.(\d+)\.(\d+)\.(\d+)\.(\d+)(\.end)?)")


@frozen
class Found:
    """How audit was before the first trace: its settings, the pid of its auditd, 0 for none, and a digest of its
    rules, 0 for none."""

    enabled: int
    backlog_limit: int
    wait_time: int
    auditd: int
    rules: int


@frozen
class Mark:
    """A trace, and what was found before it: None for one that begins and has not looked yet. ``ends``: it is about
    to put that back and to go."""

    pid: int
    start: int
    found: Found | None
    ends: bool = False

    def key(self) -> bytes:
        it = self.found
        if it is None:
            return b"sigtrace-%d.%d.begin" % (self.pid, self.start)
        numbers = (self.pid, self.start, it.enabled, it.backlog_limit, it.wait_time, it.auditd)
        key = b"sigtrace-%d.%d.%d.%d.%d.%d.%d" % (*numbers, it.rules)
        return key + b".end" if self.ends else key

    def ending(self) -> Mark:
        return replace(self, ends=True)

    def is_alive(self) -> bool:
        return procfs.start_of(self.pid) == self.start

    def trace(self) -> tuple[int, int]:
        """Whose it is."""
        return self.pid, self.start

    def is_of(self, other: Mark) -> bool:
        """Whether both are of one trace."""
        return self.trace() == other.trace()


def mark_of(rule: Rule) -> Mark | None:
    """The mark of a trace's rule; None for everybody else's."""
    key = _KEY.fullmatch(rule.key or b"")
    if key is None:
        return None
    pid, start, *found = key.groups()[:-1]
    values = Found(*map(int, found)) if found[0] else None
    return Mark(int(pid), int(start), values, bool(key[8]))


def marks_of(rules: Iterable[Rule]) -> list[Mark]:
    return [mark for mark in map(mark_of, rules) if mark]


def first_found(rules: Iterable[Rule]) -> Found | None:
    """What was found before the first of these traces, each of which has it from the one before."""
    return next((mark.found for mark in marks_of(rules) if mark.found), None)


def theirs(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that are no trace's."""
    return [rule for rule in rules if mark_of(rule) is None]


def found_of(status: Status, rules: Iterable[Rule]) -> Found:
    """How audit is, for who finds no trace there."""
    return Found(
        status.enabled, status.backlog_limit, status.wait_time, status.pid, digest(theirs(rules))
    )


def digest(rules: Iterable[Rule]) -> int:
    return zlib.crc32(b"".join(sorted(rule.raw for rule in rules)))
