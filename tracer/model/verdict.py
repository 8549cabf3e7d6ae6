"""A verdict: what ended a process, who was behind it, how sure that is, and from what evidence."""

from __future__ import annotations

from tracer.model.event import Place, Process
from tracer.model.fields import Field as F
from tracer.model.frozen import frozen

# Why a process can have ended, and the words for it ("… was {words}").
CAUSES: dict[str, str] = {
    "killed": "killed",
    "stop": "stopped by its manager, as it was asked to",
    "stop timeout": "killed by its manager: it did not stop in time",
    "start timeout": "killed by its manager: it did not start in time",
    "runtime limit": "stopped by its manager: it may not run longer",
    "reload timeout": "killed by its manager: it did not reload in time",
    "watchdog": "killed by its manager: it missed its watchdog",
    "oom": "killed by the kernel: out of memory",
    "user oom killer": "killed by a memory guard",
    "crash": "crashed",
    "abort": "aborted",
    "limit": "ended by the kernel: a resource limit",
    "terminal": "ended from its terminal",
    "session end": "ended with its session",
    "parent death": "ended because its parent did",
    "pid namespace": "ended with its pid namespace",
    "seccomp": "killed by the kernel: a seccomp filter refused a system call",
    "ptrace": "killed by its tracer",
    "pipe": "ended by a broken pipe",
    "timer": "ended by its own timer",
    "exec failed": "ended by the kernel: exec failed beyond its point of no return",
    "kernel": "killed by the kernel",
    "exit": "ended by itself",
    "shutdown": "stopped with the host",
    "host lost": "lost with the host",
    "hardware": "killed by the kernel: a hardware error",
    "unknown": "ended, and the cause is not known",
}
# How sure a verdict is, strongest first. yes: the kernel, the sender's own record or the manager that did it says so
# of this very process. likely: joined by unit, name or time. open: two or more causes fit. no: none can be told.
CONFIDENCES = ("yes", "likely", "open", "no")
VIAS = ("login", "cron", "timer", "unit", "container")


@frozen
class Login:
    """The person's way in: user name, terminal, address."""

    user: str | None = None
    tty: bytes | None = None
    address: str | None = None


@frozen
class Who:
    """Who did it: ``sender`` with its parents; ``via`` is the first of VIAS that they lead to, ``timer`` what starts the
    unit that they lead to."""

    sender: Process | None = None
    login: Login | None = None
    via: str | None = None
    asked: Process | None = None
    timer: bytes | None = None


@frozen
class Evidence:
    """One thing that a verdict stands on: the event's id, where it is written, its words, and the ``line`` itself of a
    text, where that is asked for."""

    id: str | None = None
    time: int | None = None
    place: Place | None = None
    source: str | None = None
    text: str | None = None
    line: str | None = None


@frozen
class Negative:
    """A cause that does not fit, or that cannot be ruled out, and why; ``coverage`` tells from where to where was
    looked."""

    cause: str
    because: str
    coverage: str | None = None


@frozen
class Again:
    """How often the same came before: ``every`` nanoseconds where there is a rhythm, ``first`` the first time.
    ``not_judged``: of so many of them the signal or status alone was compared. ``same_command``: the same command line was
    behind each."""

    count: int
    every: int | None = None
    first: int | None = None
    times: tuple[int, ...] = ()
    not_judged: int | None = None
    same_command: bool = False


@frozen
class Otherwise:
    """So many earlier deaths of the same program or unit that were not the same; ``by`` is the program that sent the
    signal, ``last`` when the newest was."""

    count: int
    cause: str
    number: int | None = None
    status: int | None = None
    by: bytes | None = None
    last: int | None = None


@frozen
class Verdict:
    """One death explained. ``story`` has the ids of the events that made it, in order; ``details`` what a cause has of
    numbers and words (limit, usage, address, state); ``otherwise`` what else its program or unit has died of; ``then`` what came afterwards, ``left`` who was killed with it. ``near`` is
    what happened in the same seconds and proves nothing of it, where the cause, or who it was, is not told."""

    time: int | None
    cause: str
    confidence: str
    process: Process | None = None
    unit: str | None = None
    part: str | None = None
    host: str | None = None
    number: int | None = None
    status: int | None = None
    core: bool | None = None
    stack: tuple[str, ...] = ()
    core_note: str | None = None
    who: Who | None = None
    why: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    fits: tuple[str, ...] = ()
    ruled_out: tuple[Negative, ...] = ()
    cannot_rule_out: tuple[Negative, ...] = ()
    contradicts: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    again: Again | None = None
    otherwise: tuple[Otherwise, ...] = ()
    unit_started: int | None = None
    used: str | None = None
    then: tuple[str, ...] = ()
    left: tuple[Process, ...] = ()
    said: str | None = None
    said_by: str | None = None
    prove: str | None = None
    near: tuple[Evidence, ...] = ()


@frozen
class Sent:
    """A signal that somebody who lives on was sent."""

    id: str | None = None
    time: int | None = None
    number: int | None = None
    sender: Process | None = None
    origin: str | None = None
    outcome: str | None = None


@frozen
class Living:
    """Somebody who was asked for and still lives: what keeps it from ending, and what it was sent last. ``ended``: it has
    ended, and its parent has not waited for it (a zombie)."""

    process: Process
    host: str | None = None
    reasons: tuple[str, ...] = ()
    last: Sent | None = None
    ended: bool | None = None


LOGIN = (
    F("user", "text", "The person, by user name"),
    F("tty", "bytes", "The terminal"),
    F("address", "text", "Where the login came from"),
)
WHO = (
    F("sender", "process", "Who sent the signal"),
    F("login", "login", "The person behind it"),
    F("via", "via", "What the parents lead to first"),
    F("asked", "process", "Who asked the manager that sent it"),
    F("timer", "bytes", "The timer that starts the unit that its parents lead to"),
)
EVIDENCE = (
    F("id", "text", "The id of the event"),
    F("time", "time"),
    F("place", "place", "Where it is written"),
    F("source", "text", "Which source has it"),
    F("text", "text", "Its words"),
    F("line", "text", "The line of a text that it was read from (--evidence)"),
)
NEGATIVE = (
    F("cause", "text", "The cause", needed=True),
    F("because", "text", "Why it does not fit, or why that cannot be told", needed=True),
    F("coverage", "text", "From when to when was looked"),
)
AGAIN = (
    F("count", "count", "So many times by now, this one included", needed=True),
    F("every", "count", "Nanoseconds between two of them, where there is a rhythm"),
    F("first", "time", "The first of them"),
    F("times", "[time]", "The last ones before this"),
    F("same_command", "flag", "true: the same command line was behind each of them"),
    F("not_judged", "count", "Of so many of them the signal or status alone was compared: they are too many to be judged"),
)  # fmt: skip
OTHERWISE = (
    F("count", "count", "So many", needed=True),
    F("cause", "cause", "Why they ended", needed=True),
    F("number", "signal", "The signal they died of", "signal"),
    F("status", "status", "The status they exited with"),
    F("by", "bytes", "The program that sent the signal"),
    F("last", "time", "The newest of them"),
)
VERDICT = (
    F("time", "time"),
    F("cause", "cause", "Why it ended, docs/why.md", needed=True),
    F("confidence", "confidence", "yes: the kernel, the sender's own record or the manager says so of this very process; likely: joined by unit, name or time; open: several causes fit; no: none can be told", needed=True),
    F("host", "text", "The host"),
    F("process", "process", "Who ended"),
    F("unit", "text", "Its unit"),
    F("part", "text", "What of the unit ended, where its manager says that it was not its main process"),
    F("number", "signal", "The signal it died of", "signal"),
    F("status", "status", "The status it exited with"),
    F("core", "bool", "Whether a core was dumped"),
    F("stack", "strings", "Where it was, the innermost function first, as systemd-coredump tells it"),
    F("core_note", "text", "Where the core is, or why none was kept, where that is told"),
    F("who", "who", "Who did it, and who was behind that"),
    F("why", "strings", "What that means in this case, in sentences"),
    F("doubts", "strings", "Why it is only likely, in sentences"),
    F("story", "strings", "The ids of the events that led to it, in order"),
    F("evidence", "[evidence]", "What it stands on"),
    F("fits", "strings", "Causes that fit, where several do"),
    F("ruled_out", "[negative]", "Causes that do not fit"),
    F("cannot_rule_out", "[negative]", "Causes that nobody could have seen"),
    F("contradicts", "strings", "What other evidence says against it"),
    F("unknown", "strings", "What is not known"),
    F("again", "again", "How often the same came before: the same cause, signal or status, and sender"),
    F("otherwise", "[otherwise]", "Earlier deaths of the same program or unit that were not the same, the most frequent first"),
    F("unit_started", "time", "When its unit was started, where its own birth is not known"),
    F("used", "text", "What its unit had used when it ended, in its manager's words"),
    F("then", "strings", "What came afterwards"),
    F("left", "[process]", "Others that were killed with it: by the same call, or of its unit"),
    F("said", "text", "Its last words"),
    F("said_by", "text", "By what they are known to be its: itself (journald saw its pid), its unit (its cgroup), its pid or its name (as the line has it)"),
    F("prove", "text", "The command that would show more next time"),
    F("near", "[evidence]", "Kills, and commands that end processes, of the same seconds, which prove nothing of this death"),
)  # fmt: skip

SENT = (
    F("id", "text", "The id of the event"),
    F("time", "time"),
    F("number", "signal", "The signal", "signal"),
    F("sender", "process", "Who sent it"),
    F("origin", "origin", "What sent it, docs/origins.md"),
    F("outcome", "outcome", "What became of it, docs/origins.md"),
)
LIVING = (
    F("host", "text", "The host"),
    F("process", "process", "Who lives", needed=True),
    F("reasons", "strings", "What keeps it from ending, in sentences"),
    F("last", "sent", "What it was sent last, as far as that is recorded"),
    F("ended", "bool", "true: it has ended, and its parent has not waited for it (a zombie)"),
)

NESTED = {
    "login": (Login, LOGIN, "A person's way in"),
    "who": (Who, WHO, "Who was behind it"),
    "evidence": (Evidence, EVIDENCE, "One thing that a verdict stands on"),
    "negative": (Negative, NEGATIVE, "A cause that is not it, or may be"),
    "again": (Again, AGAIN, "How often the same came before"),
    "otherwise": (Otherwise, OTHERWISE, "Earlier deaths that were not the same"),
    "sent": (Sent, SENT, "A signal that was survived"),
}
EVENTS = {
    "verdict": (Verdict, VERDICT, "One death explained (sigtrace why)"),
    "living": (Living, LIVING, "Who was asked for, and still lives (sigtrace why)"),
}
