"""The words of the table and of every other text for people: who sent it, what it was, what came of it."""

from __future__ import annotations

from tracer.model import signals
from tracer.model.event import Exec, Failed, Mark, Probe, Signal
from tracer.model.lost import lost_thing
from tracer.model.origin import CALL_ORIGINS, FAULTS, SI_KERNEL
from tracer.model.text import (
    counted,
    printable,
    quoted,
    quoted_text,
    shown,
)
from tracer.model.times import local_moment, span
from tracer.model.witness import ACCOUNTING, SAID
from tracer.sinks.ends import UNKNOWN, chain, label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Exit, Loss, Process, Seccomp, Statement

_KEYS = {
    "SIGINT": "Ctrl-C",
    "SIGQUIT": "Ctrl-\\",
    "SIGTSTP": "Ctrl-Z",
    "SIGHUP": "hang-up",
    "SIGCONT": "hang-up",
    "SIGTTIN": "background read",
    "SIGTTOU": "background write",
    "SIGWINCH": "resize",
}
_KERNEL = {
    "fault": "own fault",
    "oom": "OOM killer",
    "timer": "own timer",
    "pipe": "broken pipe",
    "seccomp": "seccomp",
    "async io": "async I/O",
    "ptrace": "ptrace",
    "exec": "exec failed",
    "kernel": "kernel",
}
_LIMITS = {"SIGXCPU": "CPU limit", "SIGKILL": "CPU limit", "SIGXFSZ": "file size limit"}


def name(process: Process | None) -> str:
    """The telling name[pid] of the process; what thread of it that was is a remark. Of one without a pid, what else is
    known."""
    return UNKNOWN if process is None else label(process)


def sentence(event: Statement | Exec | Mark) -> str:
    """What is said, in one line: by whom, of whom."""
    if isinstance(event, Exec):
        return f"{user(event.process)} ran {chain(event.process)}"
    if isinstance(event, Mark):
        return " ".join([f"{event.source}: {event.what}", *_details(event)])
    of = event.about
    about = "" if of is None else name(of)
    said = event.what if event.text is None else f"{event.what}: {shown(event.text)}"
    by = "" if event.by is None else f"(says {_speaker(event.by)})"
    return " ".join(filter(None, (about, said, by)))


def _speaker(by: Process) -> str:
    """Who says it: the kernel has no pid."""
    return quoted(by.comm) if by.comm is not None and by.pid is None else name(by)


# What is worth a line of a table; JSON has all of it.
_OF_MARKS = ("version", "source", "before", "events", "lost", "by_ns")


def _details(mark: Mark) -> list[str]:
    details = mark.details or {}
    return [f"{key} {printable(str(details[key]))}" for key in _OF_MARKS if key in details]


def thread(process: Process) -> str | None:
    """The thread concerned, where it is not the process's first."""
    if process.tid in (None, process.pid):
        return None
    comm = quoted(process.thread_comm or process.comm or b"")
    return f"{comm}/{process.tid}"


def sender(event: Signal | Failed | Probe) -> str:
    """Who sent it: a process, or what in the kernel did."""
    if not isinstance(event, Signal) or event.sender is not None:
        return name(event.sender)
    signal = signals.name_of(event.number)
    if event.origin == "tty":
        tty = event.target and event.target.tty
        return f"{quoted(tty) if tty else 'tty'} {_KEYS.get(signal, '')}".strip()
    if event.origin == "rlimit":
        return _LIMITS.get(signal, "resource limit")
    return _KERNEL.get(event.origin or "", UNKNOWN)


def user(process: Process | None) -> str:
    if process is None or process.uid is None:
        return UNKNOWN if process is None or process.user is None else quoted_text(process.user)
    return quoted_text(process.user) if process.user else str(process.uid)


def outcome(event: Signal | Failed | Probe) -> str:
    if isinstance(event, Failed):
        error = event.error or "failed"
        return f"{error} ({event.policy})" if event.policy else error
    if isinstance(event, Probe):
        return "exists"
    if event.why:
        return f"{event.outcome} ({event.why})" if event.outcome else event.why
    return event.outcome or UNKNOWN


def signal_name(event: Signal | Failed | Probe) -> str:
    if isinstance(event, Probe) or event.number == 0:
        return "probe"
    return UNKNOWN if event.number is None else signals.name_of(event.number)


def via(event: Signal | Failed | Probe) -> str:
    """The origin of a signal, and the same word for the call of an attempt."""
    if isinstance(event, Signal):
        return event.origin or UNKNOWN
    return CALL_ORIGINS.get(event.call or "", event.call or UNKNOWN)


def remarks(
    event: Signal | Failed | Probe, *, of_call: bool = True, here: str | None = None
) -> list[str]:
    """What the columns have no room for, said only where it is not plain; ``of_call``: of a wide kill itself, too.
    ``here`` is the host that need not be named."""
    notes: list[str] = []
    if isinstance(event, Signal):
        notes += _signal_remarks(event)
    notes += _thread_remarks(event)
    if event.target is not None and event.target_is_asked:
        notes.append("the target is the sender's own number for it")
    if event.target is None:
        notes += _unknown_target(event, event.asked)
    return [*notes, *_where(event, here), *_wide(event)] if of_call else notes


def _where(event: Signal | Failed | Probe, here: str | None) -> list[str]:
    """The host, where it is another than the one that is looked at."""
    return [f"on {printable(event.host)}"] if event.host not in (None, here) else []


def _thread_remarks(event: Signal | Failed | Probe) -> list[str]:
    by = thread(event.sender) if event.sender else None
    to = thread(event.target) if event.target else None
    notes = [f"by its thread {by}"] if by else []
    to_another = (
        event.sender is None or event.target is None or event.sender.tid != event.target.tid
    )
    if to and to_another and isinstance(event, Signal) and event.scope == "thread":
        known = event.target and event.target.pid is not None
        whose = (
            f"{to} of {name(event.target)}"
            if known
            else f"{to.rpartition('/')[2]}, of an unknown process"
        )
        notes.append(f"to thread {whose}")
    return notes


def _unknown_target(event: Signal | Failed | Probe, asked: int | None) -> list[str]:
    """What the sender asked for, where that is all that is known of the target."""
    if event.call == "pidfd_send_signal":
        if isinstance(event, Failed) and event.error == "EBADF":
            return [f"its descriptor {asked} is of no process"]
        return ["the target of a pidfd cannot be known from this record"]
    if asked is None:
        return []
    what = "thread" if event.call == "tkill" else "pid"
    return [f"it asked for {what} {asked}, as its pid namespace numbers them"] if asked > 0 else []


def _signal_remarks(event: Signal) -> list[str]:
    notes = []
    if event.origin == "fault" and event.code is not None:
        where = "" if event.address is None else f" at {event.address:#x}"
        handed_on = ", sent on by its own handler" if event.call else ""
        notes.append(signals.code_name(event.number, event.code) + where + handed_on)
    if event.seccomp is not None:
        notes.append(refused(event.seccomp))
    notes += _tracer_remarks(event)
    if event.target_state is not None:
        notes.append(_STATES[event.target_state])
    if event.origin == "oom" and event.oom is not None and event.oom.scope is not None:
        of = event.oom.cgroup
        notes.append(
            f"out of memory: the limit of {quoted(of)}" if of else "out of memory: the host"
        )
    if event.oom is not None and event.oom.shares is not None:
        notes.append(f"shares its memory with {name(event.oom.shares)}, the OOM killer's victim")
    if event.current is not None:
        notes.append(_while(event, event.current))
    if event.claim is not None:
        notes.append(f"forged: it claims to come from pid {event.claim.pid}")
    if event.origin in _DYING:
        is_orphan = event.code == SI_KERNEL and event.origin == "parent death"
        why = _THREAD_ENDED if event.sender_lives else _DYING[event.origin]
        notes.append(_ORPHANED if is_orphan else why)
    if event.origin == "cgroup.kill":
        whose = "" if event.cgroup is None else f" of {quoted(event.cgroup)}"
        notes.append(f"by writing to cgroup.kill{whose}")
    if event.escalates is not None:
        milder = f"{span(event.escalates.after_ns)} after {signals.name_of(event.escalates.number)}"
        # Audit tells no outcome, and a zombie accepts signals, too.
        alive = "" if event.outcome is None else "still alive "
        notes.append(f"escalation: {alive}{milder}")
    return notes


def refused(seccomp: Seccomp) -> str:
    """What a seccomp filter did."""
    where = "" if seccomp.ip is None else f" at {seccomp.ip:#x}"
    action = "" if seccomp.action is None else f" ({printable(seccomp.action)})"
    return f"seccomp refused {printable(seccomp.call or 'a system call')}{where}{action}"


def _by_itself(event: Signal) -> str:
    """Who can make a process signal itself with the kernel's mark; core sees tracers, and what is a fault."""
    program = "a BPF program (bpf_send_signal)"
    if event.source == "core":
        return program
    return f"{'its own fault, ' if event.number in FAULTS else ''}a tracer or {program}"


def _while(event: Signal, current: Process) -> str:
    doing = "allocated memory" if event.origin == "oom" else "ran"
    is_own = event.target is not None and event.target.pid == current.pid
    if event.origin == "kernel" and is_own and event.code == SI_KERNEL:
        return f"while it ran itself: {_by_itself(event)} can do that"
    return f"while {name(current)} {doing}"


def _tracer_remarks(event: Signal) -> list[str]:
    """Who traces the target, where that is not the sender."""
    tracer, sender = event.tracer, event.sender
    if tracer is None or (sender is not None and sender.pid == tracer.pid):
        return []
    seen = ", who sees it all the same" if event.outcome == "ignored" else ""
    return [f"traced by {name(tracer)}{seen}"]


_STATES = {
    "stopped": "the target is stopped, and will see it when it goes on",
    "frozen": "the target is frozen by its cgroup, and will see it when it goes on",
    "uninterruptible": "the target sleeps uninterruptibly, and does not see it yet",
}


_ORPHANED = "because this parent died, and left a stopped job behind"
_THREAD_ENDED = "because the thread of it that had started the target ended (PR_SET_PDEATHSIG); the process lives on"
_DYING = {
    "parent death": "because this parent died (PR_SET_PDEATHSIG)",
    "pid namespace": "because this init of its pid namespace died",
}


def _wide(event: Signal | Failed | Probe) -> list[str]:
    if event.asked is None or event.asked > 0:
        return []
    if event.call == "pidfd_send_signal" and event.asked < 0:
        return [f"by a pidfd: process group {-event.asked}"]
    if event.call != "kill":
        return []
    if event.asked == -1:
        return ["kill(-1): everyone the sender may signal"]
    if event.asked == 0:
        return ["kill(0): the sender's own process group"]
    return [f"kill({event.asked}): process group {-event.asked}"]


def death(event: Exit, of: Signal | None = None) -> str:
    """What became of a process, as the end of a sentence that begins with its name; ``of`` is the signal it follows."""
    after = None if event.after_ns is None else span(event.after_ns)
    if event.number is not None:
        how = f"died of {signals.name_of(event.number)}{'' if of is None else _from(of)}"
        if event.core:
            how += " (core dumped)"
        if event.after_ns == 0:  # No finer than the log's clock.
            return f"{how} at once"
        if after is None and event.cause is not None:
            return how
        return how + (f" {after} later" if after else _who_knows(event))
    how = "ended" if event.status is None else f"exited with status {event.status}"
    request = event.answers
    if request is None:
        handled = "it" if of is None else signal_name(of) + _from(of)
        return how + (f", {after} after handling {handled}" if after else "")
    by = "" if request.sender is None else f" from {name(request.sender)}"
    return f"{how}, {after} after it took {signals.name_of(request.number)}{by}"


def _who_knows(event: Exit) -> str:
    """What is to be said where no signal is known that it died of."""
    if event.origin == "fault":
        return "; by a fault of its own, nobody sent it"
    if event.source in (*SAID, ACCOUNTING):
        return ""  # That is not what such a line is about.
    if event.causes:
        return f"; of one of the {len(event.causes)} that it was sent"
    if event.tracer is not None:
        return f"; {name(event.tracer)} traced it, and may have given it that"
    return "; who sent that was not traced"


def _from(signal: Signal) -> str:
    by = sender(signal)
    return f" from {by}" if signal.sender is not None else "" if by == UNKNOWN else f" ({by})"


def died(event: Exit) -> tuple[str, ...]:
    """A death in a signal's own row, the longest form first."""
    after = span(event.after_ns or 0)
    core = (f"died {after} later (core dumped)",) if event.core else ()
    return (*core, f"died {after} later", f"died {after}", "died")


def loss(event: Loss) -> str:
    thing = lost_thing(event.where)
    what = f"an unknown number of {thing}s" if event.count is None else counted(event.count, thing)
    return f"lost {what} here ({printable(event.where)})"


def details(process: Process) -> str:
    """Everything else of one end, in a line."""
    parts = [f"{name(process)} user {user(process)}"]
    for what, value in (
        ("euid", None if process.euid == process.uid else process.euid),
        ("login", process.loginuid),
        ("session", process.session),
        ("pid in its namespace", None if process.ns_pid == process.pid else process.ns_pid),
    ):
        parts += [] if value is None else [f"{what} {value}"]
    for what, text in (
        ("tty", process.tty),
        ("exe", process.exe),
        ("unit", process.unit),
        ("container", process.container),
        ("called", process.container_name),
        ("pod", process.pod),
        ("cgroup", None if process.unit else process.cgroup),
    ):
        parts += [] if text is None else [f"{what} {quoted(text)}"]
    parts += [] if process.start is None else [f"started {local_moment(process.start)}"]
    return ", ".join(parts)
