"""Who was behind a process: from it up its parents to the first login, cron job, timer, unit or container."""

from __future__ import annotations

from tracer.model.event import Exec, Process, Statement
from tracer.model.times import SECOND
from tracer.model.verdict import Login, Who
from tracer.why.case import is_of_a_user
from tracer.why.commands import asks_of, command_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.why.case import Case

LOGINS = frozenset(
    (b"sshd", b"sshd-session", b"login", b"agetty", b"gdm-session-wor", b"sddm-helper", b"lightdm",
     b"telnetd", b"dropbear", b"systemd-run", b"tmux: server", b"screen", b"cockpit-bridge")
)  # fmt: skip
CRONS = frozenset(
    (b"cron", b"crond", b"CRON", b"anacron", b"atd", b"fcron", b"dcron", b"systemd-cron")
)
# So long before its job a manager has been asked: D-Bus, and polkit that may ask back.
ASKED_WITHIN = SECOND


def behind(sender: Process | None, asked: Process | None = None) -> Who | None:
    """Who stands behind a sender, or behind who asked a manager to send."""
    start = asked or sender
    if start is None:
        return None
    return Who(sender=sender, login=login_of(start), via=via_of(start), asked=asked)


def via_of(process: Process) -> str | None:
    """What the parents lead to first."""
    for comm in (process.comm, *(step.comm for step in process.ancestors)):
        if comm in CRONS:
            return "cron"
        if comm in LOGINS:
            return "login"
    if process.unit is not None and process.unit.startswith(b"session-"):
        return "login"
    if process.container is not None:
        return "container"
    if process.unit is not None:
        return "unit"
    return "login" if process.tty is not None else None


def login_of(process: Process) -> Login | None:
    """The person behind it, as far as its audit login, its user and its terminal tell. Who has not logged in (a daemon, a
    cron job) is the user that it runs as."""
    user = _user_of(process)
    if user is None and process.tty is None:
        return None
    return Login(user=user, tty=process.tty)


def _user_of(process: Process) -> str | None:
    if process.loginuid is not None and process.loginuid != process.uid:
        return _user_before(process) or _called(process.loginuid)
    return process.user or (None if process.uid is None else _called(process.uid))


def _called(uid: int) -> str:
    """What a uid is called where nobody tells its name: 0 is root's everywhere (credentials(7))."""
    return f"uid {uid}" if uid else "root"


def _user_before(process: Process) -> str | None:
    """The name of who logged in, where the words of a parent tell it: "sshd: alice@pts/1"."""
    for step in process.ancestors:
        title = (step.argv or (b"",))[0]
        if step.comm in LOGINS and title.startswith((b"sshd: ", b"sshd-session: ")):
            return (
                title.partition(b": ")[2]
                .partition(b"@")[0]
                .partition(b" ")[0]
                .decode("utf-8", "replace")
            )
    return None


def who_asked(case: Case, at: int, source: str | None = None) -> Exec | Statement | None:
    """Who asked the manager of a process's unit for what it began at that moment: a recorded command whose words name the
    unit, else sudo's line that says so. ``source`` is whose clock told the moment: its own commands came before it, others'
    may seem to come a little later."""
    unit, of_user = case.death.process.unit, is_of_a_user(case.death.process)
    if unit is None:
        return None
    for event in reversed(case.execs):
        if event.process.ns_pid not in (None, event.process.pid):
            continue  # In a container systemctl(1) asks the manager in there.
        slack = 0 if event.source == source else SECOND // 10
        if -slack <= at - event.time <= ASKED_WITHIN - slack and asks_of(
            event.process.argv or (), unit, of_user
        ):
            return event
    for said in reversed(case.near):
        ran = command_of(said)
        if (
            isinstance(said, Statement)
            and said.time is not None
            and ran is not None
            and 0 <= at - said.time + SECOND <= 2 * SECOND
            and asks_of(ran.argv or (), unit, of_user)
        ):
            return said
    return None
