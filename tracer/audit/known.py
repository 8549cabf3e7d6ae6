"""Who is who, from the log alone: what earlier records said of a process.

Keyed so that a reused pid inherits nothing: what was seen of a pid is believed only while its comm,
login uid and session are still the same, and never past a boot or a death that the log shows.
"""

from __future__ import annotations

import re
from typing import Optional

from tracer.audit import record
from tracer.audit.argv import Argv, argv_of, title_of
from tracer.audit.calls import is_exec
from tracer.audit.fields import Fields, identity, parse_fields, parse_interpreted, text
from tracer.audit.record import Group, Record
from tracer.model.event import CAUSES, Process
from tracer.model.frozen import frozen, replace
from tracer.model.memo import Bounded
from tracer.model.times import SECOND

SEEN_MAX = 16_384
APART = (
    2 * SECOND
)  # how long after SIGKILL a pid is still its owner's, and a death after its signal
CACHED_MAX = 8192
# The part of a SYSCALL record that tells of the process: the same in all calls that it makes.
_TAIL = b" items="
_PID = re.compile(rb"(?:^|\s)pid=(\d{1,10})(?:\s|$)")
# Cheap and loose: the numbers of exec on all architectures, or its name.
_EXEC = re.compile(rb"syscall=(?:59|322|11|358|221|281|387|362|354|10737\d+|exec\w+)(?:\s|$)")
# SYSCALL and OBJ_PID records as all kernels write them (audit_log_exit(), audit_log_pid_context(), kernel/auditsc.c):
# one match takes what else is a dozen looks at their fields.
_CALLER = re.compile(
    rb"[0-9]+ ppid=([0-9]+) pid=([0-9]+) auid=([0-9]+) uid=([0-9]+) gid=[0-9]+ euid=([0-9]+) suid=[0-9]+ fsuid=[0-9]+ "
    rb"egid=[0-9]+ sgid=[0-9]+ fsgid=[0-9]+ tty=([!-~]+) ses=([0-9]+) "
    rb'comm=("[^"]*"|[0-9A-F]+) exe=("[^"]*"|[0-9A-F]+)(?=[ \x1d]|$)'
)
_OBJECT = re.compile(
    rb"opid=([0-9]+) oauid=(-?[0-9]+) ouid=([0-9]+) oses=(-?[0-9]+)(?: obj=[^\s\x1d\"']+)? "
    rb'ocomm=("[^"]*"|[0-9A-F]+)(?=[ \x1d]|$)'
)
# What ENRICHED records add behind them.
_UID = re.compile(rb"""(?<=[\s\x1d"'])UID=("[^"]*"|[^\s\x1d]*)""")
_OUID = re.compile(rb"""(?<=[\s\x1d"'])OUID=("[^"]*"|[^\s\x1d]*)""")
Key = tuple[Optional[bytes], int]
Sent = tuple[str, int]  # the id of a signal, and its time


@frozen
class Users:
    """The host's users, from ``--passwd FILE``: a log has numbers, or names, rarely both."""

    names: dict[int, str]
    numbers: dict[str, int]


NOBODY = Users({}, {})


@frozen
class Seen:
    """The last sight of a process: its SYSCALL record's fields, and its arguments since its last exec."""

    process: Process
    argv: Argv | None
    argv_cut: bool


def fields_of(one: Record) -> Fields:
    """The fields of a record, raw or interpreted."""
    return parse_interpreted(one.body) if one.interpreted else parse_fields(one.body)


def find(group: Group, kind: int) -> Record | None:
    """The first record of that type in an event."""
    return next((one for one in group.records if one.type == kind), None)


class Known:
    """Grows with the log; at most SEEN_MAX processes, the least lately seen are forgotten."""

    def __init__(self, users: Users = NOBODY) -> None:
        self.users = users
        self.auditd: dict[bytes | None, int] = {}
        self._sights: Bounded[Key, tuple[Group | None, Group]] = Bounded(SEEN_MAX)
        self._deaths: Bounded[Key, int] = Bounded(SEEN_MAX)
        self._boots: dict[bytes | None, int] = {}
        self._sent: Bounded[Key, dict[int, tuple[Sent, ...]]] = Bounded(SEEN_MAX)
        self._senders: Bounded[tuple[bytes, bytes | None, bool], Process] = Bounded(CACHED_MAX)
        self._victims: Bounded[tuple[bytes, bool], Process] = Bounded(CACHED_MAX)
        self._completed: Bounded[Key, tuple[Process, Seen, Process]] = Bounded(CACHED_MAX)
        self._parsed: Bounded[Key, tuple[Group, Seen | None]] = Bounded(CACHED_MAX)

    def see(self, group: Group, pid: int | None = None) -> None:
        """Remember an event that a process was in; read only when somebody asks for that process.

        ``pid`` saves looking for it, in events that are no exec.
        """
        exec_ = False
        if pid is None:
            call = find(group, record.SYSCALL)
            found = None if call is None else _PID.search(call.body)
            if call is None or found is None:
                return
            pid = int(found[1])
            exec_ = _EXEC.search(call.body) is not None and _is_exec(fields_of(call))
        key = group.stamp.node, pid
        began, last = self._sights.pop(key, (None, None))
        # A sieve may tell of an older sight after a newer one.
        if exec_ and (began is None or began.stamp.time <= group.stamp.time):
            began = group
        if last is None or last.stamp.time <= group.stamp.time:
            last = group
        self._sights[key] = began, last

    def is_seen(self, node: bytes | None, pid: int) -> bool:
        """Whether an event of that pid is remembered."""
        return (node, pid) in self._sights

    def signalled(self, node: bytes | None, pid: int, number: int, id_: str, time: int) -> None:
        """A signal that a process got, as the cause of a death that may follow."""
        sent = self._sent.get((node, pid), {})
        if len(sent) > 1:
            sent = {n: some for n, some in sent.items() if time - some[-1][1] <= APART}
        before = sent.get(number, ())
        if before and time - before[-1][1] > APART:
            before = ()
        sent[number] = (*before[-CAUSES:], (id_, time))
        self._sent.renew((node, pid), sent)

    def causes(self, node: bytes | None, pid: int, number: int, time: int) -> tuple[Sent, ...]:
        """The id and age in ns of the signal that a process just died of, if the log has it; of each that it may be,
        for audit tells not which was taken before: tracer.flow.pending has the same rule. None if they are too many."""
        sent = self._sent.pop((node, pid), {}).get(number, ())
        ages = [(id_, time - at) for id_, at in sent]
        near = tuple([one for one in ages if 0 <= one[1] <= APART])
        return near if len(near) <= CAUSES else ()

    def died(self, node: bytes | None, pid: int, time: int) -> None:
        """A pid that got SIGKILL or crashed may be another process from now on."""
        self._deaths.renew((node, pid), time)

    def booted(self, node: bytes | None, time: int) -> None:
        """Nobody outlives a boot."""
        self._boots[node] = time

    def sender(self, group: Group, call: Record) -> Process:
        """The process that made the call, from its SYSCALL and PROCTITLE records.

        A title cut at 128 bytes is completed from the process's exec, where that begins the same.
        """
        title = find(group, record.PROCTITLE)
        key = call.body.partition(_TAIL)[2], title and title.body, call.interpreted
        process = self._senders.get(key)
        if process is None or not key[0]:
            argv, cut = title_of(group.records)
            match = None if call.interpreted else _CALLER.match(key[0])
            if match is not None:
                process = self._caller(match, argv, cut)
            else:
                found = self.process(fields_of(call), call.interpreted)
                process = replace(found, argv=argv, argv_cut=cut)
            self._senders[key] = process
        return self._with_whole_argv(group, process) if process.argv_cut else process

    def _with_whole_argv(self, group: Group, process: Process) -> Process:
        if process.pid is None or not process.argv:
            return process
        seen = self._seen(group.stamp.node, process.pid, group.stamp.time)
        if seen and _same(seen.process, process) and seen.argv and _begins(seen.argv, process.argv):
            return replace(process, argv=seen.argv, argv_cut=seen.argv_cut)
        return process

    def victim(self, group: Group, one: Record) -> Process:
        """The process that an OBJ_PID (or LANDLOCK_ACCESS) record names, and what the log said of it."""
        key = one.body, one.interpreted
        found = self._victims.get(key)
        match = None if one.interpreted else _OBJECT.match(one.body)
        if found is None and match is not None:
            found = self._victims[key] = self._object(match)
        elif found is None:
            fields = fields_of(one)
            user, uid = self._user(fields, b"ouid", b"OUID")
            found = Process(
                pid=identity(fields.get(b"opid")),
                comm=text(fields.get(b"ocomm"), one.interpreted),
                uid=uid,
                user=user,
                loginuid=self._number(fields.get(b"oauid")),
                session=identity(fields.get(b"oses")),
            )
            self._victims[key] = found
        return self.completed(group, found)

    def completed(self, group: Group, found: Process) -> Process:
        """``found`` with exe, arguments, parent and tty, if an earlier record surely means the same."""
        if found.pid is None:
            return found
        seen = self._seen(group.stamp.node, found.pid, group.stamp.time)
        if seen is None or not _same(seen.process, found) or _is_another_user(seen.process, found):
            return found
        key = group.stamp.node, found.pid
        done = self._completed.get(key)
        # One process stays one object: sinks then need not write it anew.
        if done is not None and done[0] is found and done[1] == seen:
            return done[2]
        before = seen.process
        whole = replace(
            found,
            comm=found.comm or before.comm,
            exe=found.exe or before.exe,
            ppid=found.ppid or before.ppid,
            tty=found.tty or before.tty,
            argv=found.argv or seen.argv,
            argv_cut=found.argv_cut or (found.argv is None and seen.argv_cut),
        )
        self._completed[key] = (found, seen, whole)
        return whole

    def process(self, fields: Fields, interpreted: bool) -> Process:
        """The process that a SYSCALL, ANOM_ABEND, SECCOMP or DAEMON record is about."""
        user, uid = self._user(fields, b"uid", b"UID")
        tty = text(fields.get(b"tty"), interpreted)
        return Process(
            pid=identity(fields.get(b"pid")),
            comm=text(fields.get(b"comm"), interpreted),
            uid=uid,
            user=user,
            euid=self._number(fields.get(b"euid")),
            ppid=identity(fields.get(b"ppid")),
            exe=text(fields.get(b"exe"), interpreted),
            loginuid=self._number(fields.get(b"auid")),
            session=identity(fields.get(b"ses")),
            tty=None if tty == b"(none)" else tty,
        )

    def _caller(self, match: re.Match[bytes], argv: Argv | None, cut: bool) -> Process:
        ppid, pid, auid, uid, euid, tty, ses, comm, exe = match.groups()
        number = identity(uid)
        return Process(
            pid=identity(pid),
            comm=text(comm),
            uid=number,
            user=self._name(_UID.search(match.string, match.end()), number),
            euid=identity(euid),
            ppid=identity(ppid),
            exe=text(exe),
            argv=argv,
            argv_cut=cut,
            loginuid=identity(auid),
            session=identity(ses),
            tty=None if tty == b"(none)" else text(tty),
        )

    def _object(self, match: re.Match[bytes]) -> Process:
        pid, auid, uid, ses, comm = match.groups()
        number = identity(uid)
        return Process(
            pid=identity(pid),
            comm=text(comm),
            uid=number,
            user=self._name(_OUID.search(match.string, match.end()), number),
            loginuid=identity(auid),
            session=identity(ses),
        )

    def _name(self, enriched: re.Match[bytes] | None, uid: int | None) -> str | None:
        name = None if enriched is None else text(enriched[1])
        if name is not None and not name.startswith(b"unknown("):
            return name.decode("utf-8", "backslashreplace")
        return None if uid is None else self.users.names.get(uid)

    def _user(self, fields: Fields, number: bytes, name: bytes) -> tuple[str | None, int | None]:
        value = fields.get(number)
        uid = self._number(value)
        enriched = text(fields.get(name))
        if (
            enriched is None
            and value
            and uid is None
            and value != b"unset"
            and not value[-1:].isdigit()
        ):
            enriched = value
        if enriched is not None and not enriched.startswith(b"unknown("):
            return enriched.decode("utf-8", "backslashreplace"), uid
        return (None if uid is None else self.users.names.get(uid)), uid

    def _number(self, value: bytes | None) -> int | None:
        uid = identity(value)
        if uid is None and value:
            return self.users.numbers.get(value.decode("utf-8", "backslashreplace"))
        return uid

    def _holds(self, key: Key, seen: int, now: int) -> bool:
        """Whether a sight of a pid at ``seen`` can still be of the process that has it ``now``.

        After SIGKILL the pid stays its owner's for a moment, until it is reaped.
        """
        if not self._boots.get(key[0], 0) <= seen <= now + APART:
            return False
        death = self._deaths.get(key)
        return death is None or seen > death + APART or now <= death + APART

    def _seen(self, node: bytes | None, pid: int, now: int) -> Seen | None:
        key = node, pid
        exec_, last = self._sights.get(key, (None, None))
        if last is None or not self._holds(key, last.stamp.time, now):
            return None
        newest = self._sight(key, last)
        if exec_ is None or newest is None or not self._holds(key, exec_.stamp.time, now):
            return newest
        began = self._read_sight(exec_)
        if began is None or not _same(began.process, newest.process):
            return newest
        return replace(newest, argv=began.argv, argv_cut=began.argv_cut)

    def _sight(self, key: Key, group: Group) -> Seen | None:
        """What an event says of its process; the last one asked for is remembered."""
        done = self._parsed.get(key)
        if done is not None and done[0] is group:
            return done[1]
        seen = self._read_sight(group)
        self._parsed[key] = (group, seen)
        return seen

    def _read_sight(self, group: Group) -> Seen | None:
        call = find(group, record.SYSCALL)
        if call is None:
            return None
        fields = fields_of(call)
        process = self.process(fields, call.interpreted)
        if _is_exec(fields):
            return Seen(process, *argv_of(group.records))
        return Seen(process, *title_of(group.records))


def _is_exec(fields: Fields) -> bool:
    """Whether a SYSCALL record is of an exec that went well: the process has new arguments since."""
    done = fields.get(b"success") != b"no"
    return done and is_exec(fields.get(b"arch"), fields.get(b"syscall", b""))


def _same(one: Process, other: Process) -> bool:
    """Whether two sights of a pid can be the same process: comm, login uid and session agree.

    DAEMON records have no comm.
    """
    if other.comm is not None and one.comm != other.comm:
        return False
    return (one.loginuid, one.session) == (other.loginuid, other.session)


def _is_another_user(one: Process, other: Process) -> bool:
    """Daemons have neither login uid nor session: of them the uid tells whether a pid was given anew."""
    return one.uid is not None and other.uid is not None and one.uid != other.uid


def _begins(argv: Argv, title: Argv) -> bool:
    return b"\0".join(argv).startswith(b"\0".join(title))
