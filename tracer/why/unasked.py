"""What has a manager end what is left of a unit, though nobody asked it to: its main process ended, or the OOM killer struck."""

from __future__ import annotations

from typing import NamedTuple

from tracer.model.event import Exit, Signal, moment
from tracer.model.text import shown
from tracer.model.times import SECOND, span
from tracer.why.case import AT_ONCE
from tracer.why.finding import REQUESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.model.event import Process
    from tracer.why.case import Case


# A manager does so when it hears of it: a command that came behind what was longer ago is nearer to what it did.
_PROMPTLY = SECOND // 2


class Reason(NamedTuple):
    """When it happened, in words what the manager does then, and whether it did that as soon as it could have heard of it."""

    time: int
    words: str
    promptly: bool


def reason_of(case: Case, first: Signal, manager: Process) -> Reason | None:
    """Why a manager began to end a unit with ``first``, where that follows at once upon such a thing; the last one."""
    at = moment(first)
    found = [*_of_the_main_process(case, manager, at), *_of_the_oom_killer(case, at)]
    return max(found, default=None)


def _of_the_main_process(case: Case, manager: Process, at: int) -> Iterator[Reason]:
    """service_sigchld_event(), src/core/service.c: what is left is ended as KillMode= says (systemd.kill(5))."""
    ended = case.death.process
    for one in case.near:
        if (
            isinstance(one, Exit)
            and one.process.pid not in (None, ended.pid)
            and one.process.unit is not None
            and one.process.unit == ended.unit
            and one.process.ppid == manager.pid
            and 0 <= at - moment(one) <= AT_ONCE
            and not _is_younger(one.process, ended)
            and not _was_asked(case, one, manager)
        ):
            name = f"{shown(one.process.comm or b'-')}[{one.process.pid}]"
            time = moment(one)
            words = f"{name}, a child of {_called(manager)} in this unit, had ended {span(at - time)} before: what is left is ended then"
            yield Reason(time, words, at - time <= _PROMPTLY)


def _is_younger(one: Process, other: Process) -> bool:
    """Whether it was no main process: what ExecStop= runs is born after what it is to stop."""
    return None not in (one.start, other.start) and one.start > other.start  # type: ignore[operator]


def _called(manager: Process) -> str:
    return "its manager" if manager.comm is None else shown(manager.comm)


def _was_asked(case: Case, end: Exit, manager: Process) -> bool:
    """Whether its manager had sent that process a request to end: of such a stop its end is a part."""
    return any(
        isinstance(one, Signal)
        and one.number in REQUESTS
        and one.sender is not None
        and one.sender.pid == manager.pid
        and one.target is not None
        and one.target.pid == end.process.pid
        and moment(one) <= moment(end)
        for one in case.near
    )


def _of_the_oom_killer(case: Case, at: int) -> Iterator[Reason]:
    """OOMPolicy=stop (systemd.service(5)), which is the default."""
    unit = case.death.process.unit
    struck = [
        moment(one)
        for one in case.near
        if isinstance(one, Signal)
        and one.origin == "oom"
        and one.target is not None
        and one.target.unit is not None
        and one.target.unit == unit
    ]
    struck += [moment(one) for one in case.unit_says if one.what == "oom notice"]
    for time in struck:
        if not 0 <= at - time <= AT_ONCE:
            continue
        words = f"the OOM killer had struck in its unit {span(at - time)} before: that stops the unit (OOMPolicy=)"
        yield Reason(time, words, at - time <= _PROMPTLY)
