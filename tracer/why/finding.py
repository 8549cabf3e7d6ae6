"""What a rule finds, and what several rules share: which signals ask, which managers say why."""

from __future__ import annotations

from tracer.model.event import Exec, Exit, Signal, Statement
from tracer.model.frozen import frozen
from tracer.model.signals import NUMBERS
from tracer.model.times import SECOND
from tracer.model.witness import BLIND
from tracer.why.case import AT_ONCE
from tracer.why.commands import command_of
from tracer.why.deaths import FAULTS as FAULTS
from tracer.why.deaths import OF_A_SIGNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    from tracer.model.event import Process
    from tracer.model.verdict import Who
    from tracer.why.case import Case
    from tracer.why.deaths import Death

    Witness = Union[Signal, Exit, Statement, Exec]

TERM, KILL, ABRT, INT, HUP, QUIT, CONT = (
    NUMBERS[name] for name in ("TERM", "KILL", "ABRT", "INT", "HUP", "QUIT", "CONT")
)
# Signals with which somebody asks a process to end.
REQUESTS = frozenset((TERM, INT, HUP, QUIT))


# So long before an end a stop that was asked for may have led to it.
STOPPING = 120 * SECOND
# Words of a description that tell no unit from another.
_COMMON_WORDS = frozenset(("the", "and", "for", "service", "server", "daemon", "system", "systemd", "process", "linux"))  # fmt: skip


# Memory guards in user space, and what ends sessions, by comm.
GUARDS = frozenset((b"earlyoom", b"systemd-oomd", b"nohang", b"oomd", b"bustd"))
SHUTTERS = frozenset(
    (b"systemd-shutdow", b"systemd-shutdown", b"killall5", b"halt", b"reboot", b"shutdown")
)
# What a supervisor says of a child that it ends for not answering.
CHILD = "child timeout"
_CLIENT = "killed on client request"
# What a manager does by itself: nobody has asked for it.
UNASKED = frozenset(
    ("watchdog", "start timeout", "runtime limit", "reload timeout", "user oom killer")
)
# What a manager says why it sends, the most telling first: the statement, the cause, which ends fit.
MANAGER_SAYS: tuple[tuple[str, str, frozenset[int], int], ...] = (
    ("watchdog", "watchdog", frozenset((ABRT, KILL, TERM)), 120 * SECOND),
    ("start timeout", "start timeout", frozenset((TERM, KILL, ABRT, INT)), 120 * SECOND),
    ("runtime limit", "runtime limit", frozenset((TERM, KILL, ABRT)), 120 * SECOND),
    ("reload timeout", "reload timeout", frozenset((KILL, TERM)), AT_ONCE),
    ("stop timeout", "stop timeout", frozenset((KILL, ABRT, TERM)), AT_ONCE * 6),
    (_CLIENT, "killed", frozenset(range(1, 65)), AT_ONCE),
    (CHILD, "watchdog", frozenset((ABRT, KILL, TERM)), 120 * SECOND),
    ("oom kill", "user oom killer", frozenset((KILL, TERM)), 30 * SECOND),
    ("session ended", "session end", frozenset((TERM, KILL, HUP)), 30 * SECOND),
)  # fmt: skip


@frozen
class Finding:
    """A cause with its evidence. ``who`` is behind it; ``why`` are sentences; ``unasked``: its manager did it by itself.
    ``number``: the signal that it died of, where wait(2) tells another."""

    cause: str
    confidence: str
    evidence: tuple[Witness, ...] = ()
    who: Who | None = None
    why: tuple[str, ...] = ()
    signal: Signal | None = None
    story: tuple[Witness, ...] = ()
    unasked: bool = False
    number: int | None = None


def asker(asked: Exec | Statement | None) -> Process | None:
    return None if asked is None else command_of(asked)


def managers_words(
    case: Case, number: int | None, *, of_programs: bool = True
) -> tuple[str, Statement] | None:
    """Why its manager ended it with a signal; None: the end is a status, which answers a request of this very run alone.
    ``of_programs``: what a supervisor says counts, too."""
    for what, cause, numbers, within in MANAGER_SAYS:
        if what == CHILD and not of_programs:
            continue
        if cause == "reload timeout" and not _is_of_control(case):
            # What reloads is ended so, and the unit lives on (service_dispatch_timer(), src/core/service.c).
            continue
        for said in case.all_said(what, within=within):
            if number is None:
                fits = _may_be_answered(case, said) and _is_of_this_run(case, said, within)
            else:
                fits = _is_done(said) and number in _numbers_of(said, numbers)
            # A session is over when its leader has died, whatever of (session_stop(), src/login/logind-session.c).
            if what == "session ended" and case.is_over(said.time):
                fits = False
            if fits:
                return (of_session(case, cause) if cause == "stop timeout" else cause), said
    return None


def words_of_some_run(case: Case) -> Statement | None:
    """Why its manager ended this run or the one before, where a log does not tell which of them was meant."""
    for what, _, _, within in MANAGER_SAYS:
        for said in case.all_said(what, within=within):
            is_open = within > AT_ONCE and None in (_run_of(said), case.death.process.invocation)
            if is_open and _may_be_answered(case, said):
                return said
    return None


def _is_done(said: Statement) -> bool:
    """Whether a manager did what it speaks of."""
    return not (said.details or {}).get("ignored")


def _numbers_of(said: Statement, numbers: frozenset[int]) -> frozenset[int]:
    """The signals with which it did that: a client asks for one."""
    is_told = said.what == _CLIENT and said.number is not None
    return numbers & {said.number} if is_told else numbers


def _may_be_answered(case: Case, said: Statement) -> bool:
    """Whether an exit by status may be the answer: to a request to end, before it."""
    asks = REQUESTS if said.what == _CLIENT else (None, ABRT, *REQUESTS)
    return _is_done(said) and said.number in asks and not case.is_over(said.time)


def _is_of_this_run(case: Case, said: Statement, within: int) -> bool:
    """Whether the run that ended is meant. What was said long before may be of the run before: a log without
    invocations does not tell."""
    about, process = said.about, case.death.process
    is_its_own = about is not None and about.pid is not None and about.pid == process.pid
    is_of_a_scope = (process.unit or b"").endswith(b".scope")  # It is never started again.
    is_of_this_run = process.invocation is not None and _run_of(said) == process.invocation
    return within <= AT_ONCE or is_its_own or is_of_a_scope or is_of_this_run


def _run_of(said: Statement) -> bytes | None:
    return None if said.about is None else said.about.invocation


def is_answer_to_a_request(case: Case) -> bool:
    """Whether its status is what a program may exit with that a signal asked to end, and nobody watched signals."""
    death = case.death
    return (death.status or 0) - OF_A_SIGNAL in REQUESTS and all(
        one.source in BLIND for one in death.tellings
    )


def stop_by_description(case: Case) -> Statement | None:
    """A stop job just before the end, of which a text log has the unit's description alone, where that and the unit's
    name have a word in common."""
    unit = case.death.process.unit
    meant = words_in((unit or b"").rpartition(b".")[0].decode("utf-8", "replace"))
    for said in reversed(case.near):
        if (
            isinstance(said, Statement)
            and said.what == "stop asked"
            and said.about is None
            and case.is_before(said.time, STOPPING, after=0)
            and not meant.isdisjoint(words_in(str((said.details or {}).get("description", ""))))
        ):
            return said
    return None


def words_in(text: str) -> frozenset[str]:
    """The words of a name or a description that may tell a unit from others."""
    letters = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    return frozenset(word for word in letters.split() if len(word) > 2) - _COMMON_WORDS


def of_session(case: Case, cause: str) -> str:
    """What stops a login session's scope ends the session."""
    unit = case.death.process.unit or b""
    return "session end" if unit.startswith(b"session-") and unit.endswith(b".scope") else cause


def exits_of(case: Case) -> tuple[Exit, ...]:
    return tuple(one for one in case.death.tellings if isinstance(one, Exit))


def _is_of_control(case: Case) -> bool:
    """Whether its manager tells of this end as of a control process."""
    return kind_of_process(case.death, case.unit_says) == "control"


def kind_of_process(death: Death, unit_says: Iterable[Statement]) -> str | None:
    """What its manager calls the process that ended: main, control, mount. The same line says both."""
    places = [
        one.place for one in death.tellings if isinstance(one, Exit) and one.place is not None
    ]
    told = (one for one in unit_says if one.what == "process exited" and one.place in places)
    return next((str((one.details or {}).get("kind", "")).lower() or None for one in told), None)
