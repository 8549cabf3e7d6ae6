"""What a rule finds, and what several rules share: which signals ask, which managers say why."""

from __future__ import annotations

from tracer.model.event import Exec, Exit, Signal, Statement
from tracer.model.frozen import frozen
from tracer.model.signals import NUMBERS
from tracer.model.times import SECOND
from tracer.why.behind import command_of
from tracer.why.case import AT_ONCE
from tracer.why.deaths import FAULTS as FAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from tracer.model.event import Process
    from tracer.model.verdict import Who
    from tracer.why.case import Case

    Witness = Union[Signal, Exit, Statement, Exec]

TERM, KILL, ABRT, INT, HUP, QUIT = (
    NUMBERS[name] for name in ("TERM", "KILL", "ABRT", "INT", "HUP", "QUIT")
)
# Signals with which somebody asks a process to end.
REQUESTS = frozenset((TERM, INT, HUP, QUIT))


# Memory guards in user space, and what ends sessions, by comm.
GUARDS = frozenset((b"earlyoom", b"systemd-oomd", b"nohang", b"oomd", b"bustd", b"below"))
SHUTTERS = frozenset(
    (b"systemd-shutdow", b"systemd-shutdown", b"killall5", b"halt", b"reboot", b"shutdown")
)
# What a manager says why it sends, the most telling first: the statement, the cause, which ends fit.
MANAGER_SAYS: tuple[tuple[str, str, frozenset[int], int], ...] = (
    ("watchdog", "watchdog", frozenset((ABRT, KILL, TERM)), 120 * SECOND),
    ("start timeout", "start timeout", frozenset((TERM, KILL, ABRT, INT)), 120 * SECOND),
    ("runtime limit", "runtime limit", frozenset((TERM, KILL, ABRT)), 120 * SECOND),
    ("reload timeout", "reload timeout", frozenset((KILL, TERM)), AT_ONCE),
    ("stop timeout", "stop timeout", frozenset((KILL, ABRT, TERM)), AT_ONCE * 6),
    ("killed on client request", "killed", frozenset(range(1, 65)), AT_ONCE),
    ("oom kill", "user oom killer", frozenset((KILL, TERM)), 30 * SECOND),
    ("session ended", "session end", frozenset((TERM, KILL, HUP)), 30 * SECOND),
)  # fmt: skip


@frozen
class Finding:
    """A cause with its evidence. ``who`` is behind it; ``why`` are sentences; ``also`` would fit as well."""

    cause: str
    confidence: str
    evidence: tuple[Witness, ...] = ()
    who: Who | None = None
    why: tuple[str, ...] = ()
    signal: Signal | None = None
    story: tuple[Witness, ...] = ()


def asker(asked: Exec | Statement | None) -> Process | None:
    return None if asked is None else command_of(asked)


def managers_words(case: Case, number: int | None) -> tuple[str, Statement] | None:
    for what, cause, numbers, within in MANAGER_SAYS:
        said = case.said(what, within=within)
        if said is not None and (number is None or number in numbers):
            if cause == "reload timeout" and not _is_of_control(case):
                # What reloads is ended so, and the unit lives on (service_dispatch_timer(), src/core/service.c).
                continue
            return (of_session(case, cause) if cause == "stop timeout" else cause), said
    return None


def of_session(case: Case, cause: str) -> str:
    """What stops a login session's scope ends the session."""
    unit = case.death.process.unit or b""
    return "session end" if unit.startswith(b"session-") and unit.endswith(b".scope") else cause


def exits_of(case: Case) -> tuple[Exit, ...]:
    return tuple(one for one in case.death.tellings if isinstance(one, Exit))


def _is_of_control(case: Case) -> bool:
    """Whether its manager tells of this end as of a control process: the same line says both."""
    places = [one.place for one in exits_of(case) if one.place is not None]
    return any(
        said.what == "process exited"
        and said.place in places
        and str((said.details or {}).get("kind", "")).lower() == "control"
        for said in case.unit_says
    )
