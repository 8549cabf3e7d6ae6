"""What a container's runtime says of its end, and where that is contradicted."""

from __future__ import annotations

from tracer.model.event import Statement
from tracer.model.numbers import whole
from tracer.model.signals import name_of
from tracer.model.text import shown
from tracer.model.times import SECOND
from tracer.why.behind import behind
from tracer.why.deaths import is_by_accounting
from tracer.why.finding import KILL, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.model.event import Process
    from tracer.why.case import Case

_SYSTEMD = frozenset((b"systemd", b"init", b"systemd-shutdow"))
# Statements of who does it: logind's word on a session is not one.
# So long after a grace period its end is a consequence of it.
_LATE = 15 * SECOND
_DONE = frozenset(("oom kill", "stop timeout", "stop asked", "child timeout"))


def speaker(said: Statement | None) -> Process | None:
    """Who speaks as a manager, where that is not systemd."""
    by = said.by if said is not None and said.what in _DONE else None
    return by if by is not None and by.comm is not None and by.comm not in _SYSTEMD else None


def by_the_end_of_its_grace(case: Case) -> Finding | None:
    """kubelet was stopping the container, and it was ended with SIGKILL when its grace period was over."""
    stop = case.said("stop asked")
    grace = None if stop is None else whole(str((stop.details or {}).get("grace")), 9)
    if stop is None or stop.time is None or grace is None or case.number != KILL:
        return None
    lasted, allowed = case.death.time - stop.time, grace * SECOND
    if not allowed - SECOND <= lasted <= allowed + _LATE:
        return None
    why = (
        f"it had {grace} s to end, and ended when they were over; who sent the signal is not recorded",
    )
    # An eviction, or "kubectl delete --force", leaves no time that could run out.
    cause = "stop timeout" if grace else "killed"
    return Finding(cause, "likely", (stop,), behind(speaker(stop)), why, None, (stop,))


def words_of_code(case: Case) -> tuple[str, ...]:
    """What an exit code may stand for, where nothing else tells how it ended."""
    death = case.death
    if death.number is not None or death.status is not None:
        return ()
    if is_by_accounting(death):
        return (
            "accounting has the exit code of its main thread, which may have ended before the others",
        )
    if death.reported is None:
        return ()
    signal = "no signal" if case.number is None else name_of(case.number)
    return (
        f"its runtime logged exit code {death.reported}: it died of {signal}, or exited with {death.reported} itself",
    )


def contradicted(case: Case, cause: str) -> Iterator[str]:
    """Words of a runtime that do not fit what is known for sure."""
    told = case.death.tellings
    for said in (*told, *(one for one in case.unit_says if one not in told)):
        if not isinstance(said, Statement) or not case.is_before(said.time, 10 * SECOND):
            continue
        killed = (said.details or {}).get("oom_killed")
        who = "its runtime" if said.by is None or said.by.comm is None else shown(said.by.comm)
        if killed is False and cause == "oom":
            yield (
                f"{who} says OOMKilled: false; the kernel's own report of this process counts more: "
                "a runtime knows what its container's cgroup has counted, and not always that"
            )
        is_notice = said.what == "oom notice" and said.about and said.about.container is not None
        if (killed or is_notice) and cause not in ("oom", "unknown"):
            yield (
                f"{who} says that the OOM killer struck in the container; "
                "what is recorded of this very process counts more"
            )
    reported, number = case.death.reported, case.death.number
    if reported is not None and number is not None and reported - 128 != number:
        yield f"its runtime logged exit code {reported}, which does not stand for {name_of(number)}"
