"""The names that a process goes by: comm, the last part of argv[0], the script of an interpreter, the unit."""

from __future__ import annotations

from tracer.model.memo import memo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Ancestor, Process

# The kernel cuts a comm: TASK_COMM_LEN, include/linux/sched.h, less its NUL.
COMM_MAX = 15
# The units that have processes of their own (systemd.unit(5)), but for what starts others.
UNITS_WITH_PROCESSES = (b".service", b".scope")
# And those that run a command when they start and stop, in a cgroup of their own.
UNITS_IN_CGROUPS = (*UNITS_WITH_PROCESSES, b".socket", b".mount", b".swap")
# Programs whose first argument that is no option is what they run, by the beginning of their name.
_INTERPRETERS = (
    *(b"python", b"pypy", b"perl", b"ruby", b"node", b"nodejs", b"php", b"lua", b"tclsh", b"Rscript"),
    *(b"sh", b"bash", b"dash", b"zsh", b"ksh", b"busybox", b"fish", b"env"),
)  # fmt: skip
# Options of theirs that are followed by a word of their own, or that say there is no script.
_WITH_VALUE = frozenset((b"-W", b"-X", b"-I", b"-r", b"--require", b"-S", b"-O"))
_NO_SCRIPT = frozenset((b"-c", b"-e", b"-E", b"--eval", b"-p"))
_VERSION = b"0123456789."
# Letters that take a word, or a program, with others, and are flags of Python's.
_PYTHON = (b"python", b"pypy")
_PYTHON_FLAGS = frozenset((b"-I", b"-S", b"-O", b"-E"))
SHELLS = frozenset((b"sh", b"bash", b"dash", b"zsh", b"ksh", b"busybox", b"fish", b"env"))


def last_part(path: bytes) -> bytes:
    """The file name of a path."""
    return path.rstrip(b"/").rpartition(b"/")[2]


@memo(4096)
def script_of(argv: tuple[bytes, ...]) -> bytes | None:
    """The path of the script (or -m module, or -jar file) that an interpreter runs, None for any other program."""
    if not argv:
        return None
    program = last_part(argv[0]).lstrip(b"-")
    if program == b"java":
        return argv[argv.index(b"-jar") + 1] if b"-jar" in argv[:-1] else None
    program = program.rstrip(_VERSION)
    if program not in _INTERPRETERS:
        return None
    words = iter(argv[1:])
    for word in words:
        if word in _PYTHON_FLAGS and program in _PYTHON:
            continue
        if word == b"-m":
            return next(words, None)
        if word in _NO_SCRIPT or not word:
            return None
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith(b"-"):
            # A descriptor is no name: bash <(…), sh /dev/stdin.
            return None if word.startswith((b"/dev/", b"/proc/")) else word
    return None


def program_names(
    comm: bytes | None, argv: tuple[bytes, ...] | None, exe: bytes | None
) -> tuple[bytes, ...]:
    """Every name that a program goes by, the telling ones first; paths whole, too."""
    found: list[bytes] = []
    script = script_of(argv or ())
    for path in (script, argv[0] if argv else None, exe):
        if path:
            found += [last_part(path), path]
    return tuple(dict.fromkeys(name for name in (*found, comm) if name))


def names_of(process: Process) -> tuple[bytes, ...]:
    """The names of a process's program, and of its unit, with and without what kind of unit that is."""
    unit = process.unit
    units = () if not unit else (unit, unit.rpartition(b".")[0])
    return (*program_names(process.comm, process.argv, process.exe), *units)


def container_names(process: Process) -> tuple[bytes, ...]:
    """The names of a process's container: namespace/pod/container, and each of the three."""
    name = process.container_name
    if not name:
        return ()
    return (name, *name.split(b"/")) if b"/" in name else (name,)


ID_TOLD = 12  # letters of a container's id that are told at least: docker ps


def is_container(one: bytes | None, other: bytes | None) -> bool:
    """Whether two ids are of one container: some who speak of it cut it (docker ps, conmon)."""
    if one is None or other is None or min(len(one), len(other)) < ID_TOLD:
        return one is not None and one == other
    return one.startswith(other) or other.startswith(one)


@memo(4096)
def title_of(argv: tuple[bytes, ...]) -> bytes | None:
    """What a program has written over its argv: "gunicorn: worker [orders]", None where it looks like a command line."""
    words = [word for word in argv if word]
    if len(words) != 1:
        return None
    name, colon, rest = words[0].partition(b": ")
    return words[0].strip() if colon and rest.strip() and name.split() == [name] else None


def own_script(process: Process | Ancestor) -> bytes | None:
    """The script that a process runs. Who writes over its argv still runs its own program."""
    if process.exe is not None and not _interprets(process.exe):
        return None
    return script_of(process.argv or ())


def telling_name(process: Process | Ancestor) -> bytes | None:
    """The name that tells most: of an interpreter its script's, or its service's; a worker's title; else comm."""
    argv = process.argv or ()
    script = own_script(process)
    if script:
        return last_part(script) or process.comm
    title = title_of(argv)
    if title:
        return title
    unit: bytes | None = getattr(process, "unit", None)
    if unit and unit.endswith(b".service") and argv and _interprets(argv[0], but=SHELLS):
        return unit
    return process.comm


def _interprets(path: bytes, but: frozenset[bytes] = frozenset()) -> bool:
    """Whether a program runs others, and is none of some."""
    program = last_part(path).lstrip(b"-").rstrip(_VERSION)
    return program == b"java" or (program in _INTERPRETERS and program not in but)
