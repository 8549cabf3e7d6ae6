"""One record of process accounting, version 3: 64 bytes (include/uapi/linux/acct.h, struct acct_v3).

It is written when the last thread of a process has ended (kernel/acct.c), and comm is that thread's. The exit code is the
one that the main thread had when it ended. If that ended before the others, it is 0, whatever status the process gave
itself; of a signal AXSIG is left then.
Versions 0 to 2 have no pid.
"""

from __future__ import annotations

import struct

from tracer.flow.ends import LAST_PID
from tracer.model.event import Exit, Place, Process, exit_id
from tracer.model.names import COMM_MAX
from tracer.model.signals import LAST
from tracer.model.times import SECOND
from tracer.model.witness import ACCOUNTING

SIZE = 64
VERSION, OLDER = 3, (0, 1, 2)
# ACCT_BYTEORDER: the writer's most significant byte comes first.
BIG = 0x80
AXSIG = 0x10
# ac_flag, ac_version, ac_tty, ac_exitcode, ac_uid, ac_gid, ac_pid, ac_ppid, ac_btime, ac_etime, …, ac_comm
_FIELDS = "BBHIIIIIIf16x16s"
ORDERS = {VERSION: struct.Struct("<" + _FIELDS), VERSION | BIG: struct.Struct(">" + _FIELDS)}
AT_CODE, AT_PID, AT_COMM = 4, 16, 48
_AHZ = 100  # ac_etime is in 1/AHZ s
_FLAGS = 0x3F
_LONGEST = float(1 << 40)
# So long a life is counted in more than the 24 bits that encode_float() leaves of it.
_EXACT = 1 << 24


def is_record(data: bytes, at: int = 0) -> bool:
    """Whether the 64 bytes there can be a record: hardly any others can."""
    order = ORDERS.get(data[at + 1]) if len(data) >= at + SIZE else None
    if order is None:
        return False
    flag, _, _, code, _, _, pid, ppid, born, lived, comm = order.unpack_from(data, at)
    name, nul, rest = comm.partition(b"\0")
    return (
        code <= 0xFFFF
        and flag <= _FLAGS
        and (code & 0x7F) <= LAST
        and 0 < pid <= LAST_PID
        and ppid <= LAST_PID
        and born > 0
        and 0 <= lived < _LONGEST
        and len(name) <= COMM_MAX
        and bool(nul)
        and not rest.strip(b"\0")
    )


def older_version(head: bytes) -> int | None:
    """The version that a file of accounting would be of, where that is none that is read here."""
    version = head[1] & ~BIG if len(head) >= SIZE else None
    return version if version in OLDER else None


def second_of(data: bytes, at: int, before: int = 0) -> int:
    """The second in which a process ended. The kernel takes ac_btime as that second less whole seconds of ac_etime.

    Of a life of more than 46 hours ac_etime has lost the last bits: then the end may be later, and is not before
    ``before``, the end in the record before it.
    """
    fields = ORDERS[data[at + 1]].unpack_from(data, at)
    # What is no record is looked at, too: a float may be none.
    born, lived = int(fields[8]), int(fields[9]) if 0 <= fields[9] < _LONGEST else 0
    second = born + lived // _AHZ
    lost = 0 if lived < _EXACT else (1 << (lived.bit_length() - 24)) // _AHZ + 1
    return min(max(second, before), second + lost)


def process_of(data: bytes, at: int) -> Process:
    """Who ended. ``start`` is told to the second, and late by all the time that the host slept (starts.is_whole)."""
    fields = ORDERS[data[at + 1]].unpack_from(data, at)
    _, _, _, _, uid, _, pid, ppid, born, _, comm = fields
    name = comm.partition(b"\0")[0]
    return Process(pid=pid, comm=name or None, uid=uid, ppid=ppid, start=born * SECOND)


def end_of(data: bytes, at: int, second: int, place: Place | None = None) -> Exit:
    """The end that a record tells, without a sender: ``second`` is when it was.

    ACORE and AXSIG are those of any thread: ACORE also says that a core was to be dumped and was not, AXSIG that another thread
    ended the process by exit(3). So what the exit code has (wait(2)) counts. Of a process with AXSIG and the code 0 nobody can
    tell how it ended: its main thread may have ended before.
    """
    flag, _, _, code, *_ = ORDERS[data[at + 1]].unpack_from(data, at)
    process, time = process_of(data, at), second * SECOND
    number = code & 0x7F or None
    is_told = number is None and not (flag & AXSIG and code == 0)
    return Exit(
        time,
        exit_id(time, process.pid),
        ACCOUNTING,
        process,
        number=number,
        status=code >> 8 & 0xFF if is_told else None,
        core=None if number is None else bool(code & 0x80),
        place=place,
    )
