"""A verdict in words: a headline, and labelled lines as wide as is asked, to be pasted as they are.

Sample:

    billing-import[19635] on web3 was killed by the kernel: out of memory
      when    Fri 2026-11-27 12:34:49.000 UTC, 10 min ago, after 41 s of life
      why     billing.service reached its own limit
      from    kernel log
      sure    yes
"""

from __future__ import annotations

import time

from tracer.model.names import last_part, script_of
from tracer.model.signals import name_of
from tracer.model.starts import lived
from tracer.model.text import command_line, printable, shown, wrapped
from tracer.model.times import SECOND, local_moment, span
from tracer.model.verdict import Who
from tracer.sinks.ends import bare, place
from tracer.sinks.words import name
from tracer.why import proof
from tracer.why.behind import CRONS
from tracer.why.case import JOINED
from tracer.why.chain import chain
from tracer.why.core import frames
from tracer.why.often import again, otherwise
from tracer.why.quotes import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracer.model.event import Ancestor, Process
    from tracer.model.verdict import Verdict

WIDTH = 80  # columns, where nobody says how many
_LEFT_MAX = 4
_UNBROKEN = "\N{NO-BREAK SPACE}"
_LABEL = 10  # columns before the text of a label
_LAST_LINE = {
    "itself": "its last line",
    "its unit": "the last line of its unit",
    "its pid": "the last line under its pid",
    "its name": "the last line under its name",
}
# What follows the process's name. What stands in braces is filled in where it is known.
HEADLINES: dict[str, str] = {
    "killed": "was killed with {signal}{by}",
    "stop": "was stopped by {manager}, as it was asked to",
    "stop timeout": "was killed by {manager}: it did not stop {in_time}",
    "start timeout": "was killed by {manager}: it did not start in time",
    "runtime limit": "was stopped by {manager}: it had run for as long as it may",
    "reload timeout": "was killed by {manager}: the reload did not end in time",
    "watchdog": "was killed by {manager}: it missed its watchdog",
    "oom": "was killed by the kernel: out of memory",
    "user oom killer": "was killed by {guard}: memory ran low",
    "crash": "crashed: {signal}",
    "abort": "aborted itself: {signal}",
    "limit": "was ended by the kernel: {limit}",
    "terminal": "was ended from its terminal: {signal}",
    "session end": "was ended with its login session: {signal}",
    "parent death": "was ended with {signal} by the kernel, because its parent ended",
    "pid namespace": "was killed with its pid namespace, whose first process ended",
    "seccomp": "was killed by the kernel: a seccomp filter refused a system call",
    "ptrace": "was killed by its tracer{tracer}",
    "pipe": "was ended by a broken pipe: nobody read what it wrote",
    "timer": "was ended by its own timer: {signal}",
    "exec failed": "was killed by the kernel: exec failed when there was no way back",
    "kernel": "was killed by the kernel: {signal}",
    "exit": "ended by itself {status}",
    "shutdown": "was ended when the host went down: {signal}",
    "host lost": "was ended when the host went down without a shutdown (a crash, a reset, a power cut)",
    "hardware": "was killed by the kernel: a hardware memory error",
    "unknown": "died of {signal}: the cause is not known",
}
_JOBS = {"stop": "the stop", "stop timeout": "the stop", "reload timeout": "the reload"}
_LIMITS = {
    "SIGXCPU": "the CPU time limit",
    "SIGKILL": "the CPU time limit",
    "SIGXFSZ": "the file size limit",
}


def lines_of(
    verdict: Verdict, now: int, *, width: int = WIDTH, evidence: bool = False
) -> list[str]:
    """The verdict, a line each, at most ``width`` columns wide where words can be broken. ``now`` is the time to count
    "ago" from; ``evidence`` quotes every line that it stands on."""
    made = labelled(headline(verdict), width)
    for label, text in labels(verdict, now):
        if label == "sure" and not evidence:
            text = proof.shortened(text)
        made += labelled(text, width, label)
    if evidence:
        made += quoted(verdict.evidence)
    return made


def headline(verdict: Verdict) -> str:
    """What, where, how: one sentence."""
    process = verdict.process
    told = HEADLINES[verdict.cause].format_map(_Words(verdict))
    if verdict.number is None and verdict.cause == "unknown":
        told = f"ended {_Words(verdict)['status']}".strip() + "; what ended it is not known"
    told = told.removesuffix(": a signal")
    if verdict.cause == "exit":
        told = proof.of_an_exit(verdict, told)
    if verdict.status is not None and verdict.cause == "killed":
        told = "was asked to end with {signal}{by}, and exited {status}".format_map(_Words(verdict))
    if verdict.confidence == "likely":
        told = _likely(verdict, told)
    where = f" on {printable(verdict.host)}" if verdict.host else ""
    who = subject(process, verdict.unit)
    if verdict.part is not None:
        who = f"a {printable(verdict.part)} of {who}"
    elif verdict.cause == "reload timeout" and verdict.unit is not None:
        who = f"what reloads {who}" if process is None or process.pid is None else who
    return f"{who}{where} {told}"


def _likely(verdict: Verdict, told: str) -> str:
    """The doubt stands where it belongs: at who did it, or, where that is recorded, at why."""
    if verdict.status is not None and verdict.cause == "killed":
        return told.replace("was asked to end with", "was sent", 1) + ", most likely because of it"
    act, _, why = told.partition(": ")
    if why.startswith("it ") and any(one.source in JOINED for one in verdict.evidence):
        return f"{act}, most likely because {why}"
    first, _, rest = told.partition(" ")
    return f"{first} most likely {rest}" if first == "was" else f"most likely {told}"


def subject(process: Process | None, unit: str | None) -> str:
    """Who ended: comm[pid], with the script that it ran, and its container; the unit where no process is known."""
    if process is None or (process.comm is None and (process.pid is None or process.container)):
        where = None if process is None or not process.container else place(process)
        whose = f" of uid {process.uid}" if unit and process and process.uid else ""
        return where or printable(unit or "a process") + whose
    if process.comm is None and unit and not process.argv:
        return f"{printable(unit)}[{process.pid}]"
    if process.comm is None and not process.argv:
        return f"process {process.pid}"
    script = script_of(process.argv or ())
    beside = [shown(script)] if script and last_part(script) != process.comm else []
    if process.container:
        beside += [place(process) or ""]
    elif unit and unit.rpartition(".")[0] not in name(process) + "".join(beside):
        beside.append(printable(unit))
    return called(process) + (f" ({', '.join(beside)})" if beside else "")


class _Words(dict):  # type: ignore[type-arg]
    """The words that a headline may ask for."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self._verdict = verdict

    def __missing__(self, key: str) -> str:
        verdict = self._verdict
        signal = "" if verdict.number is None else name_of(verdict.number)
        sender = None if verdict.who is None else verdict.who.sender
        if key == "signal":
            return signal or asked_with(verdict) or "a signal"
        if key == "by":
            if sender is None:
                return _by_whom(verdict)
            ended = verdict.process
            itself = ended is not None and sender.pid is not None and sender.pid == ended.pid
            return " by itself" if itself else f" by {called(sender)}"
        if key == "tracer":
            return "" if sender is None else f", {called(sender)}"
        if key == "manager":
            return "systemd" if sender is None or _is_systemd(sender) else called(sender)
        if key == "guard":
            return "a memory guard" if sender is None else called(sender)
        if key == "limit":
            return _LIMITS.get(signal, "a resource limit")
        if key == "status":
            return "" if verdict.status is None else f"with status {verdict.status}"
        return _in_time(verdict) if key == "in_time" else ""


def _is_systemd(process: Process) -> bool:
    """The host's own, which may have been started as init; another program's PID 1 is told as what it is."""
    return process.pid == 1 and process.comm in (None, b"systemd", b"init")


def asked_with(verdict: Verdict) -> str | None:
    """The signal that asked for an end of which the number is not told, as the evidence names it."""
    words = [word for one in verdict.evidence for word in (one.text or "").split()]
    return next((word.rstrip(".,;:") for word in words if word.startswith("SIG")), None)


def called(process: Process) -> str:
    """comm[pid], or what of it is known."""
    return name(process).removesuffix("[-]")


def _in_time(verdict: Verdict) -> str:
    asked = _asked_at(verdict)
    if asked is None or verdict.time is None:
        return "in time"
    return f"within {span(round((verdict.time - asked) / SECOND) * SECOND).replace('.0 ', ' ')}"


def _asked_at(verdict: Verdict) -> int | None:
    """When the milder signal was sent that a manager's SIGKILL followed."""
    if verdict.cause != "stop timeout":
        return None
    sent = [one for one in verdict.evidence if (one.text or "").startswith("SIG") and one.time]
    milder = [one for one in sent if not (one.text or "").startswith("SIGKILL")]
    return milder[0].time if milder else None


def _by_whom(verdict: Verdict) -> str:
    who = verdict.who
    if who is None or who.asked is None:
        return ""
    return f" by {called(who.asked)}"


def labels(verdict: Verdict, now: int) -> Iterator[tuple[str, str]]:
    """What follows the headline, by its label. ``now`` (ns) is the time to count "ago" from; 0: not told."""
    if verdict.time is not None:
        yield "when", _when(verdict, now)
    else:
        yield "when", "not told: what tells of it bears no date"
    of_manager = "who asked its manager" in verdict.unknown
    if verdict.who is not None and not of_manager:
        for text in who_lines(verdict.who, verdict.process, _job(verdict)):
            if not _is_told_by(text, headline(verdict)):
                yield "who", text
    elif of_manager:
        yield "who", f"asked for {_job(verdict)}: not in these logs"
    elif "who sent it" in verdict.unknown:
        yield "who", "sent it: not recorded"
    if verdict.why:
        yield "why", "; ".join(verdict.why[:3])
    if verdict.again is not None:
        loop = verdict.cause in ("crash", "abort")
        yield "again", again(verdict.again, verdict.time, loop=loop)
    if verdict.otherwise:
        yield "before", otherwise(verdict.otherwise)
    if verdict.left:
        yield (
            "left",
            f"{len(verdict.left)} more {'was' if len(verdict.left) == 1 else 'were'} killed "
            + ("by the same call: " if verdict.cause == "killed" else "with it: ")
            + each(verdict.left),
        )
    yield from (("then", text) for text in verdict.then)
    if verdict.said:
        yield "said", f"“{printable(verdict.said)}” ({_LAST_LINE[verdict.said_by or 'itself']})"
    if verdict.stack:
        yield "at", frames(verdict.stack)
    if verdict.core_note is not None:
        yield "core", verdict.core_note
    elif verdict.core is not None and verdict.cause in ("crash", "abort"):
        yield "core", "a core was dumped" if verdict.core else "none was dumped"
    if verdict.used is not None:
        yield "used", f"{verdict.used}, by its unit"
    yield from (("but", text) for text in verdict.contradicts[:2])
    if verdict.evidence:
        yield "from", proof.sources(verdict.evidence)
    yield "sure", proof.sure(verdict)
    if verdict.near:
        yield "near", proof.near(verdict.near)
    if verdict.prove:
        yield "next", verdict.prove


def each(left: Sequence[Process]) -> str:
    """shopd[6875-6876], worker[7001,7009]: those of one name together."""
    pids: dict[str, list[int]] = {}
    for one in left:
        pids.setdefault("-" if one.comm is None else shown(one.comm), []).extend(
            [] if one.pid is None else [one.pid]
        )
    told = [
        f"{comm}[{proof.ranges(sorted(some)) or '-'}]"
        for comm, some in list(pids.items())[:_LEFT_MAX]
    ]
    return ", ".join(told) + (" …" if len(pids) > _LEFT_MAX else "")


def _when(verdict: Verdict, now: int) -> str:
    moment = verdict.time
    assert moment is not None
    second = time.localtime(moment // SECOND)
    day = time.strftime("%a %Y-%m-%d", second)
    asked = _asked_at(verdict)
    if asked is None:
        parts = [f"{day} {_clock(moment)} {second.tm_zone}"]
    else:
        whole = [local_moment(one).rpartition(" ")[2].partition(".")[0] for one in (asked, moment)]
        parts = [f"{day}: SIGTERM {whole[0]}, SIGKILL {whole[1]} {second.tm_zone}"]
    if verdict.cause == "host lost":
        parts[0] = f"before {parts[0]}, when the host booted"
    if now >= moment:
        parts.append(f"{ago(now - moment)} ago")
    start = None if verdict.process is None else verdict.process.start
    if start is not None and start <= moment:
        parts.append(f"after {lived(start, moment)} of life")
    elif verdict.unit_started is not None:
        parts.append(f"{span(moment - verdict.unit_started)} after its unit was started")
    return ", ".join(parts)


def ago(nanoseconds: int) -> str:
    days = nanoseconds // (86_400 * SECOND)
    minutes = nanoseconds // (60 * SECOND)
    if 2 <= minutes < 60:
        return f"{minutes} min"
    return f"{days:,} days" if days > 2 else span(nanoseconds)


def _clock(moment: int) -> str:
    """The time of day; without fractions where the log had none."""
    clock = local_moment(moment).rpartition(" ")[2]
    return clock.partition(".")[0] if moment % SECOND == 0 else clock


def who_lines(who: Who, ended: Process | None, job: str = "it") -> Iterator[str]:
    asked = who.asked
    process = asked or who.sender
    is_itself = ended is not None and ended.pid is not None and process is not None
    if process is None or (is_itself and ended is not None and process.pid == ended.pid):
        return
    user = who.login.user if who.login is not None else None
    steps = chain([step for step in process.ancestors if step.pid != 1], _step)
    steps += _place_of(who, process)
    as_root = ", as root" if user not in (None, "root") and process.uid == 0 else ""
    tty = _way_in(who)
    own = command_line(process.argv, process.argv_cut) if process.argv else name(process)
    person = f"{printable(user)}{tty}{as_root}" if user else ""
    verb = f"asked for {job}" if asked is not None else ""
    by = ", ".join(filter(None, (person, verb)))
    by += ": " if by else ""
    # A step and its arrow are not torn apart.
    yield " ".join([f"{by}{own}", *(f"←{_UNBROKEN}{step}" for step in steps)])


def _place_of(who: Who, process: Process) -> list[str]:
    """What its parents lead to, where none of them says so by its name: cron, the container or the unit that it ran in."""
    steps: list[Process | Ancestor] = [process, *process.ancestors]
    if who.via == "cron":
        return [] if any(one.comm in CRONS for one in steps) else ["cron"]
    if who.via == "container":
        return [place(process) or "a container"]
    unit = None if process.unit is None else shown(process.unit)
    if who.via not in ("unit", "timer") or unit is None or process.pid == 1:
        return []
    if who.timer is not None:
        return [f"{unit}, which {shown(who.timer)} starts"]
    stem = unit.rpartition(".")[0]
    return [] if any(stem in (bare(one), "init") for one in steps) else [unit]


def _job(verdict: Verdict) -> str:
    """What a manager was asked for."""
    return _JOBS.get(verdict.cause, "it")


def _is_told_by(text: str, headline: str) -> bool:
    """Whether a name alone, comm[pid], stands in the headline."""
    bare, _, rest = text.partition("[")
    return bool(rest) and " " not in text and f" by {bare}" in headline


def _way_in(who: Who) -> str:
    """Where a person sat: (ssh from 10.0.4.7, pts/1)."""
    login = who.login
    if login is None:
        return ""
    address = f"ssh from {printable(login.address)}" if login.address else ""
    parts = [one for one in (address, shown(login.tty) if login.tty else "") if one]
    return f" ({', '.join(parts)})" if parts else ""


def _step(step: Process | Ancestor) -> str:
    script = script_of(step.argv or ())
    comm = "-" if step.comm is None else shown(step.comm)
    return shown(script) if script else f"{comm}[{step.pid}]"


def labelled(text: str, width: int, label: str = "") -> list[str]:
    """A headline; with a label what stands behind it, in a column of its own."""
    first, rest = (f"  {label:<{_LABEL - 2}}", " " * _LABEL) if label else ("", "  ")
    # Whatever a sentence quotes, nothing of it reaches a terminal raw; our own blanks that are not to be broken are kept.
    text = _UNBROKEN.join(map(printable, text.split(_UNBROKEN)))
    return [line.replace(_UNBROKEN, " ") for line in wrapped(text, width, first, rest)]
