"""The wire records of bpf/sigtrace.h. Each class is the table of its fields: ``tracer.sources.wire.layout``.

tests/unit/sources/test_wire.py compares every layout with the header's own BTF, name by name and offset by offset.
"""

from __future__ import annotations

from struct import Struct

from tracer.model.frozen import frozen
from tracer.sources.wire.layout import S32, U8, U16, U32, U64, Chars, Layout

SIGNAL, PROCESS, EXIT, OOM, CALL, COMMAND, MORE, REFUSED = range(1, 9)

# enum call; from "exec" on they do not send.
CALLS = (
    None,
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
    "exec",
    "ptrace",
    "write",
    "other",
)

FIRST_SILENT_CALL = CALLS.index("exec")

# enum signal_flag
SENDER_KERNEL_THREAD = 1 << 0
SENDER_EXITING = 1 << 1
SENDER_NS_INIT = 1 << 2
TARGET_EXITING = 1 << 3
TARGET_PROTECTED = 1 << 4
TARGET_HANDLES = 1 << 5
TARGET_IGNORES = 1 << 6
TARGET_BLOCKS = 1 << 7
TARGET_KNOWN = 1 << 8
SENDER_KNOWN = 1 << 9
INFO_KNOWN = 1 << 10
ASKED_KNOWN = 1 << 11
TARGET_OVER_LIMIT = 1 << 12
SENDER_NOTIFIES = 1 << 13
TARGET_IN_PID_NS = 1 << 14
ENDS_IN_USER_NS = 1 << 15
TARGET_TRACED = 1 << 16
TARGET_AWAITS = 1 << 17
TARGET_UNSURE = 1 << 18
TARGET_STOPPED = 1 << 19
TARGET_FROZEN = 1 << 20
TARGET_SLEEPS = 1 << 21
SENDER_LIVES_ON = 1 << 22
ASKED_GROUP = 1 << 23
HAS_MORE = 1 << 24

# enum exit_flag
OWN_FAULT = 1 << 0

# enum seccomp_action
ACTION_UNKNOWN, ACTION_KILL = range(2)

# enum process_flag
ARGV_CUT = 1 << 0
CGROUP_V1 = 1 << 1
LINEAGE_ONLY = 1 << 2
EXE_CUT = 1 << 3
CGROUP_CUT = 1 << 4
ARGV_KEPT = 1 << 5

# enum loss, in its order
LOSSES = ("signals", "processes", "exits", "oom kills", "calls", "commands", "ends", "argvs")

UNSET = 0xFFFFFFFF
COMM_SIZE = 16
PATH_ROOM = 1024
ANCESTORS = 8

TYPE = Struct("=I")
TYPE_CHECKING = False
if TYPE_CHECKING:
    Many = tuple["AncestorRecord", ...]


@frozen
class End:
    """One end of a signal: struct end."""

    start: U64
    pid: U32
    tid: U32
    uid: U32
    comm: Chars
    reserved: U32 = 0


@frozen
class SignalRecord:
    """struct signal_record."""

    type: U32
    signal: U8
    result: U8
    group: U8
    call: U8
    time: U64
    code: S32
    asked: S32
    flags: U32
    own_pid: U32
    si_pid: S32
    si_uid: U32
    address: U64
    sender: End
    target: End


@frozen
class MoreRecord:
    """struct more_record."""

    type: U32
    tid: U32
    time: U64
    tracer_start: U64
    tracer: U32
    action: U32
    refused: S32
    arch: U32
    memory: U64
    level: U32
    reserved: U32 = 0


@frozen
class AncestorRecord:
    """struct ancestor."""

    start: U64
    pid: U32
    comm: Chars
    reserved: U32 = 0


@frozen
class ProcessHead:
    """struct process_record, without the text at its end."""

    type: U32
    flags: U32
    start: U64
    pid: U32
    ppid: U32
    uid: U32
    euid: U32
    loginuid: U32
    session: U32
    ns_pid: U32
    ancestors: U32
    cgroup_id: U64
    told: U64
    comm: Chars
    tty: Chars
    ancestor: Many
    exe_size: U16
    cgroup_size: U16
    argv_size: U16
    reserved: U16 = 0


@frozen
class ExitRecord:
    """struct exit_record."""

    type: U32
    pid: U32
    time: U64
    start: U64
    status: U32
    comm: Chars
    flags: U32
    tracer_start: U64
    tracer: U32
    reserved: U32 = 0


@frozen
class RefusedRecord:
    """struct refused_record."""

    type: U32
    refused: S32
    time: U64
    address: U64
    arch: U32
    uid: U32
    start: U64
    pid: U32
    tid: U32
    comm: Chars


@frozen
class OomRecord:
    """struct oom_record."""

    type: U32
    pid: U32
    time: U64
    tid: U32
    reserved: U32 = 0


@frozen
class CallRecord:
    """struct call_record."""

    type: U32
    error: S32
    time: U64
    asked: S32
    signal: S32
    target_pid: U32
    call: U32
    sender: End


@frozen
class CommandRecord:
    """struct command_record."""

    type: U32
    pid: U32
    time: U64
    start: U64


END = Layout(End)
_ENDS = {"End": END}
SIGNAL_RECORD = Layout(SignalRecord, _ENDS)
MORE_RECORD = Layout(MoreRecord)
PROCESS_RECORD = Layout(ProcessHead, {"Many": Layout(AncestorRecord)}, ANCESTORS)
EXIT_RECORD = Layout(ExitRecord)
REFUSED_RECORD = Layout(RefusedRecord)
OOM_RECORD = Layout(OomRecord)
CALL_RECORD = Layout(CallRecord, _ENDS)
COMMAND_RECORD = Layout(CommandRecord)

# Of the records that are always of one size.
SIZES = {
    SIGNAL: SIGNAL_RECORD.size,
    EXIT: EXIT_RECORD.size,
    OOM: OOM_RECORD.size,
    CALL: CALL_RECORD.size,
    COMMAND: COMMAND_RECORD.size,
    MORE: MORE_RECORD.size,
    REFUSED: REFUSED_RECORD.size,
}


@frozen
class Described:
    """A process_record: its numbers, and its texts as bytes."""

    head: ProcessHead
    exe: bytes
    cgroup: bytes
    argv: bytes


def text(raw: bytes) -> bytes:
    """What stands before the first NUL."""
    return raw.partition(b"\0")[0]


def path(names: bytes, is_cut: int = 0) -> bytes:
    """A path from its components, leaf first, each ended by NUL; empty for none, "..." for what is cut."""
    parts = names.split(b"\0")[:-1]
    return b"".join([b"..." if is_cut else b"", *(b"/" + part for part in reversed(parts))])


def read_process(taken: bytes, at: int) -> Described:
    head = PROCESS_RECORD.read(taken, at)
    body = at + PROCESS_RECORD.size
    middle, end = body + PATH_ROOM, body + 2 * PATH_ROOM
    return Described(
        head,
        exe=path(taken[body : body + head.exe_size], head.flags & EXE_CUT),
        cgroup=path(taken[middle : middle + head.cgroup_size], head.flags & CGROUP_CUT),
        argv=taken[end : end + head.argv_size],
    )
