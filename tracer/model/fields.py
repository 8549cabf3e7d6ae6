"""The fields of every event, declared once: how JSON spells each of them, and what it means.

``to_object`` and ``from_object`` (``tracer.model.spelling``), the sinks' memory of what they have written,
docs/sigtrace.schema.json and tables of columns all follow from this. A row has the field's name in
``tracer.model.event``, its kind (a key of ``tracer.model.spelling.KINDS``, or a nested table below), its key in JSON
where that is another, and what it means.
"""

from __future__ import annotations

from tracer.model import event
from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@frozen
class Field:
    """``key`` may be of two words, "fault.address": an object of its own then. ``needed``: JSON always has it."""

    name: str
    kind: str
    doc: str = ""
    key: str = ""
    needed: bool = False

    @property
    def json(self) -> str:
        return self.key or self.name


F = Field
_PID = "as the host's first pid namespace numbers it"

PLACE = (
    F("file", "text", "The file, as its path was given"),
    F("line", "int", "The line of the file, from 1"),
    F("offset", "int", "Bytes before the line, where counting lines costs too much"),
    F("cursor", "text", "Where a journal has it (sd_journal_get_cursor(3))"),
    F("recording", "text", "The file of a recording, where line is its line"),
)
ANCESTOR = (
    F("pid", "pid", needed=True),
    F("comm", "bytes"),
    F("start", "time"),
    F("argv", "words", "The first 128 bytes of its command line, a word each"),
    F("exe", "bytes"),
    F("uid", "pid", "The real user id"),
)
PROCESS = (
    F("pid", "pid", "The process"),
    F("tid", "pid", "The thread"),
    F("comm", "bytes", "The process's name, at most 15 bytes"),
    F("thread_comm", "bytes", "The thread's name, where it differs"),
    F("uid", "pid", "The real user id"),
    F("user", "text", "The name of uid on this host"),
    F("euid", "pid", "The effective user id"),
    F("ppid", "pid", "The parent"),
    F(
        "exe",
        "bytes",
        "Path of the executable in the process's mount namespace; where it is too long to be told whole, the end of it after ...",
    ),
    F("argv", "words", "The command line, a word each"),
    F("argv_cut", "flag", "There was more of argv than is told"),
    F("loginuid", "pid", "The audit login uid: who logged in, whatever su or sudo did since"),
    F("session", "pid", "The audit session"),
    F("tty", "bytes", "The controlling terminal, below /dev"),
    F("cgroup", "bytes", "Path of the cgroup, likewise"),
    F("cgroup_id", "int", "The number of the cgroup of version 2"),
    F("unit", "bytes", "systemd unit"),
    F("invocation", "bytes", "The run of the unit (INVOCATION_ID, systemd.exec(5))"),
    F("container", "bytes", "Container id or name"),
    F(
        "container_name",
        "bytes",
        "Its name, or namespace/pod/container, as its runtime keeps it; where that keeps none, what it calls itself",
    ),
    F("pod", "bytes", "Kubernetes pod uid"),
    F("ns_pid", "pid", "The pid in the process's own pid namespace"),
    F("start", "time", "When the process was born"),
    F("ancestors", "[ancestor]", "Parent, its parent, and so on; at most eight"),
)
OOM = (
    F("scope", "word", "host, or cgroup: whose memory was used up"),
    F("cgroup", "bytes", "The cgroup whose limit was hit"),
    F("shares", "process", "The victim of the OOM killer, whose memory the target shares"),
)
CLAIM = (F("pid", "int", needed=True), F("uid", "int"))
EARLIER = (
    F("id", "id", needed=True),
    F("number", "signal", key="signal", needed=True),
    F("after_ns", "count", needed=True),
    F("sender", "process", "Who sent it"),
)
SECCOMP = (
    F("action", "word", "What the filter did: kill process, kill thread, kill (one of them), trap"),
    F("call", "word", "The refused system call, by name or number"),
    F("ip", "hex", "The address of the instruction that made it"),
)
_HEAD = (
    F("id", "id", needed=True),
    F("time", "time", needed=True),
)
# A line of a log may have none.
_MAY_HAVE_TIME = (F("id", "id", needed=True), F("time", "time"))
_PLACES = (
    F("place", "place", "Where it is written"),
    F("places", "[place]", "All places that tell of it, where there are several"),
)
_SOURCE = (
    F("source", "word", "Where it was seen: core, bcc, audit, audit log, journal …", needed=True),
    F("host", "text", "The host that it happened on"),
)
_ENDS = (
    F("asked", "int", "The pid argument of the call, as the caller gave it; 0 or negative: a wide kill. For pidfd_send_signal, the descriptor, or a process group below 0"),
    F("sender", "process", "Who sent it"),
    F("target", "process", "Whom it was sent"),
    F("target_is_asked", "flag", "The target is the caller's own number for it; in another pid namespace it may be another process"),
)  # fmt: skip
_SINCE_BOOT = F("since_boot_ns", "count", "Nanoseconds since boot, where that is known")
SIGNAL = (
    *_MAY_HAVE_TIME,
    *_PLACES,
    *_SOURCE,
    F("number", "signal", key="signal", needed=True),
    F("code", "code", "si_code by name (sigaction(2)), or as a number where it has none", "signal.code"),
    F("origin", "origin", "What made it, docs/origins.md"),
    F("outcome", "outcome", "What became of it when it was sent, docs/origins.md"),
    F("why", "word", "Why it was ignored. Of an audit log, which knows no outcome: attempted is one of several targets of a call of which at least one accepted; or what seccomp did"),
    F("scope", "word", "process or thread: whom it was directed at"),
    F("call", "call", "The system call that sent it"),
    *_ENDS,
    F("current", "process", "The process that ran when the kernel sent it: it did not send it"),
    F("address", "hex", "The address that faulted", "fault.address"),
    F("claim", "claim", "What the sender wrote into its siginfo about itself, where that is not the truth"),
    F("oom", "oom", "Why the OOM killer ran: host, or the cgroup whose limit was hit"),
    F("escalates", "earlier", "An earlier, milder signal that the target had survived"),
    F("target_state", "target_state", "What keeps the target from seeing it"),
    F("seccomp", "seccomp", "The system call that a filter refused"),
    F("tracer", "process", "Who traces the target (ptrace(2))"),
    F("count", "count", "So many signals are folded into this one"),
    F("last", "time", "When the last of them was sent"),
    F("cgroup", "bytes", "The cgroup whose cgroup.kill was written to"),
    F("sender_lives", "flag", "Only a thread of the sender has ended (PR_SET_PDEATHSIG), not the process"),
    _SINCE_BOOT,
)  # fmt: skip
EXIT = (
    *_MAY_HAVE_TIME,
    *_PLACES,
    *_SOURCE,
    F("process", "process", "Who ended", needed=True),
    F("number", "signal", "The signal it died of", "signal"),
    F("status", "status", "The status it exited with"),
    F("core", "bool", "Whether a core was dumped"),
    F("cause", "id", "The id of the signal it died of"),
    F("causes", "[id]", "The ids of several signals: it died of one of them"),
    F("handled", "id", "The id of the last request to end (SIGTERM, SIGINT, SIGQUIT) that it took before it exited by itself"),
    F("answers", "earlier", "That request"),
    F("after_ns", "int", "Nanoseconds since cause or handled"),
    F("seccomp", "seccomp", "The system call that a filter refused"),
    F("origin", "origin", "What made the signal, where that is known without it: fault"),
    F("tracer", "process", "Who traced it to the end (ptrace(2))"),
    _SINCE_BOOT,
)  # fmt: skip
_ATTEMPT = (F("call", "call", "The system call"),)
FAILED = (
    *_MAY_HAVE_TIME,
    *_PLACES,
    *_SOURCE,
    F("number", "asked_signal", "The signal that a refused call named: any number, which may be why (EINVAL)", "signal"),
    *_ATTEMPT,
    F("error", "word", "errno(3) by name"),
    *_ENDS,
    F("policy", "policy", "The security module that refused it"),
    _SINCE_BOOT,
)  # fmt: skip
PROBE = (*_HEAD, *_PLACES, *_SOURCE, *_ATTEMPT, *_ENDS)
LOSS = (
    *_MAY_HAVE_TIME,
    *_PLACES,
    *_SOURCE,
    F("count", "least_1", "So many are missing; without it nobody knows how many"),
    F("where", "text", "Where they were lost", needed=True),
)
STATEMENT = (
    *_MAY_HAVE_TIME,
    *_PLACES,
    *_SOURCE,
    F("what", "word", "What is said, docs/statements.md", needed=True),
    F("by", "process", "Who says it"),
    F("about", "process", "The process or unit that it speaks of"),
    F("number", "signal", "The signal that it names", "signal"),
    F("details", "of line", "Numbers and words of the line, by name"),
    F("text", "bytes", "The line's own words"),
    F("believed", "bool", "true: the transport proves who says it; false: the log contradicts it"),
    _SINCE_BOOT,
)
EXEC = (*_HEAD, *_PLACES, *_SOURCE, F("process", "process", "Who ran what", needed=True))
MARK = (
    *_HEAD,
    *_PLACES,
    *_SOURCE,
    F("what", "mark", "What a recorder or source says of its own sight", needed=True),
    F("details", "details", "Numbers and words, by name"),
)

# An event's word in JSON, its class, its fields, what it is.
EVENTS: dict[str, tuple[Any, tuple[Field, ...], str]] = {
    "signal": (event.Signal, SIGNAL, "A signal for one target. The victims of one wide kill share an id"),
    "exit": (event.Exit, EXIT, "The end of a process: by a signal, or with a status"),
    "failed": (event.Failed, FAILED, "A refused attempt (--failed)"),
    "probe": (event.Probe, PROBE, "Signal 0: somebody asked whether the target exists (--probes)"),
    "loss": (event.Loss, LOSS, "Something is missing at this place of the stream"),
    "statement": (event.Statement, STATEMENT, "What somebody says of a process or unit"),
    "exec": (event.Exec, EXEC, "A control command was run"),
    "mark": (event.Mark, MARK, "What a recorder or source says of its own sight"),
}  # fmt: skip
NESTED: dict[str, tuple[Any, tuple[Field, ...], str]] = {
    "place": (event.Place, PLACE, "Where something is written"),
    "ancestor": (event.Ancestor, ANCESTOR, "One step up the chain of parents"),
    "process": (event.Process, PROCESS, f"One end of a signal. pid is the process and tid the thread, {_PID}"),
    "oom": (event.Oom, OOM, "Why the OOM killer ran"),
    "claim": (event.Claim, CLAIM, "What a sender wrote into its siginfo about itself"),
    "earlier": (event.Earlier, EARLIER, "A signal that came before"),
    "seccomp": (event.Seccomp, SECCOMP, "What seccomp(2) refused"),
}  # fmt: skip
# What differs from one signal to the next, though everything else is the same.
OWN = ("id", "time", "place", "places")


def names_of(fields: tuple[Field, ...], *, nested: bool) -> tuple[str, ...]:
    """The names of the fields that are (or are not) objects of their own; OWN is left out."""
    return tuple(
        [
            field.name
            for field in fields
            if field.name not in OWN and (field.kind in NESTED) is nested
        ]
    )
