"""A found row → events. What a group means is one table; what a row makes is another."""

from __future__ import annotations

from zlib import crc32

from tracer.model.event import Exit, Failed, Oom, Process, Signal, Statement, exit_id
from tracer.model.frozen import replace
from tracer.model.names import UNITS_WITH_PROCESSES
from tracer.model.signals import NUMBERS
from tracer.model.text import plain
from tracer.statements.row import Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Union

    from tracer.lines.entry import Entry
    from tracer.statements.row import Groups

    Told = Union[Signal, Exit, Failed, Statement]

TEXT_MAX = 4096  # bytes of a line that are kept
KILL = NUMBERS["KILL"]
# errno(3) by what strerror(3) says of it in the C locale: of a kill that was refused.
_ERRORS = {b"Operation not permitted": "EPERM", b"No such process": "ESRCH", b"Invalid argument": "EINVAL", b"Permission denied": "EACCES"}  # fmt: skip
SHELL_WORDS = {
    b"Illegal instruction": 4,
    b"Aborted": 6,
    b"Bus error": 7,
    b"Floating point exception": 8,
    b"Killed": KILL,
    b"Segmentation fault": 11,
}
# What systemd does next, as a signal to the unit's processes; "Stopping." and "Skipping SIGKILL." send none.
_ACTIONS = {
    b"Terminating": NUMBERS["TERM"],
    b"Aborting": NUMBERS["ABRT"],
    b"Killing": KILL,
    b"killing": KILL,
    b"Killing reload process": KILL,
    b"Killing mount process": KILL,
}


def number_of(word: bytes) -> int | None:
    """The signal that is meant by 9, KILL, SIGKILL or SIGRTMIN+2."""
    if word.isdigit():
        return int(word) if len(word) < 3 and 1 <= int(word) <= 64 else None
    name, plus, more = word.upper().removeprefix(b"SIG").partition(b"+")
    number = NUMBERS.get(name.decode("latin-1"))
    if number is None or not plus:
        return number
    return number + int(more) if more.isdigit() and len(more) < 3 and number + int(more) <= 64 else None  # fmt: skip


def integer(word: bytes) -> int | None:
    """A number of no more digits than 64 bits have; None for anything else: of lines anybody may write."""
    return int(word) if word.isdigit() and len(word) < 20 else None


def _name(word: bytes) -> bytes | None:
    """A comm; systemd writes n/a where it does not know it."""
    return None if word in (b"", b"n/a") else word


# Groups that say which process is spoken of. Before each, "from_" says who sent.
PROCESS: dict[str, Callable[[bytes], Any]] = {
    "pid": integer,
    "tid": integer,
    "comm": _name,
    "thread_comm": _name,
    "uid": integer,
    "user": plain,
    "unit": bytes,
    "invocation": bytes,
    "cgroup": bytes,
    "container": bytes,
    "container_name": bytes,
    "pod": bytes,
    "exe": bytes,
    "tty": bytes,
}
_FROM = "from_"
_NUMBERS = frozenset(
    (
        "status",
        "restarts",
        "processes",
        "badness",
        "oom_score",
        "score",
        "order",
        "seconds",
        "count",
        "on_cpu",
        "port",
    )
)
_NUMBER_ENDS = ("_kb", "_bytes", "_ns", "_pid", "_adj", "_mib")
# A log has them as they were typed on their host; a user is about the process only where a row says so.
_ONLY_DETAILS = frozenset(("user", "tty"))
_OF_EVENT = frozenset(("signal",))


class Making:
    """One found row on its way to events."""

    def __init__(self, entry: Entry, found: Found, source: str) -> None:
        self.entry, self.row, self.source = entry, found.row, source
        self.rightful = found.rightful and entry.believed is not False
        # (a)|(b) in a pattern: the second of two groups for one thing has "_" at its end.
        self.groups: Groups = {k.rstrip("_"): part for k, part in found.groups.items()}
        self.about = _of_user(process_of(self.groups), entry)
        self.sender = process_of({k[len(_FROM) :]: part for k, part in self.groups.items() if k.startswith(_FROM)})  # fmt: skip
        word = self.groups.get("signal")
        self.number = self.row.number if word is None else number_of(word)

    def events(self) -> list[Told]:
        """Who may not say so makes a statement that is not believed, and nothing else."""
        makes = self.row.makes if self.rightful else ("says",)
        return [event for name in makes for event in MAKERS[name](self)]

    def speaker(self) -> Process | None:
        """As far as the entry tells; None of a line without a tag."""
        entry = self.entry
        fields = entry.fields or {}
        uid, unit = integer(fields.get(b"_UID", b"")), fields.get(b"_SYSTEMD_UNIT")
        session = integer(fields.get(b"_AUDIT_SESSION", b""))
        known = any(one is not None for one in (entry.pid, entry.tag, uid, unit))
        if not known:
            return None
        return Process(entry.pid, comm=entry.tag, uid=uid, unit=unit, session=_set(session))

    def id(self, what: str) -> str:
        """The same wherever the same line is read."""
        entry = self.entry
        when = entry.time or entry.since_boot or 0
        own = crc32(b"%b\0%b\0%b" % (entry.host or b"", entry.tag or b"", entry.text))
        return f"{when:x}-{what.replace(' ', '-')}-{own:x}"

    def details(self) -> dict[str, Any]:
        used = PROCESS.keys() - _ONLY_DETAILS | _OF_EVENT
        made: dict[str, Any] = {
            name: value
            for name, part in self.groups.items()
            if name not in used and not (name.startswith(_FROM) and name[len(_FROM) :] in used)
            if (value := value_of(name, part)) is not None
        }
        made.update(self.row.fixed or {})
        return made

    def common(self) -> dict[str, Any]:
        entry = self.entry
        return {
            "host": None if entry.host is None else plain(entry.host),
            "place": entry.place,
            "since_boot_ns": entry.since_boot,
        }


def _set(session: int | None) -> int | None:
    """An audit session; (u32) -1 is none (AUDIT_SID_UNSET, include/uapi/linux/audit.h)."""
    return None if session == 0xFFFFFFFF else session


def process_of(groups: Groups) -> Process | None:
    """The process that the groups tell, None if they tell none."""
    known = {
        name: value
        for name, convert in PROCESS.items()
        if name in groups and name not in _ONLY_DETAILS
        for value in [convert(groups[name])]
        if value is not None
    }
    if "cgroup" in known and "unit" not in known:
        known["unit"] = unit_of(known["cgroup"])
    return Process(**known) if known else None


def _of_user(about: Process | None, entry: Entry) -> Process | None:
    """A user's own manager speaks of units of that user: not of the host's of the same name."""
    uid = integer((entry.fields or {}).get(b"_UID", b""))
    if not uid or about is None or about.unit is None or about.uid is not None:
        return about
    return replace(about, uid=uid)


def unit_of(cgroup: bytes) -> bytes | None:
    """The unit whose cgroup a path names: the last part that is one (systemd.slice(5))."""
    for part in reversed(cgroup.split(b"/")):
        if part.endswith(UNITS_WITH_PROCESSES):
            return part
    return None


def value_of(name: str, part: bytes) -> str | int | None:
    """A detail: which are numbers is the name's to say, so that a key is always of one type; None: more digits than any has."""
    digits = part.removeprefix(b"-")
    if digits.isdigit() and (name in _NUMBERS or name.endswith(_NUMBER_ENDS)):
        number = integer(digits)
        return -number if number is not None and digits != part else number
    return plain(part.strip())


def says(it: Making) -> list[Told]:
    """A statement."""
    return [statement(it, it.row.what, it.about, it.details())]


def statement(it: Making, what: str, about: Process | None, details: dict[str, Any]) -> Statement:
    return Statement(
        it.entry.time,
        it.id(what),
        it.source,
        what,
        by=it.speaker(),
        about=about,
        number=it.number,
        details=details or None,
        text=it.entry.text[:TEXT_MAX],
        believed=it.entry.believed if it.rightful else False,
        **it.common(),
    )


def _signal(it: Making, number: int | None, **more: Any) -> list[Told]:
    if number is None:
        return []
    fields = {"target": it.about, **it.common(), **more}
    return [Signal(it.entry.time, it.id(f"signal-{number}"), it.source, number, **fields)]


def sent(it: Making) -> list[Told]:
    """A signal that the speaker has sent."""
    return _signal(it, it.number, sender=it.speaker(), origin="user")


def does(it: Making) -> list[Told]:
    """The signal that the words announce: "timed out. Killing." """
    return _signal(it, _ACTIONS.get(it.groups.get("action", b"")), sender=it.speaker(), origin="user")  # fmt: skip


def got(it: Making) -> list[Told]:
    """A signal that the speaker says it has got."""
    return _signal(it, it.number, sender=it.sender, target=it.speaker(), origin="user")


def fault(it: Making) -> list[Told]:
    """The speaker is the kernel, and the target did it itself."""
    at = it.groups.get("address")
    return _signal(it, it.number, origin="fault", address=None if at is None else int(at, 16))


def rlimit(it: Making) -> list[Told]:
    return _signal(it, it.number, origin="rlimit")


def kernel(it: Making) -> list[Told]:
    return _signal(it, it.number, origin="kernel")


def oom(it: Making) -> list[Told]:
    scope = it.groups.get("scope")
    return _signal(it, KILL, origin="oom", oom=Oom(None if scope is None else scope.decode()))


def _child_of(it: Making) -> Process:
    """Who ended: of a unit its manager tells what it has waited for itself, a child of its own (manager_dispatch_sigchld(),
    src/core/manager.c). The system's is PID 1."""
    about = it.about or Process()
    if about.unit is None or about.ppid is not None or it.entry.tag != b"systemd":
        return about
    return replace(about, ppid=it.entry.pid)


def died(it: Making) -> list[Told]:
    """The end of a process: code and status as wait(2) has them, or the signal alone."""
    implied = str((it.row.fixed or {}).get("code", "")).encode()
    code, status = it.groups.get("code", implied), it.groups.get("status")
    number = it.number
    if code != b"exited" and number is None:
        number = None if status is None else number_of(status)
    exited = integer(status or b"") if code == b"exited" else None
    if exited is None and number is None:
        return []
    time, process = it.entry.time, _child_of(it)
    id_ = it.id("exit") if process.pid is None or time is None else exit_id(time, process.pid)
    core = {b"dumped": True, b"killed": False}.get(code)
    return [Exit(time, id_, it.source, process, None if exited is not None else number, exited, core, **it.common())]  # fmt: skip


def dumped(it: Making) -> list[Told]:
    """The end of a process whose core was taken: at the time of the crash (µs), not of the line."""
    crashed = integer(it.groups.get("timestamp", b""))
    time = it.entry.time if crashed is None else crashed * 1000
    process = it.about or Process()
    id_ = it.id("exit") if process.pid is None or time is None else exit_id(time, process.pid)
    return [Exit(time, id_, it.source, process, it.number, None, True, **it.common())]


def worded(it: Making) -> list[Told]:
    """The end of a process by a signal that a shell has words for (strsignal(3))."""
    number = SHELL_WORDS.get(it.groups.get("meaning", b""))
    time, process = it.entry.time, it.about
    if number is None or process is None:
        return []
    id_ = it.id("exit") if process.pid is None or time is None else exit_id(time, process.pid)
    return [Exit(time, id_, it.source, process, number, **it.common())]


def refused(it: Making) -> list[Told]:
    """An attempt that failed."""
    error = _ERRORS.get(it.groups.get("error", b"").strip())
    return [Failed(it.entry.time, it.id("failed"), it.source, None, error, it.number, it.speaker(), it.about, **it.common())]  # fmt: skip


MAKERS: dict[str, Callable[[Making], list[Told]]] = {
    "says": says,
    "sent": sent,
    "does": does,
    "got": got,
    "fault": fault,
    "rlimit": rlimit,
    "kernel": kernel,
    "oom": oom,
    "died": died,
    "dumped": dumped,
    "worded": worded,
    "refused": refused,
}
