"""The wire records of bpf/sigtrace.h: their layouts, and the plain values in them.

tests/unit/sources/test_wire.py compares every layout with the object's own BTF, offset by offset.
"""

from __future__ import annotations

from struct import Struct

from tracer.model.frozen import frozen

SIGNAL, PROCESS, EXIT, OOM, CALL, COMMAND = range(1, 7)

CALLS = (
    None,
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
    "other",
)

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
TARGET_LIMITED = 1 << 12
SENDER_LEADS_SESSION = 1 << 13
TARGET_IN_PID_NS = 1 << 14
ENDS_IN_USER_NS = 1 << 15

# enum process_flag
ARGV_CUT = 1 << 0
CGROUP_V1 = 1 << 1
LINEAGE_ONLY = 1 << 2
EXE_CUT = 1 << 3
CGROUP_CUT = 1 << 4

# enum loss, in its order
LOSSES = ("signals", "processes", "exits", "oom kills", "calls", "commands")

UNSET = 0xFFFFFFFF
COMM_SIZE = 16
PATH_ROOM = 1024

END = "QIII16s4x"
ANCESTOR = "QI16s4x"

TYPE = Struct("=I")
TIME = Struct("=Q")
SIGNAL_RECORD = Struct("=I4BQiiIIiIQ" + END + END)
PROCESS_RECORD = Struct("=IIQ8IQ16s16s" + 8 * ANCESTOR + "HHH2x")
EXIT_RECORD = Struct("=IIQQI16s4x")
OOM_RECORD = Struct("=IIQI4x")
CALL_RECORD = Struct("=IiQiiII" + END)
COMMAND_RECORD = Struct("=IIQQ")

# Of the records that are always of one size.
SIZES = {
    SIGNAL: SIGNAL_RECORD.size,
    EXIT: EXIT_RECORD.size,
    OOM: OOM_RECORD.size,
    CALL: CALL_RECORD.size,
    COMMAND: COMMAND_RECORD.size,
}


@frozen
class End:
    """One end of a signal: struct end."""

    start: int
    pid: int
    tid: int
    uid: int
    comm: bytes


@frozen
class SignalRecord:
    """struct signal_record without its type and time."""

    signal: int
    result: int
    group: int
    call: int
    code: int
    asked: int
    flags: int
    own_pid: int
    si_pid: int
    si_uid: int
    address: int
    sender: End
    target: End


@frozen
class ProcessRecord:
    """struct process_record: numbers as they come, texts as bytes."""

    flags: int
    start: int
    pid: int
    ppid: int
    uid: int
    euid: int
    loginuid: int
    session: int
    ns_pid: int
    cgroup_id: int
    comm: bytes
    tty: bytes
    ancestors: tuple[tuple[int, int, bytes], ...]
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


def read_signal(taken: bytes, at: int) -> SignalRecord:
    _, number, result, group, call, _, *rest = SIGNAL_RECORD.unpack_from(taken, at)
    code, asked, flags, own_pid, si_pid, si_uid, address, *ends = rest
    sender, target = End(*ends[:5]), End(*ends[5:])
    return SignalRecord(
        number,
        result,
        group,
        call,
        code,
        asked,
        flags,
        own_pid,
        si_pid,
        si_uid,
        address,
        sender,
        target,
    )


def read_process(taken: bytes, at: int) -> ProcessRecord:
    fields = PROCESS_RECORD.unpack_from(taken, at)
    _, flags, start, pid, ppid, uid, euid, loginuid, session, ns_pid = fields[:10]
    count, cgroup_id, comm, tty = fields[10:14]
    chain = fields[14:38]
    exe_size, cgroup_size, argv_size = fields[38:41]
    body = at + PROCESS_RECORD.size
    middle, end = body + PATH_ROOM, body + 2 * PATH_ROOM
    return ProcessRecord(
        flags=flags,
        start=start,
        pid=pid,
        ppid=ppid,
        uid=uid,
        euid=euid,
        loginuid=loginuid,
        session=session,
        ns_pid=ns_pid,
        cgroup_id=cgroup_id,
        comm=text(comm),
        tty=text(tty),
        ancestors=tuple(
            (chain[i + 1], chain[i], text(chain[i + 2])) for i in range(0, 3 * count, 3)
        ),
        exe=path(taken[body : body + exe_size], flags & EXE_CUT),
        cgroup=path(taken[middle : middle + cgroup_size], flags & CGROUP_CUT),
        argv=taken[end : end + argv_size],
    )
