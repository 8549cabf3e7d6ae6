"""What the kernel's log proves of an end, and what a manager says of the OOM killer's doing in its unit."""

from __future__ import annotations

from tracer.model.event import Signal, Statement, moment
from tracer.model.signals import NUMBERS
from tracer.model.times import SECOND
from tracer.model.witness import SAID
from tracer.why.case import AT_ONCE, is_one
from tracer.why.finding import FAULTS, KILL, Finding, exits_of
from tracer.why.tellings import has_failed, is_a_choice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.why.case import Case


def by_the_kernels_log(case: Case) -> Finding | None:
    """The kernel's log has an OOM report, a fault or a hardware error of this very process, and it died of that signal."""
    if case.death.status is not None:
        return None
    chosen = [
        one for one in case.death.tellings if isinstance(one, Statement) and one.about is None
    ]
    for said in (*case.process_says, *chosen):
        cause, numbers = _OF_THE_KERNEL.get(said.what, ("", ()))
        if not cause or not case.is_before(said.time, 10 * SECOND):
            continue
        if case.number is None or case.number in numbers:
            doubt = _of_a_choice(said)
            if cause == "oom":
                doubt += doubt_of_an_oom(case, said)
            sure = "likely" if doubt else "yes"
            return Finding(cause, sure, (said, *exits_of(case)), None, doubt, None, (said,))
    return None


def _of_a_choice(said: Statement) -> tuple[str, ...]:
    """What is not known of a report without its "Killed process" (oom_kill_process(), mm/oom_kill.c): up to v5.0 a child
    of the chosen one might go for it."""
    if not is_a_choice(said):
        return ()
    whom = "it" if said.about is not None else "it, or a child of it"
    return (f"the kernel chose {whom}; the line of the kill is not in these logs",)


def doubt_of_an_oom(case: Case, told: Signal | Statement) -> tuple[str, ...]:
    """The OOM killer leaves alone who dies already (oom_kill_process(), mm/oom_kill.c): where a text that anybody may write tells
    of it behind a call to kill, the clocks differ, or somebody else wrote the line."""
    calls = (one for one in case.sent if one.sender is not None and one.source not in SAID)
    if told.source != "syslog" or not any(
        one.number == KILL and 0 < moment(told) - moment(one) <= AT_ONCE for one in calls
    ):
        return ()
    return ("SIGKILL by a process is recorded before it: the clocks differ, or the line is not the kernel's",)  # fmt: skip


# What the kernel's log tells of one process: the cause that it is, and of which signals. Of a corrupt page that it has
# not touched yet it may be told, and go on (mm/memory-failure.c).
_OF_THE_KERNEL = {
    "oom report": ("oom", frozenset((KILL,))),
    "memory failure": ("hardware", frozenset((KILL, NUMBERS["BUS"]))),
    "fault": ("crash", FAULTS),
}


def by_the_units_oom_notice(case: Case) -> Finding | None:
    """The manager says that the OOM killer has killed a process of this unit, and this one was killed then."""
    notice = case.said("oom notice", within=10 * SECOND)
    failed = case.said("unit failed", within=10 * SECOND)
    if case.number != KILL and not _is_of_the_unit_alone(case):
        return None
    result = None if failed is None or failed.details is None else failed.details.get("result")
    if notice is None and result != "oom-kill":
        return None
    said = notice or failed
    assert said is not None
    killer = None if notice is None or notice.details is None else notice.details.get("killer")
    if notice is not None and killer == "kernel" and _struck_another(case, notice):
        return None
    if killer == "systemd-oomd":
        return Finding("user oom killer", "yes", (said, *exits_of(case)), story=(said,))
    why = ("the manager says so of its unit; which process it was is not in these logs",)
    return Finding("oom", "likely", (said, *exits_of(case)), None, why, None, (said,))


def _is_of_the_unit_alone(case: Case) -> bool:
    """Whether nothing is told but that a unit has failed."""
    said = [one for one in case.death.tellings if isinstance(one, Statement) and has_failed(one)]
    return bool(said) and case.number is None and case.death.status is None


def _struck_another(case: Case, notice: Statement) -> bool:
    """Whether the kernel's log says whom the notice means, and it is not this process: an end of its own is told elsewhere."""
    death = case.death
    if any(isinstance(one, Signal) and one.origin == "oom" for one in death.tellings):
        return False
    unit = None if notice.about is None else notice.about.unit
    return any(
        isinstance(one, Statement)
        and one.what == "oom report"
        and one.about is not None
        and one.about.unit in (None, unit)
        and not is_one(one.about, death.process)
        and abs(moment(one) - moment(notice)) <= AT_ONCE
        for one in case.near
    )


def by_the_units_result_alone(case: Case) -> Finding | None:
    """Of a unit that failed with "oom-kill", and no line says whose doing it was, systemd-oomd's would end so, too
    (unit_notify_cgroup_oom(), src/core/unit.c)."""
    failed = case.said("unit failed", within=10 * SECOND)
    result = None if failed is None or failed.details is None else failed.details.get("result")
    if failed is None or result != "oom-kill":
        return None
    if case.number != KILL and not _is_of_the_unit_alone(case):
        return None
    if case.said("oom notice", within=10 * SECOND) is not None:
        return None
    return Finding("user oom killer", "likely", (failed, *exits_of(case)), story=(failed,))
