"""The events that every source fills and every sink reads.

Unknown is ``None``, never 0 and never a guess. Text that belongs to the traced world (comm, argv,
paths) stays ``bytes`` until a sink writes it. Times are nanoseconds since the epoch, UTC.
"""

from __future__ import annotations

from tracer.model.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Union

    Event = Union[
        "Signal",
        "Series",
        "Exit",
        "Failed",
        "Probe",
        "Loss",
        "Statement",
        "Exec",
        "Mark",
    ]
    Details = dict[str, Union[str, int, float, bool, list[str]]]


ID_MAX = 300  # letters of an id


@frozen
class Place:
    """Where an event is written: ``file`` as its path was given, with ``line`` (from 1) or ``offset`` (bytes); a
    journal's ``cursor``; a ``recording`` with its ``line``."""

    file: str | None = None
    line: int | None = None
    offset: int | None = None
    cursor: str | None = None
    recording: str | None = None


@frozen
class Ancestor:
    """One step up the chain of parents. ``argv`` is cut at 128 bytes."""

    pid: int
    comm: bytes | None = None
    start: int | None = None
    argv: tuple[bytes, ...] | None = None
    exe: bytes | None = None
    uid: int | None = None


@frozen
class Process:
    """What is known of one end of a signal: a process, and the thread of it that was concerned.

    ``pid`` is the process and ``tid`` the thread, both as the host's initial pid namespace numbers
    them; ``ns_pid`` is the process in its own pid namespace (pid_namespaces(7)). ``comm`` is the
    process's name and ``thread_comm`` the thread's, where it differs. ``start`` is the time at which
    the process was born. ``loginuid`` and ``session`` are the audit ones (4294967295, unset, is
    ``None``). ``invocation`` is the run of the unit (systemd.exec(5), INVOCATION_ID). ``pid`` is None where the source
    cannot know it: a pidfd in an audit log, a unit that a manager speaks of.
    """

    pid: int | None = None
    tid: int | None = None
    comm: bytes | None = None
    thread_comm: bytes | None = None
    uid: int | None = None
    user: str | None = None
    euid: int | None = None
    ppid: int | None = None
    exe: bytes | None = None
    argv: tuple[bytes, ...] | None = None
    argv_cut: bool = False
    loginuid: int | None = None
    session: int | None = None
    tty: bytes | None = None
    cgroup: bytes | None = None
    cgroup_id: int | None = None
    unit: bytes | None = None
    invocation: bytes | None = None
    container: bytes | None = None
    container_name: bytes | None = None
    pod: bytes | None = None
    ns_pid: int | None = None
    start: int | None = None
    ancestors: tuple[Ancestor, ...] = ()


@frozen
class Oom:
    """Why the OOM killer ran: ``cgroup`` is the one whose limit was hit, None for the whole host. ``shares`` is the
    victim, where another had to go because it shares the victim's memory."""

    scope: str | None = None
    cgroup: bytes | None = None
    shares: Process | None = None


@frozen
class Claim:
    """What a sender wrote into its siginfo about itself, where that is not the truth."""

    pid: int
    uid: int | None = None


@frozen
class Earlier:
    """A signal that came before: its id and number, how long before, and who sent it (pid, comm and start alone)."""

    id: str
    number: int
    after_ns: int
    sender: Process | None = None


@frozen
class Seccomp:
    """The system call that a filter refused (seccomp(2)): what the filter did, the call by name, and where it was made
    (an instruction's address)."""

    action: str | None = None
    call: str | None = None
    ip: int | None = None


@frozen
class Signal:
    """A signal that the kernel accepted for one target, or decided to ignore or drop.

    ``id`` needs no escapes in JSON. ``number`` is 1..64; ``code`` is si_code (sigaction(2));
    ``origin`` is a key of ``tracer.model.origin.ORIGINS`` and ``outcome`` one of ``tracer.model.outcome.OUTCOMES``. ``scope`` is
    "process" or "thread". ``sender`` is None where nobody sent it (a timer, the tty): then
    ``current`` may name the process that merely ran. ``asked`` is the pid argument as the caller gave
    it: negative or 0 for a wide kill, whose events share their ``id``. ``target_is_asked`` says
    that the target's pid is only the caller's own number (audit without OBJ_PID). ``address`` is the one
    that faulted. ``time`` is None where a log's line has none (``since_boot_ns`` may be known then). ``escalates`` is an earlier, milder signal that the target has survived. ``cgroup`` is the one whose
    cgroup.kill was written to. ``sender_lives``: the sender's thread has ended, not the process.
    """

    time: int | None
    id: str
    source: str
    number: int
    code: int | None = None
    origin: str | None = None
    outcome: str | None = None
    why: str | None = None
    scope: str | None = None
    sender: Process | None = None
    target: Process | None = None
    current: Process | None = None
    call: str | None = None
    asked: int | None = None
    target_is_asked: bool = False
    address: int | None = None
    claim: Claim | None = None
    oom: Oom | None = None
    escalates: Earlier | None = None
    target_state: str | None = None
    seccomp: Seccomp | None = None
    tracer: Process | None = None
    count: int | None = None
    last: int | None = None
    cgroup: bytes | None = None
    sender_lives: bool = False
    since_boot_ns: int | None = None
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Series:
    """Signals of a storm: ``first``, which has a time, and one at each of the ``later`` ones that differs in nothing else.

    A signal's id begins with its time in hexadecimal and a "-"; the rest of it is alike, too.
    """

    first: Signal
    later: list[int]

    @property
    def time(self) -> int:
        return moment(self.first)

    def times(self) -> list[int]:
        return [self.time, *self.later]

    def __len__(self) -> int:
        return 1 + len(self.later)

    def last(self) -> Signal:
        return self._again(self.later[-1]) if self.later else self.first

    def signals(self) -> Iterator[Signal]:
        """Each by itself, for who cannot take them together."""
        yield self.first
        for time in self.later:
            yield self._again(time)

    def up_to(self, count: int) -> Series:
        """The first so many of them, at least one."""
        return Series(self.first, self.later[: count - 1])

    def _again(self, time: int) -> Signal:
        own = f"{time:x}-{self.first.id.partition('-')[2]}"
        return replace(self.first, time=time, id=own)


CAUSES = 8  # of more signals than these nobody says which it was


@frozen
class Exit:
    """A process that ended: by ``number`` (a signal) or with ``status`` (0..255), see wait(2).

    ``cause`` is the id of the signal it died of; where that may be one of several, ``causes`` are theirs. ``handled``
    is the id of the last request to end that it took, when it then exited by itself, and ``answers`` tells that
    request. ``after_ns`` is the time since either. ``origin``: what it died of is known to be a fault of its own.
    ``tracer`` traced it to the end: the signal it died of may be the tracer's.
    """

    time: int | None
    id: str
    source: str
    process: Process
    number: int | None = None
    status: int | None = None
    core: bool | None = None
    cause: str | None = None
    handled: str | None = None
    after_ns: int | None = None
    seccomp: Seccomp | None = None
    causes: tuple[str, ...] = ()
    answers: Earlier | None = None
    origin: str | None = None
    tracer: Process | None = None
    since_boot_ns: int | None = None
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Failed:
    """An attempt that never became a signal; ``error`` is an errno name such as "EPERM", ``policy`` what refused it
    where that is known: apparmor, selinux, landlock, seccomp."""

    time: int | None
    id: str
    source: str
    call: str | None
    error: str | None
    number: int | None = None
    sender: Process | None = None
    target: Process | None = None
    asked: int | None = None
    target_is_asked: bool = False
    policy: str | None = None
    since_boot_ns: int | None = None
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Probe:
    """A successful send of signal 0: somebody asked whether the target exists."""

    time: int
    id: str
    source: str
    call: str | None
    sender: Process | None = None
    target: Process | None = None
    asked: int | None = None
    target_is_asked: bool = False
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Loss:
    """Something that is missing from the stream at this place; ``count`` None: how much is not known."""

    time: int | None
    id: str
    source: str
    count: int | None
    where: str
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Statement:
    """What somebody says of a process or unit: a manager, the kernel, a supervisor, a session's daemon.

    ``what`` is a key of ``tracer.statements``' table, ``about`` the process or unit it speaks of, ``by`` the speaker.
    ``believed``: True where the transport proves the speaker, False where the log contradicts, None where it cannot
    tell. ``time`` is None where the line has none; ``since_boot_ns`` may be known then.
    """

    time: int | None
    id: str
    source: str
    what: str
    by: Process | None = None
    about: Process | None = None
    number: int | None = None
    details: Details | None = None
    text: bytes | None = None
    believed: bool | None = None
    since_boot_ns: int | None = None
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Exec:
    """A control command was run (systemctl, kill, docker …): who asked a manager, or was about to send."""

    time: int
    id: str
    source: str
    process: Process
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


@frozen
class Mark:
    """What a recorder or source says of its own sight; ``what`` is one of MARKS."""

    time: int
    id: str
    source: str
    what: str
    details: Details | None = None
    host: str | None = None
    place: Place | None = None
    places: tuple[Place, ...] = ()


TARGET_STATES = ("stopped", "frozen", "uninterruptible")
MARKS = ("begin", "end", "clock step", "rotate", "settings", "state")


def moment(event: Event) -> int:
    """When it was, in ns; 0 where nobody knows: to put what is there in order, not to be told."""
    return event.time or 0


def is_id(text: str) -> bool:
    """Whether it can be an id: these are written without escapes (tracer.sinks.json)."""
    is_plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return is_plain and 0 < len(text) <= ID_MAX


def exit_id(time: int, pid: int | None) -> str:
    """The id of an end: the same wherever the same end is read."""
    return f"{time:x}-exit-{'' if pid is None else pid}"


def lost(
    time: int | None, source: str, count: int | None, where: str, host: str | None = None
) -> Loss:
    """A loss with its id: the same wherever the same loss is read. ``where`` may be a path, or what a log says."""
    head = f"{0 if time is None else time:x}-lost-"
    id_ = f"{head}{source}-{where}"
    if not is_id(id_):
        from zlib import crc32

        own = crc32(f"{source}\0{where}".encode("utf-8", "surrogatepass"))
        id_ = f"{head}{own:x}"
    return Loss(time, id_, source, count, where, host)
