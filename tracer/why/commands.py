"""Command lines: which end processes, which ask a manager to end a unit, and whom they mean."""

from __future__ import annotations

from tracer.model.event import Ancestor, Exec, Process, Statement
from tracer.model.names import last_part, script_of
from tracer.model.numbers import whole
from tracer.model.signals import NUMBERS
from tracer.model.text import unplain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Programs that ask systemd, Upstart or init's scripts for something of a unit; the others ask for a container, or a
# supervisor's child: a unit of the same name is not meant.
_OF_UNITS = frozenset((b"systemctl", b"service", b"initctl", b"machinectl", b"loginctl"))
# Of a command line they ask another host's manager, or a machine's (systemctl(1)).
_ELSEWHERE = (b"-H", b"--host", b"-M", b"--machine")
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
# Of these a unit that runs is not stopped, but with --now (systemctl(1)).
_AT_MOST_LATER = frozenset((b"reload", b"freeze", b"clean", b"disable", b"mask"))
KILLERS = frozenset(
    (b"kill", b"pkill", b"killall", b"killall5", b"skill", b"fuser", b"xkill", b"slay", b"kill.sh")
)
# What runs the command that follows, and their options that are followed by a word of their own.
_WRAPPERS: Mapping[bytes, bytes] = {
    b"sudo": b"ugCDRhprtTU", b"doas": b"uC", b"runuser": b"ugG", b"pkexec": b"", b"env": b"uCS", b"nice": b"n", b"ionice": b"cnpPu",
    b"nohup": b"", b"setsid": b"", b"timeout": b"sk", b"time": b"fo", b"command": b"", b"exec": b"a", b"busybox": b"",
    b"sh": b"", b"bash": b"", b"dash": b"", b"ash": b"", b"zsh": b"", b"ksh": b"", b"chrt": b"", b"taskset": b"", b"stdbuf": b"ioe",
    b"xargs": b"nPILdaEs",
}  # fmt: skip
# Between two commands of one line (sh(1)).
_SEPARATORS = frozenset((b"&&", b"||", b"|", b";", b"&"))
_SHELLS = frozenset((b"sh", b"bash", b"dash", b"ash", b"zsh", b"ksh"))
_QUOTES, _BACKSLASH = b"'\"", ord("\\")
# Options of theirs that are followed by a word which names no process.
_SIGNAL_OPTIONS = frozenset((b"-s", b"-n", b"--signal"))
# Of pkill(1) -s is a session and -n the newest, of fuser(1) both are others.
_SIGNAL_OPTIONS_OF = {b"pkill": frozenset((b"--signal",)), b"fuser": frozenset[bytes]()}
_VALUES_OF: Mapping[bytes, frozenset[bytes]] = {
    b"pkill": frozenset(
        (b"-u", b"-U", b"-g", b"-G", b"-P", b"-s", b"-t", b"-F", b"-r", b"-q", b"--signal", b"--euid", b"--uid", b"--pgroup",
         b"--group", b"--parent", b"--session", b"--terminal", b"--pidfile", b"--runstates", b"--ns", b"--nslist", b"--cgroup", b"--env")
    ),
    b"killall": frozenset(
        (b"-u", b"--user", b"-o", b"--older-than", b"-y", b"--younger-than", b"-s", b"--signal", b"-n", b"--ns", b"-Z", b"--context")
    ),
    b"kill": frozenset((b"-s", b"-n", b"--signal", b"-q", b"--queue", b"--timeout")),
    b"fuser": frozenset((b"-n", b"--namespace")),
}  # fmt: skip
# Options with which they take some alone of those that bear a name.
_CHOOSING: Mapping[bytes, frozenset[bytes]] = {
    b"pkill": _VALUES_OF[b"pkill"] - {b"--signal", b"-q"}
    | {b"-n", b"-o", b"-O", b"-A", b"--newest", b"--oldest", b"--older", b"--ignore-ancestors"},
    b"killall": _VALUES_OF[b"killall"] - {b"-s", b"--signal"} | {b"-i", b"--interactive"},
}
# What they send where no word says: all SIGTERM but these (fuser(1), xkill(1)).
_DEFAULTS = {b"fuser": b"KILL", b"xkill": b"KILL"}
# Statements that tell a command, and who ran it.
COMMANDS_SAID = {"command asked": b"sudo", "cron ran": b"cron", "authorised": b"pkexec"}


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


def asks_of(words: tuple[bytes, ...], unit: bytes, of_user: bool | None) -> bool:
    """Whether a command line has a manager end this unit. Who looks at it has asked for nothing. ``of_user``: the unit is
    one of a user's own manager; None: that is not known."""
    if not _asks_a_manager(words) or _program(words) not in _OF_UNITS | HALTS:
        return False
    if ENDING_VERBS.isdisjoint(set(words[1:]) - _AT_MOST_LATER) and b"--now" not in words and _program(words) not in HALTS:  # fmt: skip
        return False
    for_user = b"--user" in words
    if (for_user and not of_user) or (of_user and not for_user and not _halts(words)):
        return False
    if not for_user and any(word.startswith(_ELSEWHERE) for word in words[1:]):
        return False
    stem = unit.rpartition(b".")[0]
    named = (last_part(word) if b"/init.d/" in word else word for word in words)
    return _halts(words) or any(word in (unit, stem) for word in named)


def _program(words: tuple[bytes, ...]) -> bytes | None:
    """What is run; "service" of a script of init's."""
    if words and b"/init.d/" in words[0]:
        return b"service"
    return last_part(script_of(words) or words[0]) if words else None


def _asks_a_manager(words: tuple[bytes, ...]) -> bool:
    """Whether a command line has a manager end something: a unit, a container, the host."""
    program = _program(words)
    if program in HALTS:
        return True
    return program in MANAGERS_COMMANDS and not ENDING_VERBS.isdisjoint(words[1:])


def _halts(words: tuple[bytes, ...]) -> bool:
    program = _program(words)
    has_verb = not HALTING_VERBS.isdisjoint(words[1:]) and b"--user" not in words
    return program in HALTS or (program in (b"systemctl", b"loginctl") and has_verb)


def is_line(event: object) -> bool:
    """Whether the command that an event tells was given to a shell as it stands there: cron's (crontab(5)). sudo's is an argv
    joined by blanks, of which "&&" is a word like others."""
    return isinstance(event, Statement) and event.what == "cron ran"


def ends_others(words: tuple[bytes, ...], of_line: bool = False) -> bool:
    """Whether a command line is of a program that ends processes, or has a manager do it; whichever. ``of_line``: see
    ``is_line``."""
    return _asks_a_manager(words) or any(_killers(words, of_line))


def _killers(words: tuple[bytes, ...], of_line: bool) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
    """The programs of KILLERS that a command line runs on this host, each with its words. One that is a word of
    another program (ssh, docker exec, strace -e kill) is not run here, or not at all."""
    is_of_a_shell = of_line or not _SHELLS.isdisjoint(_unwrapped(words)[1])
    for command in _commands(words) if is_of_a_shell else [words]:
        own, _ = _unwrapped(command)
        program = last_part(own[0]) if own else None
        if program in KILLERS:
            yield program, own[1:]


def _commands(words: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """The commands of a line of a shell, as far as blanks part them; what stands in quotes is a word of one."""
    command: list[bytes] = []
    quote = 0
    for word in words:
        quote = _quote_after(word, quote)
        ends = word.endswith(b";") and not word.endswith(b"\\;")
        is_last = not quote and (ends or word in _SEPARATORS)
        if quote or word not in _SEPARATORS:
            command.append(word if quote else word.rstrip(b";"))
        if is_last:
            yield tuple(command)
            command = []
    yield tuple(command)


def _quote_after(word: bytes, quote: int) -> int:
    """Which quote is open behind a word, before which ``quote`` was; 0 for none (sh(1))."""
    is_escaped = False
    for letter in word:
        if is_escaped:
            is_escaped = False
        elif letter == _BACKSLASH and quote != _QUOTES[0]:
            is_escaped = True
        elif letter == quote:
            quote = 0
        elif not quote and letter in _QUOTES:
            quote = letter
    return quote


def _unwrapped(words: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], frozenset[bytes]]:
    """Without what runs it: sudo, nice and their like, with their options, durations and variables; and what these are."""
    at = 0
    passed: set[bytes] = set()
    while at < len(words) and (valued := _WRAPPERS.get(last_part(words[at]))) is not None:
        passed.add(last_part(words[at]))
        at += 1
        while at < len(words) and _is_of_a_wrapper(words[at]):
            takes = len(words[at]) == 2 and words[at][1:] in valued and words[at][:1] == b"-"
            at += 2 if takes else 1
    return words[at:], frozenset(passed)


def _is_of_a_wrapper(word: bytes) -> bool:
    """An option, a variable that is set, a number or a duration."""
    name, is_set, _ = word.partition(b"=")
    return word.startswith(b"-") or (bool(is_set) and b"/" not in name) or word[:1].isdigit()


def kills(
    words: tuple[bytes, ...],
    number: int,
    pid: int | None,
    names: frozenset[bytes],
    of_line: bool = False,
) -> bool:
    """Whether a command line sends this signal to this pid or to one of these names. ``of_line``: see ``is_line``."""
    return any(
        _signal_of(program, rest) == number and _means(program, rest, pid, names)
        for program, rest in _killers(words, of_line)
    )


def chooses(words: tuple[bytes, ...], of_line: bool = False) -> bool:
    """Whether a command line takes some alone of those that bear a name: by user, parent, terminal, age."""
    return any(
        word.partition(b"=")[0] in _CHOOSING.get(program, ())
        for program, rest in _killers(words, of_line)
        for word in rest
    )


def signal_asked(words: tuple[bytes, ...]) -> int | None:
    """The signal that "systemctl kill" has a manager send."""
    return _signal_of(b"systemctl", words)


def may_kill(event: object, ran: Process, target: Process) -> bool:
    """Whether who ran a command may signal a process, as far as both are known: root, or its own user (kill(2))."""
    if ran.uid == 0:
        return True
    if ran.uid is not None:
        return target.uid in (None, ran.uid)
    details = (event.details if isinstance(event, Statement) else None) or {}
    runs_as = details.get("as_user", details.get("user"))
    # A service of whose user nothing is told is root's, as a rule (User=, systemd.exec(5)).
    is_roots = target.uid == 0 or (
        target.uid is None and (target.unit or b"").endswith(b".service")
    )
    return runs_as in (None, "root") or not is_roots


def _means(
    program: bytes, rest: tuple[bytes, ...], pid: int | None, names: frozenset[bytes]
) -> bool:
    """Whether these are words for this process."""
    operands = _operands(rest, _VALUES_OF.get(program, frozenset()))
    if program in (b"kill", b"skill", b"kill.sh"):
        return pid is not None and str(pid).encode() in operands
    if program == b"slay":
        return False  # It takes names of users.
    if program == b"fuser" and (not _has_flag(rest, b"k") or _has_flag(rest, b"m")):
        return False  # It shows, or means a file system's users.
    if program == b"pkill" and (_has_flag(rest, b"v") or b"--inverse" in rest):
        return False
    whole_line = program != b"killall" and any(word in (b"-f", b"--full") for word in rest)
    patterns = [last_part(word) or word for word in operands]
    return any(
        word in names or (whole_line and len(word) > 2 and any(word in name for name in names))
        for word in patterns
    )


def _operands(words: tuple[bytes, ...], valued: frozenset[bytes]) -> list[bytes]:
    """The words that are neither options nor what belongs to one."""
    before = (b"", *words[:-1])
    return [
        word
        for word, last in zip(words, before)
        if not word.startswith(b"-") and last not in valued
    ]


def _has_flag(words: tuple[bytes, ...], letter: bytes) -> bool:
    """Whether a cluster of short options has one; names of signals are in capitals."""
    return any(word[:1] == b"-" and word[1:2] != b"-" and letter in word[1:] for word in words)


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
    number = whole(text, 3)
    return number if number in range(1, 65) else NUMBERS.get(text)
