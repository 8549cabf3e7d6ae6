"""Who was behind a process: from it up its parents to the first login, cron job, timer, unit or container."""

from __future__ import annotations

from tracer.model.event import Ancestor, Exec, Process, Statement
from tracer.model.names import last_part, script_of
from tracer.model.signals import NUMBERS
from tracer.model.text import unplain
from tracer.model.times import SECOND
from tracer.model.verdict import Login, Who

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
PASSED_THROUGH = frozenset((b"sudo", b"su", b"doas", b"pkexec", b"runuser"))
# Commands that ask a manager, and where in their words the verb may stand.
MANAGERS_COMMANDS = frozenset(
    (b"systemctl", b"service", b"initctl", b"supervisorctl", b"docker", b"podman", b"crictl",
     b"kubectl", b"pm2", b"nerdctl", b"machinectl", b"loginctl")
)  # fmt: skip
HALTS = frozenset((b"shutdown", b"reboot", b"poweroff", b"halt"))
# What ends the host, and so every unit: systemctl(1), loginctl(1).
HALTING_VERBS = frozenset(
    (b"reboot", b"poweroff", b"halt", b"kexec", b"soft-reboot", b"isolate", b"rescue", b"emergency", b"exit")
)  # fmt: skip
# What ends a unit, a session or a container: systemctl(1), loginctl(1), docker(1), kubectl(1).
ENDING_VERBS = HALTING_VERBS | frozenset(
    (b"stop", b"restart", b"try-restart", b"condrestart", b"reload", b"force-reload", b"reload-or-restart",
     b"try-reload-or-restart", b"kill", b"disable", b"mask", b"terminate", b"terminate-session", b"terminate-user",
     b"kill-session", b"kill-user", b"rm", b"remove", b"delete", b"down", b"stopp", b"clean", b"freeze")
)  # fmt: skip
KILLERS = frozenset(
    (b"kill", b"pkill", b"killall", b"killall5", b"skill", b"fuser", b"xkill", b"slay", b"kill.sh")
)
_SIGNAL_OPTIONS = frozenset((b"-s", b"-n", b"--signal"))
# Of pkill(1) -s is a session and -n the newest.
_SIGNAL_OPTIONS_OF = {b"pkill": frozenset((b"--signal",))}
# What they send where no word says: all SIGTERM but these (fuser(1), xkill(1)).
_DEFAULTS = {b"fuser": b"KILL", b"xkill": b"KILL"}
# Statements that tell a command, and who ran it.
COMMANDS_SAID = {"command asked": b"sudo", "cron ran": b"cron", "authorised": b"pkexec"}
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
    return "unit" if process.unit is not None else None


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


def who_asked(case: Case, at: int, unit: bytes | None) -> Exec | Statement | None:
    """Who asked the manager of a unit for what it began at that moment: a recorded command whose words name the unit,
    else sudo's line that says so."""
    if unit is None:
        return None
    for event in reversed(case.execs):
        if 0 <= at - event.time + SECOND // 10 <= ASKED_WITHIN and _asks_of(event.process, unit):
            return event
    for said in reversed(case.near):
        ran = command_of(said)
        if (
            isinstance(said, Statement)
            and said.time is not None
            and ran is not None
            and 0 <= at - said.time + SECOND <= 2 * SECOND
            and _asks_of(ran, unit)
        ):
            return said
    return None


def command_of(event: object) -> Process | None:
    """The command that an event says was run, as far as it tells: a recorded exec, sudo's line, cron's."""
    if isinstance(event, Exec):
        return event.process
    if not isinstance(event, Statement) or event.what not in COMMANDS_SAID or not event.details:
        return None
    line = str(event.details.get("command", ""))
    argv = tuple(unplain(word) for word in line.split())
    if not argv:
        return None
    user, tty = event.details.get("user"), event.details.get("tty")
    by = event.by or Process()
    through = None if by.pid is None else Ancestor(by.pid, by.comm or COMMANDS_SAID[event.what])
    return Process(
        comm=last_part(argv[0])[:15],
        argv=argv,
        uid=0 if event.details.get("as_user") == "root" else None,
        user=str(user) if user else None,
        tty=unplain(str(tty)) if tty and tty != "unknown" else None,
        unit=by.unit if (by.unit or b"").startswith(b"session-") else None,
        ancestors=() if through is None else (through,),
    )


def _asks_of(process: Process, unit: bytes) -> bool:
    """Whether a command line has a manager end this unit. Who looks at it has asked for nothing."""
    words = process.argv or ()
    if not _asks_a_manager(words):
        return False
    stem = unit.rpartition(b".")[0]
    return _halts(words) or any(last_part(word) in (unit, stem) for word in words)


def _asks_a_manager(words: tuple[bytes, ...]) -> bool:
    """Whether a command line has a manager end something: a unit, a container, the host."""
    program = words and last_part(script_of(words) or words[0])
    if program in HALTS:
        return True
    is_asker = program in MANAGERS_COMMANDS or (words and b"/init.d/" in words[0])
    return bool(is_asker) and not ENDING_VERBS.isdisjoint(words[1:])


def _halts(words: tuple[bytes, ...]) -> bool:
    program = words and last_part(script_of(words) or words[0])
    return program in HALTS or not HALTING_VERBS.isdisjoint(words[1:])


def ends_others(words: tuple[bytes, ...]) -> bool:
    """Whether a command line is of a program that ends processes, or has a manager do it; whichever."""
    return _asks_a_manager(words) or _killer_at(words) is not None


def _killer_at(words: tuple[bytes, ...]) -> int | None:
    """Where in a command line a program of KILLERS is: behind sudo's words, too."""
    return next((at for at, word in enumerate(words[:6]) if last_part(word) in KILLERS), None)


def kills(words: tuple[bytes, ...], number: int, pid: int | None, names: frozenset[bytes]) -> bool:
    """Whether a command line sends this signal to this pid or to one of these names."""
    at = _killer_at(words)
    if at is None:
        return False
    program, rest = last_part(words[at]), words[at + 1 :]
    if _signal_of(program, rest) != number:
        return False
    if program in (b"kill", b"skill", b"kill.sh"):
        return pid is not None and str(pid).encode() in rest
    whole_line = any(word in (b"-f", b"--full") for word in rest)
    patterns = [last_part(word) or word for word in rest if not word.startswith(b"-")]
    return any(
        word in names or (whole_line and len(word) > 2 and any(word in name for name in names))
        for word in patterns
    )


def _signal_of(program: bytes, words: tuple[bytes, ...]) -> int | None:
    """The signal that kill(1) or one of its kind sends, None for none (-0, -l) and for words that are not understood."""
    said = _DEFAULTS.get(program, b"TERM")
    options = _SIGNAL_OPTIONS_OF.get(program, _SIGNAL_OPTIONS)
    for word, following in zip(words, (*words[1:], b"")):
        name, _, value = word.partition(b"=")
        if name in options:
            said = value or following
        elif word.startswith(b"-") and _number_of(word[1:]) is not None:
            said = word[1:]
        elif word in (b"-l", b"-L", b"--list", b"-0"):
            return None
    return _number_of(said)


def _number_of(word: bytes) -> int | None:
    text = word.decode("latin-1").upper().removeprefix("SIG")
    return int(text) if text.isdigit() and 0 < int(text[:4]) <= 64 else NUMBERS.get(text)
