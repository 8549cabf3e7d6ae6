"""The only reader of /proc: what a live process says of itself, see proc(5).

Every function gives None for what is not there: a process may go away between two reads.
"""

from __future__ import annotations

import os

from tracer.host.clock import shift
from tracer.model.frozen import frozen
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

ANCESTOR_ARGV = 128  # bytes of its command line that are told of an ancestor
# So much is read of a file at most: everything but a command line, which its process may make as long as it likes
# (2 MB), is shorter.
ROOM = 1 << 16
ARGV_ROOM = 4096  # bytes, as in bpf/sigtrace.h
PF_KTHREAD = 0x00200000  # include/linux/sched.h
TICK = SECOND // os.sysconf("SC_CLK_TCK")


def read(pid: int, name: str, end: bytes = b"", room: int = ROOM) -> bytes | None:
    """One file of a process, as much of it as has room, without the given end."""
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:
            text = _all_of(file, room)
        return text[: -len(end)] if end and text.endswith(end) else text
    except OSError:
        return None


def _all_of(file: FileIO, room: int) -> bytes:
    parts = [file.read(room)]
    while parts[-1] and (room := room - len(parts[-1])) > 0:
        # Some files come in pages: seq_read_iter(), fs/seq_file.c.
        parts.append(file.read(room))
    return b"".join(parts)


def start_of(pid: int) -> int | None:
    """Boot time in nanoseconds at which the process was born, to a clock tick (10 ms)."""
    line = read(pid, "stat")
    if not line:
        return None
    # comm stands in parentheses and may itself hold blanks and parentheses: look from the last one.
    fields = line[line.rindex(b")") + 2 :].split()
    return int(fields[19]) * TICK - shift("boottime")


@frozen
class Birth:
    """What /proc/PID/stat says of a process; ``start`` as ``start_of`` has it. ``gone``: a zombie, or less."""

    start: int
    ppid: int
    comm: bytes
    threads: int
    is_kernel_thread: bool
    gone: bool


def birth_of(pid: int) -> Birth | None:
    """The birth of a process, None if nothing of it is left."""
    line = read(pid, "stat")
    if not line:
        return None
    end = line.rindex(b")")
    fields = line[end + 2 :].split()
    start, is_kernel = int(fields[19]) * TICK - shift("boottime"), bool(int(fields[6]) & PF_KTHREAD)
    comm = line[line.index(b"(") + 1 : end]
    if is_kernel and comm.startswith(b"kworker/"):
        # Only here it bears the name of its work, too: wq_worker_comm(), kernel/workqueue.c.
        comm = comm.partition(b"-")[0].partition(b"+")[0]
    return Birth(
        start, int(fields[1]), comm[:15], int(fields[17]), is_kernel, fields[0] in (b"Z", b"X")
    )


def in_ticks(start: int) -> int:
    """A start as /proc tells it: cut to a clock tick."""
    return start // TICK * TICK


def same_start(one: int, other: int) -> bool:
    """Whether two starts, each exact or cut to a tick, are of the same process."""
    return abs(one - other) < 2 * TICK


def is_same(pid: int, start: int) -> bool:
    """Whether the process that was born then is still there."""
    born = start_of(pid)
    return born is not None and same_start(born, start)


def argv_now(pid: int, start: int, exe: bytes) -> tuple[bytes, ...] | None:
    """The command line of a process that may have changed it; None if that runs another program by now."""
    argv = argv_of(pid)
    return argv if argv and exe_of(pid) == exe and is_same(pid, start) else None


def first_words(argv: tuple[bytes, ...], room: int) -> tuple[bytes, ...]:
    """As much of a command line as has room, in bytes; a word that is too long is cut."""
    kept: list[bytes] = []
    for word in argv:
        if room <= 0:
            break
        kept.append(word[:room])
        room -= len(word) + 1
    return tuple(kept)


def state_of(pid: int) -> bytes | None:
    """The state of a process or thread: a letter of proc_pid_stat(5)."""
    line = read(pid, "stat")
    return line[line.rindex(b")") + 2 :][:1] if line else None


def exit_code_of(pid: int) -> int | None:
    """How a zombie ended, as waitpid(2) would tell it; who may not trace it reads 0 (proc_pid_stat(5), exit_code)."""
    line = read(pid, "stat")
    fields = line[line.rindex(b")") + 2 :].split() if line else []
    return int(fields[49]) if len(fields) > 49 and fields[0] == b"Z" else None


def argv_of(pid: int) -> tuple[bytes, ...] | None:
    """The command line, cut where it has no room; None for a kernel thread or a process that is gone."""
    raw = read(pid, "cmdline", room=ARGV_ROOM + 1) or b""
    kept = raw[:ARGV_ROOM]
    is_whole = len(raw) <= ARGV_ROOM or kept.endswith(b"\0\0\0")  # the rest of a title
    return split_argv(kept) if is_whole else tuple(kept.split(b"\0"))


def is_cut(argv: tuple[bytes, ...] | None) -> bool:
    """Whether it is all that has room: a whole one has a NUL at its end besides."""
    return argv is not None and len(b"\0".join(argv)) >= ARGV_ROOM


def comm_of(pid: int) -> bytes | None:
    """The process's name."""
    comm = read(pid, "comm")
    return None if comm is None else comm.rstrip(b"\n")


def split_argv(raw: bytes) -> tuple[bytes, ...] | None:
    """NUL-terminated words to a tuple; the last NUL ends a word and begins none.

    Who writes a title over its argv (PostgreSQL, gunicorn, node) fills the rest with NULs: those are no words.
    """
    if not raw:
        return None
    title = raw.rstrip(b"\0")
    if b"\0" not in title and len(raw) - len(title) > 2:
        return (title,) if title else None
    return tuple((raw[:-1] if raw.endswith(b"\0") else raw).split(b"\0"))


def variable_of(pid: int, name: bytes) -> bytes | None:
    """A variable of the environment that a process began with, or has written over it; needs the right to trace it."""
    start = name + b"="
    for word in (read(pid, "environ") or b"").split(b"\0"):
        if word.startswith(start):
            return word[len(start) :]
    return None


def is_first(pid: int) -> bool:
    """Whether a process is init of a pid namespace below ours: pid_namespaces(7)."""
    for line in (read(pid, "status") or b"").splitlines():
        if line.startswith(b"NSpid:"):
            return line.split()[2:][-1:] == [b"1"]
    return False


def pids() -> Iterator[int]:
    """Every process there is now."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def is_there(pid: int) -> bool:
    """Whether a process has this number, also one that /proc hides from us."""
    try:
        os.close(os.pidfd_open(pid))
    except ProcessLookupError:
        return False
    except (OSError, AttributeError):  # before v5.3
        return os.path.exists(f"/proc/{pid}")
    return True


def hides_others() -> bool:
    """Whether /proc shows us no other users' processes once we are no longer root: hidepid, proc(5)."""
    try:
        with open("/proc/self/mounts", "rb") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return False
    options = [mount[3].split(b",") for mount in mounts if mount[1] == b"/proc"]
    return any(one.startswith(b"hidepid=") for one in (options[-1] if options else ()))


def threads_process(tid: int) -> int | None:
    """The process a thread belongs to."""
    for line in (read(tid, "status") or b"").splitlines():
        if line.startswith(b"Tgid:"):
            return int(line.split()[1])
    return None


def threads(pid: int) -> list[int]:
    """Every thread of a process."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def is_over_limit(pid: int) -> bool | None:
    """Whether a soft limit on CPU time is used up, as proc_pid_limits() writes it (fs/proc/base.c), or one on real
    time is set. SIGXCPU has raised the former by a second: check_process_timers()."""
    limits, line = read(pid, "limits"), read(pid, "stat")
    if not limits or not line:
        return None
    soft = {line[:26].rstrip(): line[26:].split(None, 1)[0] for line in limits.splitlines()[1:]}
    if soft.get(b"Max realtime timeout", b"unlimited") != b"unlimited":
        return True
    cpu = soft.get(b"Max cpu time", b"unlimited")
    fields = line[line.rindex(b")") + 2 :].split()
    used = (int(fields[11]) + int(fields[12])) * TICK
    return cpu != b"unlimited" and used + 2 * TICK >= (int(cpu) - 1) * SECOND


def exe_of(pid: int) -> bytes | None:
    """The program; needs the right to trace the process (ptrace(2), PTRACE_MODE_READ_FSCREDS)."""
    try:
        return os.readlink(b"/proc/%d/exe" % pid)
    except OSError:
        return None


def opened(pid: int) -> Iterator[str]:
    """The paths of the files that it has open; none without the right to trace it (ptrace(2), as for exe)."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for number in numbers:
        try:
            yield os.readlink(f"/proc/{pid}/fd/{number}")
        except OSError:
            continue


def _cgroups_of(pid: int) -> dict[bytes, bytes]:
    """The cgroups' paths by their controllers; v2 is version 2's."""
    paths = {}
    for line in (read(pid, "cgroup") or b"").splitlines():
        number, controllers, path = line.split(b":", 2)
        for name in controllers.split(b","):
            paths[name if number != b"0" else b"v2"] = path
    return paths


def cgroup_of(pid: int) -> bytes | None:
    """The cgroup's path: version 2's, or the pids controller's where that says only "/"."""
    paths = _cgroups_of(pid)
    unified = paths.get(b"v2")
    return paths.get(b"pids", unified) if unified in (None, b"/") else unified


def is_frozen(pid: int) -> bool | None:
    """Whether the freezer of version 1 holds it, which /proc tells as a D; None where its state cannot be read."""
    path = _cgroups_of(pid).get(b"freezer", b"/")
    if path == b"/":
        return False
    try:
        with open(b"/sys/fs/cgroup/freezer" + path + b"/freezer.state", "rb") as file:
            state = file.read(16)
    except OSError:
        return None
    return {b"THAWED\n": False, b"FROZEN\n": True}.get(state)


def tty_of(pid: int) -> bytes | None:
    """The controlling terminal, from its device number (Documentation/admin-guide/devices.txt)."""
    line = read(pid, "stat")
    device = int(line[line.rindex(b")") + 2 :].split()[4]) if line else 0
    major, minor = device >> 8 & 0xFFF, device & 0xFF | device >> 12 & 0xFFF00
    if 136 <= major <= 143:
        return b"pts/%d" % ((major - 136 << 8) + minor)
    if major == 4:
        return b"tty%d" % minor if minor < 64 else b"ttyS%d" % (minor - 64)
    return None
