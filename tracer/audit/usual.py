"""Events as auditd mostly writes them, taken whole by one regular expression: a SYSCALL record, what follows it at
once under the same stamp, and the PROCTITLE record that ends it.

What is read here are plain values, which travel between processes (``tracer.sources.pieces``). An event or
record in which anything is unusual is left to who reads record by record, and means the same there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Optional, Union

from tracer.audit import record
from tracer.audit.argv import words_of
from tracer.audit.calls import CALLS, EXECUTING, SENDING
from tracer.audit.coalesce import AWAY
from tracer.audit.fields import UNSET, errno_name, text
from tracer.audit.lines import PLAIN
from tracer.audit.record import File, Group, Record, Stamp
from tracer.model.event import Place

# What Process takes first, in its order.
Described = tuple[object, ...]
# Node, type, seconds, milliseconds, serial, body: a line of auditd's form by itself.
Line = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
# Records beside a call that say nothing of signals but whom they were for.
_SILENT = rb"OBJ_PID|CWD|PATH|EXECVE|SOCKADDR|FD_PAIR|MMAP|IPC"
SILENT = frozenset(_SILENT.split(b"|"))
_TITLE = rb"\"[^\"\s\x1d]+\"|[0-9A-F]+"
_ROWS = re.compile(
    rb"((?:node=(\S+) )?)type=SYSCALL msg=audit\((([1-9]\d{0,9})\.(\d{3}):([1-9]\d{0,17}))\): "
    rb"arch=([1-9a-f][0-9a-f]* syscall=(?:0|[1-9]\d*)) (success=(?:yes|no) [^p\n]*ppid=\d+ pid=(\d{1,10}) [^\n]*)\n"
    rb"((?:\1type=(?:" + _SILENT + rb") msg=audit\(\3\): [^\n]*\n)*)"
    rb"\1type=PROCTITLE msg=audit\(\3\): proctitle=(" + _TITLE + rb")\n"
    rb"|" + PLAIN + rb"([^\n]*)\n|([^\n]*\n|[^\n]+)"
)
_KERNELS = re.compile(
    rb"arch=([1-9a-f][0-9a-f]* syscall=(?:0|[1-9]\d*)) (success=(?:yes|no) [^p\n]*ppid=\d+ pid=(\d{1,10}) [^\n]*)"
)
_FRAME = (
    len(b"type=SYSCALL msg=audit(): arch= \n"),
    len(b"type=PROCTITLE msg=audit(): proctitle=\n"),
)
_IS_TITLE = re.compile(rb"proctitle=(?:" + _TITLE + rb")")
_SECOND = re.compile(rb" type=[A-Z_]+ +msg=audit\(")
# What ausearch writes between events.
_AROUND = re.compile(rb"----\n|time->[\w :]+\n")
_RECORD = re.compile(rb"(?:node=\S+ )?type=(\w+) msg=audit\([^)]*\): ([^\n]*)\n")
# audit_log_exit() and audit_log_pid_context(), kernel/auditsc.c, and the names that auditd adds to ENRICHED records.
_CALL = re.compile(
    rb"success=(yes|no) exit=(-?[0-9]{1,19}) a0=([0-9a-f]{1,16}) a1=([0-9a-f]{1,16}) a2=([0-9a-f]{1,16}) a3=[0-9a-f]+ "
    rb"items=[0-9]+ ppid=([0-9]{1,10}) pid=([0-9]{1,10}) auid=([0-9]{1,10}) uid=([0-9]{1,10}) gid=[0-9]+ euid=([0-9]{1,10}) suid=[0-9]+ "
    rb"fsuid=[0-9]+ egid=[0-9]+ sgid=[0-9]+ fsgid=[0-9]+ tty=([!-~]+) ses=([0-9]{1,10}) "
    rb'comm=("[^"]*"|[0-9A-F]+) exe=("[^"]*"|[0-9A-F]+)(?: subj=[^\s\x1d"\']+)?'
    rb'(?: key=(?:"[^"\x1d]*"|[0-9A-F]+|\(null\)))?'
    rb'(?:\x1dARCH=\w+ SYSCALL=\w+ AUID="[^"]*" UID="([^"]*)"(?: [A-Z]+="[^"]*")*)?$'
)
_OBJECT = re.compile(
    rb"opid=([0-9]{1,10}) oauid=(-?[0-9]{1,10}) ouid=([0-9]{1,10}) oses=(-?[0-9]{1,10})(?: obj=[^\s\x1d\"']+)? "
    rb'ocomm=("[^"]*"|[0-9A-F]+)(?:\x1dOAUID="[^"]*" OUID="([^"]*)"(?: [A-Z]+="[^"]*")*)?[ ]?$',
)


# A call that sends signals: which of CALLS, the signal's number in its register, the errno's name if it was refused, its
# first two registers, who called, and the targets. A plain tuple, as Whole: that is what marshal takes.
Sent = tuple[int, int, Optional[str], tuple[int, int], Described, tuple[Described, ...]]
# An event: its length in bytes, where in it its last record begins, its lines and records; node, id (without the node),
# time in ns and serial; the process that called, whether that has begun a new program by it, and what it sent.
Whole = tuple[int, int, int, int, Optional[bytes], str, int, int, int, bool, Optional[Sent]]
# What stands in a text one after the other: an event, a record, a line (without its end) that is to be read by itself, or
# the length of a line that says nothing.
Row = Union[Whole, Line, bytes, int]


Read = Callable[[bytes], Sequence[Record]]


class Usual(Group):
    """An event that was taken whole. Its records are made when somebody asks for them one by one, by ``read``, which has
    those of one line."""

    __slots__ = (
        *("_id", "_read", "_start", "_text"),
        *("at", "execs", "last", "length", "line", "pid", "sent"),
    )
    kind = record.SYSCALL

    def __init__(
        self, whole: Whole, text: bytes, start: int, at: int, line: int, file: File, read: Read
    ) -> None:
        self.length, self.last, _, _, node, self._id, time, serial, self.pid, self.execs, self.sent = whole  # fmt: skip
        self.stamp, self.seen = Stamp(node, time, serial), False
        self.at, self.line, self.file = at, line, file
        self._text, self._start, self._read = text, start, read

    @property
    def records(self) -> tuple[Record, ...]:  # type: ignore[override]
        found: dict[tuple[int, bytes], Record] = {}
        at, line = self.at, self.line
        text = self._text[self._start : self._start + self.length]
        for raw in text.split(b"\n")[:-1]:
            for one in self._read(raw):
                if one.type in record.KEPT:
                    place = one._replace(stamp=self.stamp, at=at, line=line, file=self.file)
                    found.setdefault((one.type, one.body), place)
            at += len(raw) + 1
            line += line > 0
        return tuple(found.values())

    def kept(self) -> Usual:
        """Itself, without the text around it."""
        end = self._start + self.length
        self._text, self._start = self._text[self._start : end], 0
        return self

    def id(self) -> str:
        return self._id if self.stamp.node is None else str(self.stamp)

    def place(self) -> Place | None:
        if self.file is record.NOWHERE:
            return None
        if self.line:
            return Place(self.file.path, self.line)
        return Place(self.file.path, None, self.at - self.file.base)


def rows_of(chunk: bytes) -> list[Row] | None:
    """The events, and records by themselves, of whole lines; None if one of them is of another form than auditd's."""
    if b"\r" in chunk or b"\0" in chunk or b"\x1b" in chunk:
        return None
    around = chunk.count(b"\n----\n") + chunk.count(b"\ntime->")
    if chunk.count(b" msg=audit(") > chunk.count(b"\n") - around and _SECOND.search(chunk):
        return None
    rows: list[Row] = []
    for found in _ROWS.findall(chunk):
        if found[2]:
            whole = _whole(found)
            if whole is None:
                rows += _apart(found)
            else:
                rows.append(whole)
        elif not found[17]:
            rows.append(found[11:17])
        elif _AROUND.fullmatch(found[17]):
            rows.append(len(found[17]))
        else:
            return None
    return rows


def read_as_kernels(
    call: bytes, middle: Sequence[tuple[bytes, bytes]], title: bytes
) -> tuple[int, bool, Sent | None] | None:
    """The process that called, whether it execs and what it sent, of an event's texts as the kernel writes them;
    ``middle``: types and texts between SYSCALL and PROCTITLE. None if something is unusual."""
    found = _KERNELS.fullmatch(call)
    if found is None or not _IS_TITLE.fullmatch(title):
        return None
    word, body, pid = found.groups()
    number = SENDING.get(word)
    objects = [text_ for kind, text_ in middle if kind == b"OBJ_PID"]
    sent = None
    if number is not None:
        sent = _sent(number, body, objects, title[10:]) if len(objects) == len(middle) else None
    if (objects or number is not None) and sent is None:
        return None
    return int(pid), word in EXECUTING and body.startswith(b"success=yes"), sent


def sent_of(group: Group) -> Sent | None:
    """What an event has sent, where its records are as the kernel writes them; None: they are read field by field."""
    if isinstance(group, Usual):
        return group.sent
    call, title = group.records[0], b""
    if call.type != record.SYSCALL or call.interpreted or call.body[:5] != b"arch=":
        return None
    arch, _, rest = call.body[5:].partition(b" syscall=")
    syscall, _, body = rest.partition(b" ")
    number = SENDING.get(arch + b" syscall=" + syscall)
    targets = []
    for one in group.records[1:]:
        if one.interpreted:
            return None
        if one.type == record.PROCTITLE and not title:
            title = one.body[10:]
            if not _IS_TITLE.fullmatch(one.body):
                return None
        elif one.type == record.OBJ_PID:
            targets.append(one.body)
        else:
            return None
    return None if number is None else _sent(number, body, targets, title)


def _whole(found: tuple[bytes, ...]) -> Whole | None:
    prefix, node, id_, seconds, fraction, serial, word, call, pid, middle, title = found[:11]
    number = SENDING.get(word)
    sent = None
    last = len(prefix) + len(id_) + len(word) + len(call) + len(middle) + _FRAME[0]
    length = last + len(prefix) + len(id_) + len(title) + _FRAME[1]
    if number is not None:
        bodies = _RECORD.findall(middle) if middle else ()
        if any(kind != b"OBJ_PID" for kind, _ in bodies):
            return None
        sent = _sent(number, call, [body for _, body in bodies], title)
        if sent is None:
            return None
    elif b"OBJ_PID" in middle:
        return None
    if length > AWAY:
        return None
    lines = 2 + middle.count(b"\n")
    return (
        length,
        last,
        lines,
        lines,
        node or None,
        id_.decode(),
        int(seconds + fraction) * 1_000_000,
        int(serial),
        int(pid),
        word in EXECUTING and call.startswith(b"success=yes"),
        sent,
    )


def _apart(found: tuple[bytes, ...]) -> list[Row]:
    """The records of an event in which something is unusual."""
    node, _, seconds, fraction, serial, word, call, _, middle, title = found[1:11]
    stamp = seconds, fraction, serial
    bodies = [(b"SYSCALL", b"arch=" + word + b" " + call), *_RECORD.findall(middle), (b"PROCTITLE", b"proctitle=" + title)]  # fmt: skip
    return [(node, kind, *stamp, body) for kind, body in bodies]


def _sent(number: int, call: bytes, objects: Sequence[bytes], title: bytes) -> Sent | None:
    match = _CALL.match(call)
    if match is None:
        return None
    success, exit_, a0, a1, a2, ppid, pid, auid, uid, euid, tty, ses, comm, exe, name = (
        match.groups()
    )
    targets: dict[object, Described] = {}
    for body in objects:
        one = _target(body)
        if one is None or one[0] in targets:
            return None
        targets[one[0]] = one
    arguments = int(a0, 16), int(a1, 16)
    signal = int(a2, 16) if CALLS[number].signal == 2 else arguments[1]
    shown = text(title) if title else None
    argv, cut = words_of(shown) if shown else (None, False)
    ids = [
        None if number >= UNSET else number
        for number in map(int, (ppid, pid, auid, uid, euid, ses))
    ]
    caller = (
        ids[1], None, _text(comm), None, ids[3], _user(name), ids[4], ids[0], _text(exe), argv, cut, ids[2], ids[5],
        None if tty == b"(none)" else text(tty),
    )  # fmt: skip
    error = None if success == b"yes" else errno_name(exit_)
    return number, signal & 0xFFFFFFFF, error, arguments, caller, tuple(targets.values())


def _target(body: bytes) -> Described | None:
    match = _OBJECT.match(body)
    if match is None:
        return None
    pid, auid, uid, ses, comm, name = match.groups()
    ids = [
        None if not 0 <= number < UNSET else number for number in map(int, (pid, auid, uid, ses))
    ]
    return (
        ids[0], None, _text(comm), None, ids[2], _user(name), None, None, None, None, False, ids[1], ids[3],
    )  # fmt: skip


def _text(value: bytes) -> bytes | None:
    """``text`` of what is mostly in double quotes."""
    return text(value) if value[:1] != b'"' or value == b'"(null)"' else value[1:-1] or None


def _user(name: bytes | None) -> str | None:
    """An ENRICHED record's name of a user, as far as its host had one."""
    if not name or name == b"(null)" or name.startswith(b"unknown("):
        return None
    return name.decode("utf-8", "backslashreplace")
