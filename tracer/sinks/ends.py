"""Both ends of a signal in words: who each is, with which command line, below whom, and where it belongs."""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.model.names import SHELLS, telling_name
from tracer.model.text import columns, command_line, cut, quoted, quoted_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Ancestor, Process

    # The name of a uid, None if it has none.
    Users = Callable[[int], "str | None"]

UNKNOWN = "-"
# Programs that run another one as another user: a person stands behind what they run.
SWITCHING = frozenset(
    (b"sudo", b"sudo-rs", b"su", b"doas", b"pkexec", b"runuser", b"setpriv", b"run0")
)
_CARRIERS = SWITCHING | SHELLS
_ID_LENGTH = 12  # of a container's id, as docker ps has it


def nobody(_uid: int) -> str | None:
    """No uid has a name."""
    return None


def label(process: Process | Ancestor) -> str:
    """The telling name and the pid: orders-api.py[24067]. Of one without a pid, what else is known."""
    if process.pid is not None:
        return f"{bare(process)}[{process.pid}]"
    tid: int | None = getattr(process, "tid", None)
    if tid is not None:
        return f"{bare(process)}[thread {tid}]"
    known = [
        getattr(process, name, None) for name in ("container_name", "unit", "cgroup", "container")
    ]
    where = next(filter(None, known), None)
    if process.comm is None and where is not None:
        return quoted(where)
    return f"{bare(process)}[{UNKNOWN}]"


def bare(process: Process | Ancestor) -> str:
    """The telling name alone."""
    own = telling_name(process)
    return UNKNOWN if own is None else quoted(own)


def behind(process: Process, users: Users = nobody) -> str | None:
    """Who had it run as somebody else, and as whom: deploy as root. None where nobody did, or nobody knows."""
    for at, step in enumerate(process.ancestors):
        if step.comm in SWITCHING:
            return _as_another(process, at, users)
    return None


def _as_another(process: Process, at: int, users: Users) -> str | None:
    """Of the step that switches: the user above it, or of the login, and the one below."""
    below = process.ancestors[at - 1].uid if at else process.uid
    above = [step.uid for step in process.ancestors[at + 1 :] if step.uid is not None]
    uids = [*(uid for uid in above[:1] if uid != below), process.loginuid]
    person = next((uid for uid in uids if uid is not None), None)
    if below is None or person is None or person == below:
        return None
    return f"{_user(person, process, users)} as {_user(below, process, users)}"


def _user(uid: int, process: Process, users: Users) -> str:
    known = process.user if uid == process.uid else users(uid)
    return quoted_text(known) if known else str(uid)


@frozen
class _Step:
    """A parent; ``note`` tells to whom the user changes there."""

    name: str
    pid: int
    note: str = ""

    def tells(self) -> bool:
        """Whether it is more than a shell, or what switches users."""
        return bool(self.note) or self.name.encode() not in _CARRIERS

    def words(self, *, with_pid: bool) -> str:
        return f"{self.name}[{self.pid}]{self.note}" if with_pid else self.name + self.note


def _steps(process: Process, users: Users) -> list[_Step]:
    steps = []
    below, told = process.uid, None
    for at, step in enumerate(process.ancestors):
        note = None
        if step.comm in SWITCHING:
            note = told = _as_another(process, at, users)
        elif step.uid == 0 and below not in (None, 0) and told is None:
            note = _user(below, process, users)
        steps.append(_Step(bare(step), step.pid, f" ({note})" if note else ""))
        below = step.uid
    return steps


def chain(process: Process, room: int | None = None, users: Users = nobody) -> str:
    """The command line and the parents: kill -9 24067 ← cleanup.sh[1340] ← cron[702].

    Where the room (in columns) is too small for both, the parents are left a third of it, and cut in their middle.
    """
    own = command(process)
    steps = _steps(process, users)
    rest = "" if steps else _instead_of_parents(process)
    whole = own + _joined(_each(steps)) + rest
    if room is None or columns(whole) <= room:
        return whole
    parents = _parents(steps, max(room // 3, room - columns(own))) if steps else rest
    own = command(process, max(room * 2 // 3, room - columns(parents)))
    parents = _parents(steps, room - columns(own)) if steps else cut(rest, room - columns(own))
    return own + parents


def _each(steps: Sequence[_Step], *, with_pid: bool = True) -> list[str]:
    return [step.words(with_pid=with_pid) for step in steps]


def _joined(steps: Sequence[str]) -> str:
    return "".join(f" ← {step}" for step in steps)


def _parents(steps: Sequence[_Step], room: int) -> str:
    """As much as there is room for: all, without the init, from whom everybody descends, without pids; then without
    those that only ran another, and from both ends of the chain, for the first and the last tell most."""
    others = steps[:-1] if len(steps) > 1 and steps[-1].pid == 1 else steps
    names = _each([step for step in others if step.tells()] or others, with_pid=False)
    fewer = (_without_middle(names, count) for count in range(len(names), 1, -1))
    for kept in (_each(steps), _each(others), _each(others, with_pid=False), *fewer):
        text = _joined(kept)
        if columns(text) <= room:
            return text
    return cut(_joined(names[:1]), room) if room > len(" ← …") else ""


def _without_middle(steps: list[str], count: int) -> list[str]:
    """So many of the steps, one more of the first than of the last."""
    if count >= len(steps):
        return steps
    first = (count + 1) // 2
    return [*steps[:first], "…", *steps[len(steps) - (count - first) :]]


def command(process: Process, width: int | None = None) -> str:
    """The command line, cut to a width: the folder of the program goes before the arguments do."""
    if not process.argv:
        line = label(process)
    else:
        line = command_line(process.argv, process.argv_cut)
        program, *arguments = process.argv
        # Not so for "sshd: root@pts/0": a program may write what it likes there.
        if width is not None and columns(line) > width and _is_path(program):
            rest = (program.rpartition(b"/")[2], *arguments)
            line = "…/" + command_line(rest, process.argv_cut)
    return line if width is None else cut(line, width)


def _is_path(program: bytes) -> bool:
    return program[:1] == b"/" != program[-1:] and program.split() == [program]


def _instead_of_parents(process: Process) -> str:
    """What a source that knows no parents (an audit log) has to tell who it was."""
    facts = [
        "" if process.uid is None else f"uid {process.uid}",
        "" if process.tty is None else f"tty {quoted(process.tty)}",
        "" if process.exe is None else quoted(process.exe),
    ]
    told = ", ".join(filter(None, facts))
    return f" ({told})" if process.tty or process.exe else ""


def tells_more(process: Process) -> bool:
    """Whether ``chain`` says anything that comm does not."""
    return bool(process.ancestors or process.exe or process.argv not in (None, (process.comm,)))


def place(process: Process) -> str | None:
    """The container or unit it belongs to, None if none is known."""
    if process.container_name:
        return f"container {quoted(process.container_name)}"
    if process.container:
        return f"container {quoted(process.container[:_ID_LENGTH])}"
    return quoted(process.unit) if process.unit else None


def target(process: Process, room: int | None = None) -> str | None:
    """What the row does not tell of a target: its command line, and where it belongs. None: nothing."""
    where = place(process)
    told = f" ({where})" if where else ""
    if process.argv in (None, (), (process.comm,)):
        return f"{bare(process)}{told}" if where else None
    whole = command(process, None if room is None else max(room - columns(told), room // 2))
    return whole + told if room is None else cut(whole + told, room)
