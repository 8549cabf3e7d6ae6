"""Why a manager, a memory guard or a filter ended somebody, in sentences, as far as they tell."""

from __future__ import annotations

from tracer.model.event import Exit, Signal, Statement
from tracer.model.text import printable
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.why.case import Case
    from tracer.why.finding import Finding

# A guard says what it saw just before it strikes.
_JUST_BEFORE = 2 * SECOND


def watchdog(_case: Case, found: Finding) -> Iterator[str]:
    for said in _said(found, "watchdog"):
        details = said.details or {}
        if "limit" in details:
            yield f"it gave no sign of life for {printable(str(details['limit']))} (WatchdogSec=)"
        elif "status" in details:
            yield f"it asked for that itself (WATCHDOG=trigger); its last status: {printable(str(details['status']))}"
        return


def guard(case: Case, found: Finding) -> Iterator[str]:
    """systemd-oomd tells its reason, others the victim's memory, and before that what was left of the host's."""
    for said in _said(found, "oom kill"):
        details = said.details or {}
        if "reason" in details:
            yield printable(str(details["reason"]))
        if "rss_mib" in details:
            yield f"it held {printable(str(details['rss_mib']))} MiB"
        break
    low = case.said_near("memory pressure", _JUST_BEFORE)
    details = {} if low is None else low.details or {}
    if "memory" in details and "swap" in details:
        memory, swap = (printable(str(details[name])) for name in ("memory", "swap"))
        yield f"at most {memory} of the host's memory was left, and {swap} of its swap"


def seccomp(case: Case, found: Finding) -> Iterator[str]:
    told = [
        one
        for one in (found.signal, *found.evidence, *case.death.tellings)
        if isinstance(one, (Signal, Exit))
    ]
    for one in told:
        if one.seccomp is not None and one.seccomp.call:
            yield f"the system call was {printable(one.seccomp.call)}"
            return


def _said(found: Finding, what: str) -> Iterator[Statement]:
    return (one for one in found.evidence if isinstance(one, Statement) and one.what == what)
