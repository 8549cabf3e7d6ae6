"""What a command proves that was run when somebody died: that it may have sent the signal, and whose cron job ran it."""

from __future__ import annotations

from tracer.model.event import Ancestor, Exec, Statement
from tracer.model.frozen import replace
from tracer.model.names import last_part
from tracer.model.text import unplain
from tracer.model.times import SECOND
from tracer.why.behind import behind
from tracer.why.case import JOINED, names
from tracer.why.commands import chooses, command_of, is_line, kills, may_kill
from tracer.why.finding import REQUESTS, Finding, exits_of
from tracer.why.runs import has_begun_since, is_clock_set_between

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Process
    from tracer.why.case import Case

# So soon after cron began it a job is known by its user and the time: a longer one by its audit session.
_SOON = 10 * SECOND
BY_USER = "the cron job is matched by user and time alone"


def by_a_command_beside_it(case: Case) -> Finding | None:
    """Somebody ran a command that kills this pid or name, at that moment; or asks it to end, and it ended with a status."""
    death = case.death
    if case.number is None and death.status is None:
        return None
    numbers = REQUESTS if case.number is None else frozenset((case.number,))
    meant = names(death.process)
    for event in reversed(case.near):
        ran = command_of(event)
        if ran is None or ran.argv is None or event.time is None:
            continue
        assert isinstance(event, (Exec, Statement))
        before = death.time - event.time
        pid = death.process.ns_pid if is_apart(ran) else death.process.pid
        own = event.source if isinstance(event, Exec) and event.source in JOINED else None
        is_one_clock = any(one.source == own for one in death.tellings)
        if (
            (0 if is_one_clock else -SECOND // 5) <= before <= 2 * SECOND
            and is_seen_from(ran, death.process)
            and any(kills(ran.argv, one, pid, meant, is_line(event)) for one in numbers)
            and may_kill(event, ran, death.process)
            and not has_begun_since(event, death, case.unit_says)
            and not is_clock_set_between(event, death, case.near)
        ):
            return _by_it(case, event, ran, before)
    return None


def is_apart(process: Process) -> bool:
    """Whether it is in a pid namespace of its own: the numbers and names that it means are those in there."""
    return process.ns_pid not in (None, process.pid)


def is_seen_from(ran: Process, target: Process) -> bool:
    """Whether who runs a command sees a process: the host sees all, a container its own (pid_namespaces(7))."""
    return not is_apart(ran) or (ran.container is not None and ran.container == target.container)


def _by_it(case: Case, event: Exec | Statement, ran: Process, before: int) -> Finding:
    program = (ran.comm or b"a command").decode("utf-8", "backslashreplace")
    why = [f"{program} ran {_ago(before, event.time)}; the kill itself was not recorded"]
    if chooses(ran.argv or (), is_line(event)):
        why.append("its options choose among those of that name: it may have been another")
    return Finding(
        "killed", "likely", (event, *exits_of(case)), behind(ran), tuple(why), None, (event,)
    )


def with_job(case: Case, found: Finding) -> Finding:
    """The same; where it stands on sudo's line of a command that a cron job ran, with that job."""
    told = [one for one in (*found.evidence, *found.story) if isinstance(one, Statement)]
    said = next((one for one in told if one.what == "command asked"), None)
    job = None if said is None else cron_job(case, said)
    if said is None or job is None or found.who is None:
        return found
    key = "sender" if found.who.asked is None else "asked"
    ran = getattr(found.who, key)
    who = replace(found.who, via="cron", **{key: _below(ran, job)})
    doubt = () if _is_of_session(said, job) else (BY_USER,)
    return replace(
        found, who=who, why=(*found.why, *doubt), evidence=(*found.evidence, job), story=(job, *found.story)
    )  # fmt: skip


def cron_job(case: Case, said: Statement) -> Statement | None:
    """Cron's line of the job that sudo's command was a part of: of its audit session (cron begins one for each,
    pam_loginuid(8)), or the only one of its user just before, where nobody sat at a terminal."""
    if said.time is None:
        return None
    user, tty = _detail(said, "user"), _detail(said, "tty")
    jobs = [
        one
        for one in case.near
        if isinstance(one, Statement) and one.what == "cron ran" and _detail(one, "user") == user
        if one.time is not None and one.time <= said.time
    ]
    of_session = [one for one in jobs if _is_of_session(said, one)]
    if of_session or _session(said) is not None:
        return of_session[-1] if of_session else None
    soon = [
        one for one in jobs if said.time - (one.time or 0) <= _SOON and _may_be_below(said, one)
    ]
    is_alone = len(soon) == 1 and tty in (None, "unknown") and not _has_logged_in(case, user)
    return soon[0] if is_alone else None


def _may_be_below(said: Statement, job: Statement) -> bool:
    """Whether sudo's pid was given after that of the job's shell: as far as none was used again since."""
    own, above = (None if one.by is None else one.by.pid for one in (said, job))
    return own is not None and above is not None and own > above


def _has_logged_in(case: Case, user: object) -> bool:
    """Whether that user came by sshd, too, a while before: who has ssh run a command has no terminal either."""
    return any(
        isinstance(one, Statement) and one.what == "logged in" and _detail(one, "user") == user
        for one in case.near
    )


def _below(ran: Process, job: Statement) -> Process:
    """The command, with what cron ran above it: its line has the pid of the shell that runs the job (child_process(),
    do_command.c)."""
    words = tuple(unplain(word) for word in str(_detail(job, "command") or "").split())
    pid = None if job.by is None else job.by.pid
    if pid is None or not words:
        return ran
    above = Ancestor(pid, last_part(words[0])[:15], argv=words)
    return replace(ran, ancestors=(*ran.ancestors, above))


def _is_of_session(said: Statement, job: Statement) -> bool:
    return _session(said) is not None and _session(said) == _session(job)


def _session(said: Statement) -> int | None:
    return None if said.by is None else said.by.session


def _detail(said: Statement, name: str) -> object:
    return (said.details or {}).get(name)


def _ago(before: int, moment: int | None) -> str:
    if (moment or 0) % SECOND == 0 and before == 0:
        return "in the same second"
    return f"{max(0, before) // 1_000_000} ms before it"
