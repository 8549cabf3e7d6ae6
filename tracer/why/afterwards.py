"""What was before a death and what came of it: when its unit was started, and again, and who found it gone."""

from __future__ import annotations

from tracer.model.event import Failed, Statement, moment
from tracer.model.signals import name_of
from tracer.model.text import printable, shown
from tracer.model.times import SECOND, span
from tracer.sinks.words import name
from tracer.why.deaths import is_coarse
from tracer.why.present import became

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.why.case import Case
    from tracer.why.tellings import Death

# So long after the end a start is one of its restarts.
_SOON = 120 * SECOND
_VERBS = {"restart scheduled": "began to start", "started": "started"}


def unit_started(case: Case) -> int | None:
    """When the run of its unit began (ns), where nothing tells when the process itself was born."""
    death = case.death
    if death.process.start is not None or _is_of_a_boot(death):
        return None
    begun = (moment(one) for one in case.all_said("started"))
    return next((time for time in begun if time < death.time), None)


def used(case: Case) -> str | None:
    """What the run of its unit had used, as its manager tells it at its end (v235+; the peak of memory v255+)."""
    for said in case.unit_says:
        after = moment(said) - case.death.time
        if said.what in _VERBS and after > 0:
            return None  # What follows is told of the next run.
        if said.what == "unit resources" and -SECOND < after <= _SOON:
            details = said.details or {}
            told = [told_of(details[key]) for key, told_of in _USED if key in details]
            return ", ".join(told) or None
    return None


def _bytes(count: object) -> str:
    """1.5G, as systemd writes it (format_bytes(), src/basic/format-util.c)."""
    size, unit = float(str(count)), "B"
    for unit in ("B", "K", "M", "G", "T"):
        if size < 1024 or unit == "T":
            break
        size /= 1024
    return f"{size:.1f}".removesuffix(".0") + unit


# Words of a text, numbers of a journal's fields.
_USED: tuple[tuple[str, Callable[[object], str]], ...] = (
    ("cpu", lambda cpu: f"{printable(str(cpu))} of CPU time"),
    ("cpu_ns", lambda cpu: f"{span(int(str(cpu)))} of CPU time"),
    ("memory_peak", lambda size: f"{printable(str(size))} of memory at the peak"),
    ("memory_peak_bytes", lambda size: f"{_bytes(size)} of memory at the peak"),
    ("swap_peak", lambda size: f"{printable(str(size))} of swap at the peak"),
    ("swap_peak_bytes", lambda size: f"{_bytes(size)} of swap at the peak"),
)


def then(case: Case) -> tuple[str, ...]:
    """A sentence; none where nothing tells."""
    said = _start_after(case)
    if said is None:
        return became(case)
    manager = said.by.comm if said.by is not None and said.by.comm else None
    who = "its manager" if manager is None else shown(manager)
    return (f"{who} {_VERBS[said.what]} it again {_later(case.death, moment(said))}",)


def _start_after(case: Case) -> Statement | None:
    """The first start after the end; where one was begun, the word that it was done, if no other was begun before."""
    begun: Statement | None = None
    for said in case.unit_says:
        if said.what not in _VERBS or not 0 <= moment(said) - case.death.time <= _SOON:
            continue
        if said.what == "started":
            return said
        if begun is not None:
            break
        begun = said
    return begun


def _later(death: Death, moment_: int) -> str:
    after = moment_ - death.time
    if after < SECOND and is_coarse(death):
        return "in the same second"
    return f"{span(after)} {'after that boot' if _is_of_a_boot(death) else 'later'}"


def _is_of_a_boot(death: Death) -> bool:
    """Whether its time is that of the next boot."""
    return any(isinstance(one, Statement) and one.what == "boot" for one in death.tellings)


def missed(case: Case) -> tuple[str, ...]:
    """That somebody found it gone: a child that asks with signal 0 whether its parent lives (kill(2), ESRCH)."""
    pid = case.death.process.pid
    for one in case.near:
        after = moment(one) - case.death.time
        if (
            isinstance(one, Failed) and one.error == "ESRCH" and 0 <= after <= _SOON
            and pid is not None and one.asked == pid
            and one.sender is not None and one.sender.ns_pid in (None, one.sender.pid)
        ):  # fmt: skip
            above = (one.sender.ppid, *(step.pid for step in one.sender.ancestors))
            child = ", a child," if pid in above else ""
            with_ = (
                ""
                if one.number is None
                else f" with {name_of(one.number)}"
                if one.number
                else " with signal 0"
            )
            who = name(one.sender).removesuffix("[-]")
            return (
                f"{span(after)} later {who}{child} found it gone ({one.call or 'kill'}{with_}: ESRCH)",
            )
    return ()
