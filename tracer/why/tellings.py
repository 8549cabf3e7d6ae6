"""What one witness tells of an end: an event → a death, or none."""

from __future__ import annotations

from tracer.model.event import Exit, Process, Signal, Statement
from tracer.model.frozen import frozen, replace
from tracer.model.names import UNITS_WITH_PROCESSES
from tracer.model.signals import NUMBERS
from tracer.model.times import SECOND
from tracer.model.witness import LOGS, SAID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from tracer.model.event import Event

# What is said of a process that has ended, besides an Exit.
TELLS_OF_A_DEATH = frozenset(("core dumped", "child lost", "crashed"))
# Above this an exit code that a runtime tells is a signal's number, or a status of the process's own (128 + n).
OF_A_SIGNAL = 128
# What is said of a unit that has ended well: of exit status 0, SIGHUP, SIGINT, SIGTERM and SIGPIPE (systemd.service(5),
# "SuccessExitStatus=") systemd writes no line about the process.
TELLS_OF_A_UNITS_END = frozenset(("unit succeeded", "stopped"))
# What programs say of themselves and of their children, in words that anybody may write (tracer.statements.supervisors).
_OF_PROGRAMS = frozenset(("child lost", "child killed", "child timeout", "crashed"))
OWN_WORDS = "a program's own log alone tells of it"
# So long an OOM daemon waits for one that it killed: earlyoom 10 s (kill_wait(), kill.c).
GUARDED = 30 * SECOND
# So long a process may outlive a SIGKILL, and be seen to.
LIVED = 900 * SECOND
KILL, SEGV = NUMBERS["KILL"], NUMBERS["SEGV"]


@frozen
class Death:
    """One end: when, of whom, how, and the events that tell of it. ``joined`` says by what, where that is not the pid.
    ``reported`` is a container's exit code that may stand for a signal. ``hearsay``: programs' own words alone tell how it
    ended; beside what is surer ``words`` are some of them, and of the calls that met it dead.
    """

    time: int
    process: Process
    number: int | None = None
    status: int | None = None
    core: bool | None = None
    host: str | None = None
    tellings: tuple[Exit | Signal | Statement, ...] = ()
    joined: str | None = None
    reported: int | None = None
    hearsay: bool = False
    words: tuple[Exit | Signal | Statement, ...] = ()


def is_believed(event: Event) -> bool:
    """Anybody may write a line into a log: what its speaker cannot know proves nothing (tracer.statements)."""
    return type(event) is not Statement or event.believed is not False


def is_own_word(said: Statement) -> bool:
    """Whether a program says it of itself, or of a child."""
    return said.what in _OF_PROGRAMS or (
        said.what == "stop asked" and "child" in (said.details or {})
    )


def line_of(event: Exit | Signal | Statement) -> Hashable:
    """The line that an event was read of first; of one that has no place, its moment."""
    place = event.places[-1] if event.places else event.place
    return event.host, place or event.time


def without_failed(events: Iterable[Event]) -> list[Event]:
    """The events but for kills that were announced, and of which the speaker then said that they failed, or were not meant (a
    dry run): in the words of one kill it is the one before."""
    events = list(events)
    gone: set[Hashable] = set()
    last: dict[Hashable, Signal] = {}
    for one in events:
        if isinstance(one, Signal) and one.source in SAID and one.sender is not None:
            last[one.host, one.sender.pid, one.sender.comm] = one
        elif isinstance(one, Statement) and one.what == "kill failed" and one.by is not None:
            sent = last.get((one.host, one.by.pid, one.by.comm))
            if sent is not None and _is_of_that_kill(one, sent):
                gone.add(line_of(sent))
    if not gone:
        return events
    return [one for one in events if not (isinstance(one, (Signal, Statement)) and line_of(one) in gone)]  # fmt: skip


def _is_of_that_kill(failed: Statement, sent: Signal) -> bool:
    target = None if sent.target is None else sent.target.pid
    about = None if failed.about is None else failed.about.pid
    is_soon = failed.time is None or sent.time is None or 0 <= failed.time - sent.time <= 2 * SECOND
    return is_soon and (about is None or about == target)


def own_words(events: Iterable[Event]) -> frozenset[Hashable]:
    """The lines that are programs' own words."""
    return frozenset(
        line_of(one) for one in events if isinstance(one, Statement) and is_own_word(one)
    )


def told_by(event: Event) -> Death | None:
    if isinstance(event, Exit) and event.time is not None:
        return Death(
            event.time, event.process, event.number, event.status, event.core, event.host, (event,)
        )
    if (
        isinstance(event, Signal)
        and event.time is not None
        and event.target is not None
        and _ends_it(event, event.target)
    ):
        return Death(event.time, event.target, event.number, host=event.host, tellings=(event,))
    if (
        isinstance(event, Statement)
        and event.what in TELLS_OF_A_DEATH
        and event.time is not None
        and (about := event.by if event.what == "crashed" and event.about is None else event.about)
        and (event.number is not None or event.what == "core dumped")
    ):
        is_core = event.what == "core dumped" and (event.details or {}).get("stored") is not False
        core = True if is_core else None
        return Death(event.time, about, event.number, core=core, host=event.host, tellings=(event,))
    if isinstance(event, Statement) and is_a_choice(event):
        return _of_a_choice(event)
    if isinstance(event, Statement) and event.what == "container ended":
        return _of_container(event)
    if (
        isinstance(event, Statement)
        and (event.what in TELLS_OF_A_UNITS_END or has_failed(event))
        and event.time is not None
        and event.about is not None
        and (event.about.unit or b"").endswith(UNITS_WITH_PROCESSES)
    ):
        return Death(event.time, Process(unit=event.about.unit, invocation=event.about.invocation),
                     host=event.host, tellings=(event,))  # fmt: skip
    return None


def is_killed_by_filter(signal: Signal) -> bool:
    """Whether a seccomp filter has not let it go on; what traps may be handled."""
    return signal.seccomp is not None and (signal.seccomp.action or "").startswith("kill")


def is_a_choice(said: Statement) -> bool:
    """Whether it is an OOM report without the line that its victim was killed."""
    return said.what == "oom report" and (said.details or {}).get("killed") is False


def _of_a_choice(said: Statement) -> Death | None:
    """Of a report that has no "Killed process" whom it chose: whom the summary names, or the line of its intent."""
    about, details = said.about, said.details or {}
    if about is None and isinstance(chosen := details.get("chosen_pid"), int):
        about = Process(chosen, comm=str(details.get("chosen", "")).encode() or None)
    if about is None or about.pid is None or said.time is None:
        return None
    return Death(said.time, about, KILL, host=said.host, tellings=(said,))


def has_failed(said: Statement) -> bool:
    """Whether a unit is over because its manager ended it: of SIGTERM, which that sends, it writes no line about the process
    (service_sigchld_event(), src/core/service.c); or because the OOM killer struck in it, and its manager ended the rest."""
    return said.what == "unit failed" and (said.details or {}).get("result") in _ENDED


_ENDED = frozenset(("timeout", "watchdog", "oom-kill"))


def _of_container(said: Statement) -> Death | None:
    """A code up to 128 is the status; one without a code is 0 (containerd), where its runtime tells codes at all."""
    if said.time is None or said.about is None:
        return None
    code = (said.details or {}).get("status", 0)
    if not isinstance(code, int):
        return None
    is_signal = code > OF_A_SIGNAL
    return Death(
        said.time, said.about, status=None if is_signal else code, host=said.host, tellings=(said,),
        reported=code if is_signal else None,
    )  # fmt: skip


def _ends_it(signal: Signal, target: Process) -> bool:
    """Whether a signal by itself says that its target is dead: SIGKILL to a process, that nothing kept from it; a fault
    that a log tells, for the kernel logs those alone that nobody handles (unhandled_signal(), kernel/signal.c)."""
    if signal.origin == "fault" and signal.outcome is None:
        return key_of(target) is not None
    if signal.source in LOGS and signal.origin == "kernel" and signal.number == SEGV:
        # Of a log: who made the kernel itself fail (make_task_dead(), kernel/exit.c).
        return key_of(target) is not None
    if signal.source in LOGS and is_killed_by_filter(signal):
        # An audit record has a number only of what ends (__seccomp_filter(), kernel/seccomp.c).
        return target.pid is not None
    return (signal.number == KILL and target.pid is not None) and (
        signal.origin == "oom" or (signal.outcome in ("delivered", None) and not signal.why)
    )


def key_of(process: Process) -> int | None:
    """By what tellings of one process are found: its pid, or the thread that alone is known (a fault in a kernel's log)."""
    return process.tid if process.pid is None else process.pid


def without_survivors(told: list[Death], events: Iterable[Event]) -> list[Death]:
    """Those but the ones of which a SIGKILL alone tells, and later their manager that they live on: in the kernel a
    process may wait so that nothing ends it (state D, proc(5))."""
    lived: dict[tuple[str | None, int | None], int] = {
        (one.host, one.about.pid): one.time
        for one in events
        if isinstance(one, Statement) and one.what == "survivor" and one.time is not None
        if one.about is not None and one.about.pid is not None
    }
    if not lived:
        return told
    units = {
        (one.host, one.about.unit, one.time)
        for one in events
        if isinstance(one, Statement) and one.what == "survivor" and one.about is not None
    }
    told = [one for one in told if not (one.number is None and (one.host, one.process.unit, one.time) in units)]  # fmt: skip
    return [
        one
        for one in told
        if not (is_only_sent(one) and 0 <= lived.get((one.host, one.process.pid), -1) - one.time <= LIVED)
    ]  # fmt: skip


def is_only_sent(death: Death) -> bool:
    """Whether nothing tells of an end but a signal that was sent, which is taken to have ended its target."""
    return all(isinstance(one, Signal) and one.origin == "user" for one in death.tellings)


def is_call_alone(death: Death) -> bool:
    """Whether nothing tells of an end but signals that somebody sent."""
    return all(isinstance(one, Signal) and one.sender is not None for one in death.tellings)


def by_guards(events: Iterable[Event]) -> list[Death]:
    """The ends of those whom an OOM daemon killed, and says to be gone: of which it speaks is told by its words before."""
    victims: dict[tuple[str | None, int | None, bytes | None], Statement] = {}
    found = []
    for one in events:
        if not isinstance(one, Statement) or one.time is None:
            continue
        by = one.by or Process()
        key = one.host, by.pid, by.comm
        if one.what == "oom kill" and one.about is not None and one.about.pid is not None:
            victims[key] = one
        elif one.what == "oom kill" and one.number is not None and key in victims:
            victims[key] = replace(victims[key], number=one.number)
        elif one.what == "victim ended" and (killed := victims.pop(key, None)) is not None:
            about = killed.about
            if about is not None and one.time - (killed.time or 0) <= GUARDED:
                found.append(Death(one.time, about, killed.number, host=one.host, tellings=(one,)))
    return found
