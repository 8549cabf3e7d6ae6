"""One audit record: its type, when and where it was written, and its text.

A record is the unit that the kernel writes and that netlink carries: ``(type number, text)``. Several
records with the same node, time and serial make one event (``tracer.audit.coalesce``).
Type numbers: include/uapi/linux/audit.h, and auditd's own (1200-1299) in libaudit.h.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from zlib import crc32

from tracer.model.event import Place
from tracer.model.text import plain
from tracer.model.times import SECOND

SYSCALL, PATH, CONFIG_CHANGE, CWD, EXECVE = 1300, 1302, 1305, 1307, 1309
OBJ_PID, EOE, SECCOMP, PROCTITLE, ANOM_ABEND = 1318, 1320, 1326, 1327, 1701
LANDLOCK_ACCESS, KERNEL, SYSTEM_BOOT = 1423, 2000, 1127
AVC = 1400
# Not the kernel's: something is missing here (tracer.audit.lost).
LOST = -1
# The types whose text says something about signals or about who is who.
KEPT = frozenset(
    (
        -1,
        SYSCALL,
        CONFIG_CHANGE,
        EXECVE,
        OBJ_PID,
        SECCOMP,
        PROCTITLE,
        ANOM_ABEND,
        LANDLOCK_ACCESS,
        AVC,
        KERNEL,
        SYSTEM_BOOT,
        1200,
        1201,
        1203,
        1205,
        1206,
    )
)
DAEMON_START, DAEMON_END, DAEMON_CONFIG = 1200, 1201, 1203
DAEMON_ROTATE, DAEMON_RESUME = 1205, 1206

TYPES: dict[bytes, int] = {
    b"SYSCALL": SYSCALL,
    b"PATH": PATH,
    b"CONFIG_CHANGE": CONFIG_CHANGE,
    b"CWD": CWD,
    b"EXECVE": EXECVE,
    b"OBJ_PID": OBJ_PID,
    b"EOE": EOE,
    b"SECCOMP": SECCOMP,
    b"PROCTITLE": PROCTITLE,
    b"ANOM_ABEND": ANOM_ABEND,
    b"LANDLOCK_ACCESS": LANDLOCK_ACCESS,
    b"AVC": AVC,
    b"KERNEL": KERNEL,
    b"SYSTEM_BOOT": SYSTEM_BOOT,
    b"DAEMON_START": DAEMON_START,
    b"DAEMON_END": DAEMON_END,
    b"DAEMON_CONFIG": DAEMON_CONFIG,
    b"DAEMON_ROTATE": DAEMON_ROTATE,
    b"DAEMON_RESUME": DAEMON_RESUME,
}
OTHER = 0
_ODD = re.compile(rb"[^\w.:@+-]")
# Letters of a node's name in an id; of a longer one the rest is a checksum. tracer.model.event.ID_MAX has room for it.
_NODE_MAX = 200

# Events of one record. A call that seccomp looks at is not audited yet: syscall_trace_enter(), kernel/entry/common.c.
ALONE = frozenset((LOST, SECCOMP, ANOM_ABEND, KERNEL, SYSTEM_BOOT, 1200, 1201, 1203, 1205, 1206))


# Tuples, for there are millions of them: a frozen dataclass takes four times as long to make.
class Stamp(NamedTuple):
    """Which event a record belongs to: ``time`` in ns since the epoch, ``serial`` since boot.

    ``serial`` is below 0 where the log has none (journal text): then it follows from the text.
    """

    node: bytes | None
    time: int
    serial: int

    def __str__(self) -> str:
        node = f"{_plain_name(self.node)}/" if self.node else ""
        seconds, rest = divmod(self.time, SECOND)
        fraction = f"{rest // 1_000_000:03}" if rest % 1_000_000 == 0 else f"{rest:09}"
        serial = str(self.serial) if self.serial >= 0 else f"x{-1 - self.serial:x}"
        return f"{node}{seconds}.{fraction}:{serial}"


def host_of(stamp: Stamp) -> str | None:
    """The host that an event names (node=, or a prefix's)."""
    return None if stamp.node is None else plain(stamp.node)


def _plain_name(node: bytes) -> str:
    """A node's name as part of an id, which is written without escapes: what is odd becomes %XX."""
    name = _ODD.sub(lambda odd: b"%%%02X" % ord(odd[0]), node).decode("ascii")
    return name if len(name) <= _NODE_MAX else f"{name[:_NODE_MAX]}%{crc32(node):x}"


class File(NamedTuple):
    """A file of a log: its path as given, which of several logs, and what the log's files before it hold (bytes)."""

    path: str
    log: int = 0
    base: int = 0


NOWHERE = File("")


class Record(NamedTuple):
    """``type`` is the kernel's number (OTHER if its name means nothing to us), ``body`` the text after
    ``audit(…):``. In ``interpreted`` records ausearch -i has put names for numbers and taken quotes away.

    ``at`` is where its line begins, counted in bytes from the beginning of the log (over all its files); ``line`` its
    number in the file, 0 where lines are not counted. ``twin``: the event in which the log has this record before,
    without a serial.
    """

    type: int
    stamp: Stamp
    body: bytes
    interpreted: bool = False
    at: int = 0
    line: int = 0
    file: File = NOWHERE
    twin: Stamp | None = None


class Group:
    """One event: its records in the order of the log, without repetitions.

    ``seen``: it is no news, only to be remembered for what it says of a process. ``file`` is the one that it begins in.
    """

    __slots__ = ("file", "records", "seen", "stamp")

    def __init__(self, stamp: Stamp, records: tuple[Record, ...], seen: bool = False) -> None:
        self.stamp = stamp
        self.records = records
        self.seen = seen
        self.file = records[0].file

    @property
    def kind(self) -> int:
        """The type of its first record."""
        return self.records[0].type

    def kept(self) -> Group:
        """The same, to be remembered for long."""
        return self

    def id(self) -> str:
        """What its events are called by."""
        return str(self.stamp)

    def place(self) -> Place | None:
        """Where its first record stands."""
        one = self.records[0]
        if one.file is NOWHERE:
            return None
        if one.line:
            return Place(one.file.path, one.line)
        return Place(one.file.path, None, one.at - one.file.base)


def type_number(word: bytes) -> int:
    """The number of SYSCALL, 1300 or UNKNOWN[1423]; OTHER for names that are not needed here."""
    if word in TYPES:
        return TYPES[word]
    digits = word[8:-1] if word.startswith(b"UNKNOWN[") else word
    return int(digits) if digits.isdigit() and len(digits) < 6 else OTHER
