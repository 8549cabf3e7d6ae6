"""What ``ausearch -i`` shows → rows (``tracer.audit.usual``): names for numbers, no quotes, and the records of an event
in their order, or from its last to its first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tracer.audit.argv import PROCTITLE_MAX
from tracer.audit.calls import CALLS, meant
from tracer.audit.coalesce import AWAY
from tracer.audit.fields import errno_name, identity
from tracer.audit.known import Users, number_of_user, user_of
from tracer.audit.meaning import signal_number
from tracer.audit.record import Stamp
from tracer.audit.usual import SILENT, Described, Row, Sent, Whole
from tracer.lines.dates import DateStyle, local

# A record: all before its text, node, type, date, serial, text. Else a line between two events, or one of another form.
Line = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
_LINES = re.compile(
    rb"((?:node=(\S+) )?type=([A-Z_]+) msg=audit\((\d{1,4}[/.-][^()\n]{3,50}):([1-9]\d{0,17})\) : )([^\n]*)\n"
    rb"|(----\n)|([^\n]*\n)"
)
_BEGINS = re.compile(rb"(?:node=\S+ )?type=\S+ +(?:msg=)?audit\(")
# What is mended before a line is read (tracer.lines.mend).
_MENDED = (b"\r", b"\0", b"\x1b", b"\x1d", b"\xc2\xa0", b"\xe3\x80\x80", b'\\"', b"\\\n")
_CALL = re.compile(
    rb"arch=\S+ syscall=\S+ success=(yes|no) exit=([^=]+) a0=(?:0x)?([0-9a-f]{1,16}) a1=(\S+) a2=(\S+) a3=\S+ items=\d+ "
    rb"ppid=(\d{1,10}) pid=(\d{1,10}) auid=(\S+) uid=(\S+) gid=\S+ euid=(\S+) suid=\S+ fsuid=\S+ egid=\S+ sgid=\S+ fsgid=\S+ "
    rb"tty=(\S+) ses=(\S+) comm=([^\s=]{1,15}) exe=([^\s=]+)(?: subj=[^\s=]+)?(?: key=[^\s=]+)? ?$"
)
_OTHER = re.compile(
    rb"arch=(\S+ syscall=\S+) (?:success=(yes|no) )?[^\n]*? ppid=\d{1,10} pid=(\d{1,10}) auid="
)
_OBJECT = re.compile(
    rb"opid=(\d{1,10}) oauid=(\S+) ouid=(\S+) oses=(\S+)(?: obj=[^\s=]+)? ocomm=([^\s=]{1,15}) ?$"
)


def rows_of(chunk: bytes, style: DateStyle, users: Users) -> list[Row] | None:
    """The events of whole lines, and lines to be read by themselves; None if one is no record's."""
    if any(mark in chunk for mark in _MENDED):
        return None
    rows: list[Row] = []
    event: list[Line] = []
    last = (b"", b"", b"")
    for one in _LINES.findall(chunk):
        head, node, _, when, serial, *_ = one
        if (node, when, serial) != last:
            if event:
                rows += _told(event, style, users)
            event, last = [], (node, when, serial)
        if head:
            event.append(one)
        elif one[6]:
            rows.append(len(one[6]))
        elif _BEGINS.match(one[7]):
            rows.append(one[7][:-1])
        else:
            return None
    if event:
        rows += _told(event, style, users)
    return rows


def _told(event: Sequence[Line], style: DateStyle, users: Users) -> list[Row]:
    """An event that is whole in these lines, or else the lines."""
    whole = _whole(event, style, users)
    return [one[0] + one[5] for one in event] if whole is None else [whole]


def _whole(event: Sequence[Line], style: DateStyle, users: Users) -> Whole | None:
    kinds = [one[2] for one in event]
    if kinds[0] == b"SYSCALL" and kinds[-1] == b"PROCTITLE":
        call, title = event[0][5], event[-1][5]
    elif kinds[0] == b"PROCTITLE" and kinds[-1] == b"SYSCALL":
        call, title = event[-1][5], event[0][5]
    else:
        return None
    lengths = [len(one[0]) + len(one[5]) + 1 for one in event]
    length, objects = sum(lengths), [one[5] for one in event if one[2] == b"OBJ_PID"]
    time, serial = local(event[0][3], style), int(event[0][4])
    other = _OTHER.match(call)
    if (
        time is None
        or other is None
        or length > AWAY
        or not SILENT.issuperset(kinds[1:-1])
        or call.count(b" pid=") > 1
        or any(b"msg=audit(" in one[5] for one in event)
        or not title.startswith(b"proctitle=")
    ):
        return None
    which, execs, is_known = meant(other[1])
    sent = None
    if which is not None:
        if len(objects) != len(event) - 2:
            return None
        sent = _sent(which, call, objects, title[10:], users)
    if (objects or which is not None or not is_known) and sent is None:
        return None
    return (
        length,
        length - lengths[-1],
        len(event),
        len(event),
        event[0][1] or None,
        str(Stamp(None, time, serial)),
        time,
        serial,
        int(other[3]),
        execs and other[2] != b"no",
        sent,
    )


def _sent(
    which: int, call: bytes, objects: Sequence[bytes], title: bytes, users: Users
) -> Sent | None:
    match = _CALL.match(call)
    if match is None:
        return None
    success, exit_, a0, a1, a2, ppid, pid, auid, uid, euid, tty, ses, comm, exe = match.groups()
    number = signal_number(a2 if CALLS[which].signal == 2 else a1)
    if number is None:
        return None
    targets: dict[object, Described] = {}
    for body in objects:
        one = _target(body, users)
        if one is None or one[0] in targets:
            return None
        targets[one[0]] = one
    register = 0
    if CALLS[which].tid == 1:
        try:
            register = int(a1, 16)
        except ValueError:
            return None
    words = title.strip(b" \t")
    user, uid_ = user_of(uid, None, users)
    caller = (
        identity(pid), None, _text(comm), None, uid_, user, number_of_user(euid, users), identity(ppid), _text(exe),
        None if words in (b"", b"(null)") else (words,), len(words) >= PROCTITLE_MAX - 1,
        number_of_user(auid, users), identity(ses), None if tty == b"(none)" else _text(tty),
    )  # fmt: skip
    error = None if success == b"yes" else errno_name(exit_)
    return which, number, error, (int(a0, 16), register), caller, tuple(targets.values())


def _target(body: bytes, users: Users) -> Described | None:
    match = _OBJECT.match(body)
    if match is None:
        return None
    pid, auid, uid, ses, comm = match.groups()
    user, uid_ = user_of(uid, None, users)
    return (
        identity(pid), None, _text(comm), None, uid_, user, None, None, None, None, False,
        number_of_user(auid, users), identity(ses),
    )  # fmt: skip


def _text(value: bytes) -> bytes | None:
    return None if value == b"(null)" else value
