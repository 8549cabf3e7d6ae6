"""What others say of a death proves: its manager, the kernel's log, its own exit, a command beside it."""

from __future__ import annotations

from tracer.model.event import Exit, Signal, Statement, moment
from tracer.model.frozen import replace
from tracer.model.managers import may_be_one_managers
from tracer.model.signals import NUMBERS, name_of
from tracer.model.text import printable, shown
from tracer.model.times import SECOND, span
from tracer.model.witness import BLIND
from tracer.why.answers import by_itself_long_after, taken_by
from tracer.why.behind import behind, who_asked
from tracer.why.case import AT_ONCE, ENDS_NOTHING, JOINED, is_one, names
from tracer.why.deaths import may_be_a_units
from tracer.why.finding import (
    ABRT,
    CHILD,
    FAULTS,
    HUP,
    KILL,
    MANAGER_SAYS,
    REQUESTS,
    STOPPING,
    TERM,
    UNASKED,
    Finding,
    asker,
    exits_of,
    is_answer_to_a_request,
    managers_words,
    of_session,
    stop_by_description,
    words_of_some_run,
)
from tracer.why.present import is_told_by_its_state_alone
from tracer.why.ran import by_a_command_beside_it
from tracer.why.recorded import found_by, is_itself
from tracer.why.runs import BEGINS, has_begun_since
from tracer.why.runtimes import speaker
from tracer.why.tellings import OWN_WORDS, TELLS_OF_A_UNITS_END, has_failed, is_own_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Process
    from tracer.why.case import Case
    from tracer.why.finding import Witness


_UNSENT = "who sent the signal is not recorded"


def by_the_managers_words(case: Case) -> Finding | None:
    """The manager of this unit says why it ended it, and that it was killed so."""
    if case.number is None:
        return None
    said = managers_words(case, case.number)
    if said is None:
        return None
    cause, statement = said
    asked_at = case.said("stop asked")
    at = statement.time if asked_at is None or asked_at.time is None else asked_at.time
    asked = None if at is None or cause in UNASKED else who_asked(case, at)
    who = behind(speaker(statement), asker(asked))
    # Anybody may write a supervisor's words (tracer.statements.supervisors).
    is_of_it = _is_of_this_process(case, statement) and statement.what != CHILD
    doubt = _of_a_late_kill(case, statement) if is_of_it else _why_likely(statement)
    doubt = doubt or _of_another_signal(case, statement)
    story = tuple(one for one in (asked, asked_at, statement) if one is not None)
    return Finding(
        cause, "likely" if doubt else "yes", (statement, *exits_of(case)), who,
        (doubt,) if doubt else (), None, story,
    )  # fmt: skip


def _of_a_late_kill(case: Case, statement: Statement) -> str | None:
    """What is open of a SIGKILL long after the words: when the time to stop has run out, too, systemd says so before it sends it
    (service_dispatch_timer(), src/core/service.c)."""
    late = case.death.time - moment(statement)
    if case.number != KILL or statement.what not in _ASKS_FIRST or late <= AT_ONCE:
        return None
    if case.said("stop timeout", within=2 * SECOND) is not None:
        return None
    return f"SIGKILL came {span(late)} after its manager said that, and that it sent this, too, is not told"


def _of_another_signal(case: Case, statement: Statement) -> str | None:
    """What is open of a memory guard's word: that it did what it meant to, and with SIGKILL where it had said SIGTERM."""
    if (statement.details or {}).get("done") is False:
        return "that it was to be killed is told, and not that it was"
    if statement.what == "oom kill" and statement.number not in (None, case.number):
        return f"{name_of(statement.number)} is what it said it sent"
    return None


# At what a manager asks a unit to end, and sends SIGKILL later.
_ASKS_FIRST = frozenset(("watchdog", "start timeout", "runtime limit"))


def _why_likely(statement: Statement) -> str:
    if statement.what == CHILD:
        return "its supervisor's log says so: what proves who wrote that is not in it"
    return "joined by its unit: others of it may be meant"


def _is_of_this_process(case: Case, statement: Statement) -> bool:
    """Whether it is the manager's own main process that is told of: its exit line says so, or the pid does."""
    about = statement.about
    if about is not None and about.pid is not None:
        return about.pid == case.death.process.pid
    if about is not None and about.container is not None:
        return case.death.reported is not None
    return any(
        isinstance(one, Exit) and one.process.unit is not None and one.source in BLIND
        for one in case.death.tellings
    )


def by_the_exits_own_record(case: Case) -> Finding | None:
    """It ended by itself, with a status."""
    death = case.death
    if death.status is None:
        return None
    if taken_by(case) is not None:
        return by_itself_long_after(case)
    stopped = _as_it_was_asked(case)
    if stopped is not None:
        return stopped
    words = managers_words(case, None, of_programs=not _is_seen_unasked(case))
    if words is not None:
        cause, statement = words
        why = (f"it exited with status {death.status} after that",)
        evidence: tuple[Witness, ...] = (statement, *exits_of(case))
        return Finding(
            cause, "likely", evidence, behind(speaker(statement)), why, None, (statement,)
        )
    if not any(one.source in JOINED for one in exits_of(case)):
        beside = by_a_command_beside_it(case)
        if beside is not None:
            return beside
    doubt = words_of_some_run(case)
    if doubt is not None and not _is_refuted(case, doubt):
        why = (f"whether its manager ended this run or the one before is not told ({doubt.what})",)
        return Finding("exit", "likely", (*exits_of(case), doubt), None, why)
    if is_answer_to_a_request(case):
        return _of_an_answer(case)
    if is_told_by_its_state_alone(case):
        why = (
            "its manager's state alone tells of it: whether somebody asked it to end is not known",
        )
        return Finding("exit", "likely", exits_of(case), None, why)
    return Finding("exit", "yes", exits_of(case))


def _as_it_was_asked(case: Case) -> Finding | None:
    """It exited while its manager was stopping it."""
    stop = case.said("stop asked", within=STOPPING)
    if stop is None or _is_refuted(case, stop):
        return None
    asked = None if stop.time is None else who_asked(case, stop.time)
    who = behind(speaker(stop), asker(asked))
    story = tuple(one for one in (asked, stop) if one is not None)
    is_own = is_own_word(stop)
    sure = "likely" if is_own or case.death.joined == "time" else "yes"
    why = (OWN_WORDS,) if is_own else ()
    return Finding("stop", sure, (stop, *exits_of(case)), who, why, None, story)


def _is_refuted(case: Case, said: Statement) -> bool:
    """Whether a program alone says that it was asked to end."""
    return is_own_word(said) and _is_seen_unasked(case)


def _is_seen_unasked(case: Case) -> bool:
    """Whether signals were watched, and none came."""
    came = any(one.sender and not is_itself(one.sender, case.death.process) for one in case.sent)
    return not came and any(one.source in JOINED for one in exits_of(case))


def _of_an_answer(case: Case) -> Finding:
    """Its status is 128 and the number of a request to end: its own answer to one, which none who could tell it saw."""
    stop = stop_by_description(case)
    if stop is not None:
        words = printable(str((stop.details or {}).get("description")))
        why = (f"its manager was stopping {words!r}: joined by those words and time",)
        return Finding("stop", "likely", (stop, *exits_of(case)), None, why, None, (stop,))
    why = ("whether somebody asked it to end was not watched",)
    return Finding("exit", "likely", exits_of(case), None, why)


def by_a_stop_that_was_asked(case: Case) -> Finding | None:
    """The manager was stopping the unit, and its signal to end is what the process died of."""
    stop = case.said("stop asked", within=STOPPING)
    if stop is None or case.number not in (None, *REQUESTS) or case.death.status is not None:
        return None
    asked = None if stop.time is None else who_asked(case, stop.time)
    if asked is None and case.going_down() is not None:
        # Then the host's end is why it was stopped.
        return None
    who = behind(speaker(stop), asker(asked))
    story = tuple(one for one in (asked, stop) if one is not None)
    cause = of_session(case, "stop")
    why = (f"its unit was being stopped when it died; {_UNSENT}",)
    return Finding(cause, "likely", (stop, *exits_of(case)), who, why, None, story)


def by_the_shutdown(case: Case) -> Finding | None:
    """The host was going down."""
    said = case.going_down()
    if said is None or case.number not in (None, TERM, KILL, HUP) or case.death.status is not None:
        return None
    why = (f"the host was going down when it died; {_UNSENT}",)
    return Finding("shutdown", "likely", (said, *exits_of(case)), None, why, None, (said,))


def by_the_units_failure(case: Case) -> Finding | None:
    """Its manager says why it ended the unit, and that it is over; of its processes nothing."""
    told = [one for one in case.death.tellings if isinstance(one, Statement)]
    failed = [one for one in told if has_failed(one)]
    if case.number is not None or case.death.status is not None:
        return None
    if not failed:
        return _by_a_clients_signal(case, told)
    # Its end is told twice up to v234 ("entered failed state"): what begins a run alone stands between two.
    begun = max((moment(one) for one in case.unit_says if one.what in BEGINS and not case.is_over(one.time)), default=0)  # fmt: skip
    for what, cause, _, within in MANAGER_SAYS:
        for said in case.unit_says:
            if what in _ENDS_A_UNIT and said.what == what and moment(said) >= begun and case.is_before(said.time, within):  # fmt: skip
                why = ("how its processes ended is not told",)
                return Finding(cause, "likely", (said, *failed), behind(speaker(said)), why, None, (said,))  # fmt: skip
    return None


def _by_a_clients_signal(case: Case, ended: list[Statement]) -> Finding | None:
    """A client had the manager send a request to end, and the unit ended well: then it writes no line about the process."""
    said = case.said("killed on client request", within=AT_ONCE)
    if said is None or said.number not in REQUESTS or not any(one.what in TELLS_OF_A_UNITS_END for one in ended):  # fmt: skip
        return None
    asked = None if said.time is None else who_asked(case, said.time)
    who = behind(said.by, asker(asked))
    why = (
        "a client had it sent, and the unit ended well at once; how its processes did is not told",
    )
    story = tuple(one for one in (asked, said) if one is not None)
    return Finding("killed", "likely", (said, *ended), who, why, None, story)


# Of what a manager says, that of which a unit fails with "timeout" or "watchdog".
_ENDS_A_UNIT = frozenset(("watchdog", "start timeout", "runtime limit", "stop timeout"))


def by_the_next_boot(case: Case) -> Finding | None:
    """Its host booted, and nothing tells of a shutdown before that (tracer.why.lost)."""
    told = [one for one in case.death.tellings if isinstance(one, Statement)]
    if not any(one.what == "boot" for one in told):
        return None
    why = ("no shutdown is logged before that boot; when the host went down is not known",)
    return Finding("host lost", "likely", tuple(told), None, why, None, tuple(told))


# What a signal says by itself, where nothing tells who sent it.
_BY_NUMBER = {
    **dict.fromkeys(FAULTS, "crash"),
    ABRT: "abort",
    NUMBERS["XCPU"]: "limit",
    NUMBERS["XFSZ"]: "limit",
    NUMBERS["PIPE"]: "pipe",
    NUMBERS["ALRM"]: "timer",
    NUMBERS["VTALRM"]: "timer",
    NUMBERS["PROF"]: "timer",
    NUMBERS["SYS"]: "seccomp",
}


def by_a_signal_to_its_name(case: Case) -> Finding | None:
    """The pid that died is not told, and a signal to a process of the unit's name is, of that number, at that moment. Where
    several were sent, by others or for other reasons, nobody can tell which of them was to the unit's."""
    process = case.death.process
    if process.pid is not None or process.tid is not None or case.number is None:
        return None
    meant = names(process)
    fitting = [
        signal
        for signal in case.near
        if isinstance(signal, Signal)
        and signal.number == case.number
        and signal.target is not None
        and not meant.isdisjoint(names(signal.target))
        and _may_be_of_its_unit(signal.target, process)
        and signal.outcome not in ENDS_NOTHING
        and all(may_be_one_managers(signal, end) for end in exits_of(case))
        and case.is_before(signal.time, 2 * SECOND, after=SECOND // 5)
        and not has_begun_since(signal, case.death, case.unit_says)
    ]
    if len({(one.origin, one.sender and one.sender.pid) for one in fitting}) != 1:
        return None
    signal = fitting[-1]
    return None if signal.target is None else _by_name(case, signal, signal.target)


def _may_be_of_its_unit(target: Process, process: Process) -> bool:
    if process.unit is None or target.unit == process.unit:
        return True
    return may_be_a_units(target)


def _by_name(case: Case, signal: Signal, target: Process) -> Finding | None:
    found = found_by(case, signal)
    if found is None:
        return None
    failed = [
        one
        for one in case.near
        if isinstance(one, Statement) and one.what == "memory failure" and is_one(one.about, target)
    ]
    cause = "hardware" if failed else found.cause
    comm = shown(target.comm or b"-")
    doubt = f"the {comm} in the line of that kill is not known to be of this unit"
    return replace(found, cause=cause, confidence="likely", why=(*found.why, doubt))


def by_the_signal_alone(case: Case) -> Finding | None:
    """It died of a signal that hardly anybody sends to others: its own doing, or the kernel's."""
    cause = _BY_NUMBER.get(case.number or 0)
    if cause is None or by_a_signal_to_its_name(case) or by_a_command_beside_it(case):
        return None
    if managers_words(case, case.number) is not None:
        return None
    said = case.said("core dumped", within=AT_ONCE)
    why = (f"{_UNSENT}: such signals come of the process's own doing",)
    evidence = (*exits_of(case), *(() if said is None else (said,)))
    return Finding(cause, "likely", evidence, None, why)
