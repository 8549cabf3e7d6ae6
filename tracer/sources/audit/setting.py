"""The audit settings for a live trace: made when it begins, undone when it ends, or by the next one.

Everything that is changed is written down first, in the key of our rules (``mark.py``), and the last of them goes
when all is put back: SIGKILL may come between any two requests. Traces that begin and end at the same time agree
through the kernel's list of rules alone, which is one for all, and whose changes have an order:

- Who begins adds a rule that says so, and then looks how audit is: from the rules of others, if there are any. Then
  come its own rules, the first one goes, and it waits for all who are ending.
- Who ends adds a rule that says so, and waits for all who are beginning. If all others are ending, too, it puts back
  what was found (of two that end at once each does, which comes to the same), else it leaves that to them.
"""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

from tracer.host import procfs
from tracer.model.frozen import replace
from tracer.sources.audit.mark import (
    Found,
    Mark,
    digest,
    first_found,
    found_of,
    mark_of,
    marks_of,
    theirs,
)
from tracer.sources.audit.rule import EQUAL, build, hiding, missing_calls, narrowed, ours, with_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from tracer.audit.calls import Call
    from tracer.sources.audit.link import Status
    from tracer.sources.audit.rule import Rule
    from tracer.sources.wanted import Wanted

    class Link(Protocol):
        """The kernel's audit; every method may raise OSError."""

        def status(self) -> Status: ...
        def set(self, name: str, value: int) -> None: ...
        def rules(self) -> list[Rule]: ...
        def add(self, raw: bytes) -> None: ...
        def delete(self, raw: bytes) -> None: ...


LOCKED = 2
PANIC = 2
# While we trace. Without auditd the kernel's own is 64, which one kill(-1) can fill; and it is not the 8192 that
# distributions set: what is not ours was set by others meanwhile, and stays.
BACKLOG = 8200
# A process whose record finds the backlog full sleeps, for a minute at the most (audit_log_start(), kernel/audit.c).
# While we trace alone, a hundredth of a second for each record, which is then counted as lost.
SHARE_OF_WAIT = 6000
_NOBODY = (0, EQUAL, 0)  # AUDIT_PID 0 makes no system calls
_CALL = (0,)
_PATIENCE = 2.0  # seconds, for others that are ending; it takes them milliseconds
_STEP = 0.005


def orphans(rules: Iterable[Rule]) -> list[Rule]:
    """Rules of traces that were killed."""
    return [rule for rule in rules if (mark := mark_of(rule)) and not mark.is_alive()]


def remove_orphans(link: Link) -> int:
    """Undo what killed traces have left, unless it is locked; how many rules those were."""
    if link.status().enabled == LOCKED:
        return 0
    left = orphans(link.rules())
    if left:
        finish(link, Mark(os.getpid(), _own_start(), first_found(left)))
    return len(left)


def finish(link: Link, mark: Mark) -> None:
    """Take away the rules of a trace and of all that were killed. The last one puts back what was found."""
    if mark.found is None:
        _delete_all(link, mark, link.rules())
        return
    tag = build(_CALL, (_NOBODY,), mark.ending().key())
    link.add(tag)
    rules = _when_none(link, lambda other: other.found is None and not other.is_of(mark))
    marks = marks_of(rules)
    ending = {one.trace() for one in marks if one.ends}
    if not any(one.is_alive() for one in marks if one.trace() not in ending):
        _restore(link, mark.found, theirs(rules))
    _delete_all(link, mark, [rule for rule in rules if rule.key != mark.ending().key()])
    _delete(link, tag)


def _delete_all(link: Link, mark: Mark, rules: list[Rule]) -> None:
    """What a trace and all killed ones have left of these."""
    for rule in rules:
        whose = mark_of(rule)
        if whose and (whose.is_of(mark) or not whose.is_alive()):
            _delete(link, rule.raw)


def _when_none(link: Link, is_waited_for: Callable[[Mark], bool]) -> list[Rule]:
    """The rules, once there are none of living traces that must be waited for."""
    end = time.monotonic() + _PATIENCE
    while True:
        rules = link.rules()
        waits = any(is_waited_for(mark) and mark.is_alive() for mark in marks_of(rules))
        if not waits or time.monotonic() > end:
            return rules
        time.sleep(_STEP)


def _restore(link: Link, found: Found, rules: list[Rule]) -> None:
    """What others have set meanwhile stays. An auditd or rules that have come meanwhile need auditing."""
    status = link.status()
    has_come = status.pid not in (0, found.auditd) or (rules and digest(rules) != found.rules)
    if status.backlog_limit == BACKLOG != found.backlog_limit:
        link.set("backlog_limit", found.backlog_limit)
    if status.wait_time == short_wait(found.wait_time) != found.wait_time:
        link.set("wait_time", found.wait_time)
    if status.enabled == 1 and not found.enabled and not has_come:
        link.set("enabled", 0)


def short_wait(found: int) -> int:
    """How long a record may wait while we trace, in jiffies."""
    return min(found, max(1, found // SHARE_OF_WAIT))


def _delete(link: Link, raw: bytes) -> None:
    try:
        link.delete(raw)
    except OSError as error:
        if error.errno != errno.ENOENT:  # Another one that ends was quicker.
            raise


def _own_start() -> int:
    return procfs.start_of(os.getpid()) or 0


class Setting:
    """What this trace has changed. ``notes`` say what it could not, and what stays unseen therefore."""

    def __init__(self, link: Link, wanted: Wanted) -> None:
        self.notes: list[str] = []
        self._link = link
        self._wanted = wanted
        self._mark: Mark | None = None
        self._rules: list[bytes] = []
        status, rules = link.status(), link.rules()
        missing = missing_calls(theirs(rules))
        if wanted.probes or not status.enabled or marks_of(rules):
            # The usual rules leave signal 0 out; and only a rule of ours can tell what was off before.
            missing = missing_calls([])
        if status.enabled == LOCKED:
            self._use_what_there_is(rules)
        elif missing:
            try:
                self._change(missing)
            except BaseException:  # Ctrl-C, too: nobody has this object yet
                self.undo()
                raise
        self.notes += [
            f"the rule {words!r} hides signals" for words in dict.fromkeys(hiding(theirs(rules)))
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

    def _change(self, missing: dict[int, list[Call]]) -> None:
        link = self._link
        self._mark = Mark(os.getpid(), _own_start(), None)
        begins = build(_CALL, (_NOBODY,), self._mark.key())
        link.add(begins)
        found = _found(link)
        self._mark = replace(self._mark, found=found)
        self._rules = ours(
            missing,
            self._wanted.filter.signals,
            refused=self._wanted.refused,
            probes=self._wanted.probes,
            key=self._mark.key(),
        )
        self._add(self._rules)
        _delete(link, begins)
        rules = _when_none(link, lambda other: other.ends)
        for rule in orphans(rules):
            _delete(link, rule.raw)
        if not self._turn_on(found):
            self.notes.append(
                "auditing was off: processes older than its first use are not seen (boot with audit=1)"
            )

    def _turn_on(self, found: Found) -> bool:
        """Have auditing on, with room; whether it was on."""
        link, status = self._link, self._link.status()
        # 0 is no limit; and what others have set since it was found stays.
        if 0 < status.backlog_limit == found.backlog_limit < BACKLOG:
            link.set("backlog_limit", BACKLOG)
        # Else auditd's records would be lost with ours, sooner than they need be.
        if not status.pid and status.wait_time == found.wait_time > short_wait(found.wait_time):
            link.set("wait_time", short_wait(found.wait_time))
        if not status.enabled:
            link.set("enabled", 1)
        return bool(status.enabled)

    def be_numbered(self) -> None:
        """Have the kernel write a record, as it does of every change of rules: its number tells how many there were
        before."""
        if self._mark is not None:
            rule = build(_CALL, (_NOBODY,), replace(self._mark, found=None).key())
            self._add([rule])
            _delete(self._link, rule)

    def is_broken(self, *, put_back: bool) -> bool:
        """Whether others have taken away under us what we need, as ``auditctl -D`` does."""
        if self._mark is None:
            return False
        status, rules = self._link.status(), self._link.rules()
        there = sum(mark.is_of(self._mark) for mark in marks_of(rules))
        if status.enabled and there == len(self._rules):
            return False
        if status.enabled == LOCKED:
            self._mark = None
        elif put_back:
            self._put_back(status, rules)
        return True

    def _put_back(self, status: Status, rules: list[Rule]) -> None:
        mark = self._mark
        if mark is None or mark.found is None:
            return
        if status.enabled or not mark.found.enabled:
            self._add(self._rules)
        else:
            # They have turned it off, and so will we in the end. The new mark comes before the old one goes.
            self._mark = replace(mark, found=replace(mark.found, enabled=0))
            self._rules = [with_key(raw, self._mark.key()) for raw in self._rules]
            self._add(self._rules)
            for rule in rules:
                if mark_of(rule) == mark:
                    _delete(self._link, rule.raw)
        self._turn_on(mark.found)

    def _add(self, rules: list[bytes]) -> None:
        for raw in rules:
            try:
                self._link.add(raw)
            except OSError as error:
                if error.errno != errno.EEXIST:
                    raise

    def undo(self) -> None:
        """Take our rules away; the last trace to end restores the rest."""
        mark, self._mark = self._mark, None
        if mark is not None and self._link.status().enabled != LOCKED:
            finish(self._link, mark)


def _found(link: Link) -> Found:
    """How audit was before the first trace. Whoever changes it meanwhile has rules there for as long as we begin."""
    return first_found(link.rules()) or _found_now(link)


def _found_now(link: Link) -> Found:
    status, rules = link.status(), link.rules()
    return first_found(rules) or found_of(status, rules)
