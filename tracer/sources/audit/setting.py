"""The audit settings for a live trace: made when it begins, undone when it ends, or by the next one.

What a trace has found is written into the key of its rules, ``sigtrace-PID.START.ENABLED.BACKLOG``, so
that whoever finds them when it was killed can put everything back.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tracer.host import procfs
from tracer.model.frozen import frozen
from tracer.sources.audit.rule import Rule, hiding, missing_calls, narrowed, ours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.audit.calls import Call
    from tracer.sources.audit.link import Link, Status
    from tracer.sources.wanted import Wanted

LOCKED = 2
PANIC = 2
# While we trace; without auditd the kernel's own is 64, which one kill(-1) can fill.
BACKLOG = 8192
_KEY = re.compile(rb"sigtrace-(\d+)\.(\d+)\.([01])\.(\d+)")


@frozen
class Mark:
    """Whose rule it is, and what was found before it."""

    pid: int
    start: int
    enabled: int
    backlog: int

    def key(self) -> bytes:
        return b"sigtrace-%d.%d.%d.%d" % (self.pid, self.start, self.enabled, self.backlog)

    def is_alive(self) -> bool:
        return procfs.start_of(self.pid) == self.start


def mark_of(rule: Rule) -> Mark | None:
    """The mark of a trace's rule; None for everybody else's."""
    found = _KEY.fullmatch(rule.key or b"")
    return Mark(*(int(part) for part in found.groups())) if found else None


def orphans(rules: Iterable[Rule]) -> list[Rule]:
    """Rules of traces that were killed."""
    return [rule for rule in rules if (mark := mark_of(rule)) and not mark.is_alive()]


def remove_orphans(link: Link) -> int:
    """Undo what killed traces have left, unless it is locked; how many rules those were."""
    if link.status().enabled == LOCKED:
        return 0
    rules = link.rules()
    left = orphans(rules)
    for rule in left:
        link.delete(rule.raw)
    marks = [mark for mark in map(mark_of, rules) if mark]
    if left and not any(mark.is_alive() for mark in marks):
        _restore(link, marks[0])
    return len(left)


def _restore(link: Link, mark: Mark) -> None:
    status = link.status()
    if status.enabled == 1 and not mark.enabled:
        link.enable(0)
    if status.backlog_limit == BACKLOG != mark.backlog:
        link.limit_backlog(mark.backlog)


class Setting:
    """What this trace has changed. ``notes`` say what it could not, and what stays unseen therefore."""

    def __init__(self, link: Link, wanted: Wanted) -> None:
        self.notes: list[str] = []
        self._link = link
        self._mark: Mark | None = None
        remove_orphans(link)
        status, rules = link.status(), link.rules()
        theirs = [rule for rule in rules if mark_of(rule) is None]
        missing = missing_calls(theirs)
        if wanted.probes or not status.enabled:
            # The usual rules leave signal 0 out; and only a rule of ours can tell what was off before.
            missing = missing_calls([])
        if status.enabled == LOCKED:
            self._use_what_there_is(rules)
        else:
            try:
                self._change(status, rules, wanted, missing)
            except BaseException:  # Ctrl-C, too: nobody has this object yet
                self.undo()
                raise
        self.notes += [
            f"the rule {words!r} hides signals" for words in dict.fromkeys(hiding(theirs))
        ]
        if status.rate_limit:
            self.notes.append(f"audit is limited to {status.rate_limit} records a second")

    def _use_what_there_is(self, rules: list[Rule]) -> None:
        names = {call.name for calls in missing_calls(rules).values() for call in calls}
        self.notes.append("the audit rules are locked (-e 2)")
        if names:
            self.notes.append(f"no rule shows every {', '.join(sorted(names))}")
        if narrowed(rules):
            self.notes.append("some rules show only certain signals or users")

    def _change(
        self, status: Status, rules: list[Rule], wanted: Wanted, missing: dict[int, list[Call]]
    ) -> None:
        others = [mark for mark in map(mark_of, rules) if mark]
        first = others[0] if others else None
        self._mark = Mark(
            os.getpid(),
            procfs.start_of(os.getpid()) or 0,
            first.enabled if first else status.enabled,
            first.backlog if first else status.backlog_limit,
        )
        for raw in ours(
            missing,
            wanted.filter.signals,
            refused=wanted.refused,
            probes=wanted.probes,
            key=self._mark.key(),
        ):
            self._link.add(raw)
        if missing and status.backlog_limit < BACKLOG:
            self._link.limit_backlog(BACKLOG)
        if not status.enabled:
            self._link.enable(1)
            self.notes.append(
                "auditing was off: processes older than its first use are not seen (boot with audit=1)"
            )

    def undo(self) -> None:
        """Take our rules away; the last trace to end restores the rest."""
        if self._mark is None:
            return
        rules = self._link.rules()
        for rule in rules:
            if mark_of(rule) == self._mark:
                self._link.delete(rule.raw)
        others = [mark for mark in map(mark_of, rules) if mark and mark != self._mark]
        if not any(mark.is_alive() for mark in others):
            _restore(self._link, self._mark)
        self._mark = None
