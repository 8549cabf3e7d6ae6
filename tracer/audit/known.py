"""Who is who, from the log alone: what earlier records said of a process.

Keyed so that a reused pid inherits nothing: what was seen of a pid is believed only while its comm, login uid and session are
still the same, and never past a boot, a death, or a round of the pids that the log shows (tracer.audit.rounds).
"""

from __future__ import annotations

import re
from typing import Optional, Union

from tracer.audit import record
from tracer.audit.argv import Argv, argv_of, title_of
from tracer.audit.calls import is_exec
from tracer.audit.fields import Fields, identity, parse_fields, parse_interpreted, text
from tracer.audit.record import Group, Record, Stamp
from tracer.audit.rounds import Rounds
from tracer.audit.usual import Described, Usual
from tracer.model.event import CAUSES, Process
from tracer.model.frozen import frozen, replace
from tracer.model.memo import Bounded
from tracer.model.outcome import APART

SEEN_MAX = 16_384
CACHED_MAX = 1024
_PID = re.compile(rb"(?:^|\s)pid=(\d{1,10})(?:\s|$)")
# Cheap and loose: the numbers of exec on all architectures, or its name.
_EXEC = re.compile(rb"syscall=(?:59|322|11|358|221|281|387|362|354|10737\d+|exec\w+)(?:\s|$)")
Key = tuple[Optional[bytes], int]
Sight = tuple[int, Union[Group, Process]]  # when a process was seen, and what tells of it
# The number of a signal, its id and time. No dict of numbers: there are thousands of processes, with one signal each.
Sent = tuple[int, str, int]


@frozen
class Users:
    """The host's users, from ``--passwd FILE``: a log has numbers, or names, rarely both."""

    names: dict[int, str]
    numbers: dict[str, int]


NOBODY = Users({}, {})


def user_of(
    value: bytes | None, enriched: bytes | None, users: Users
) -> tuple[str | None, int | None]:
    """A user's name and number, from the number (or what ausearch -i has put for it) and the name in an ENRICHED record."""
    uid = number_of_user(value, users)
    is_name = value and uid is None and value != b"unset" and not value[-1:].isdigit()
    if enriched is None and is_name:
        enriched = value
    if enriched is not None and not enriched.startswith(b"unknown("):
        return enriched.decode("utf-8", "backslashreplace"), uid
    return (None if uid is None else users.names.get(uid)), uid


def number_of_user(value: bytes | None, users: Users) -> int | None:
    """A user's number, from it or the name."""
    uid = identity(value)
    if uid is None and value:
        return users.numbers.get(value.decode("utf-8", "backslashreplace"))
    return uid


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
    """Grows with the log; at most SEEN_MAX processes, the least lately seen are forgotten. ``sees_ends``: every end of a
    process is told to ``ended``."""

    def __init__(self, users: Users = NOBODY, *, sees_ends: bool = False) -> None:
        self.users = users
        self._rounds = Rounds(sees_ends=sees_ends)
        self.auditd: dict[bytes | None, int] = {}
        self._sights: Bounded[Key, tuple[Sight | None, Sight]] = Bounded(SEEN_MAX)
        self._deaths: Bounded[Key, int] = Bounded(SEEN_MAX)
        self._told: Bounded[Key, int] = Bounded(CACHED_MAX)
        self._boots: dict[bytes | None, int] = {}
        self._sent: Bounded[Key, tuple[Sent, ...]] = Bounded(SEEN_MAX)
        self._described: dict[Described, Process] = {}
        self._completed: Bounded[Key, tuple[Process, Seen, Process]] = Bounded(CACHED_MAX)
        self._parsed: Bounded[Key, tuple[Group | Process, Seen | None]] = Bounded(CACHED_MAX)

    def see(self, group: Group) -> None:
        """Remember an event that a process was in; read only when somebody asks for that process."""
        if isinstance(group, Usual):
            pid, exec_ = group.pid, group.execs
        else:
            call = find(group, record.SYSCALL)
            found = None if call is None else _PID.search(call.body)
            if call is None or found is None:
                return
            pid = int(found[1])
            exec_ = _EXEC.search(call.body) is not None and _is_exec(fields_of(call))
        self._see((group.stamp.node, pid), (group.stamp.time, group.kept()), exec_=exec_)

    def see_sender(self, stamp: Stamp, process: Process) -> None:
        """Remember the process that made a call, which was no exec."""
        if process.pid is not None:
            self._see((stamp.node, process.pid), (stamp.time, process), exec_=False)

    def _see(self, key: Key, sight: Sight, *, exec_: bool) -> None:
        began, last = self._sights.pop(key, (None, None))
        since = self._given_anew(key, began, last, sight, exec_=exec_)
        if since is not None:
            self._rounds.over(key[0], since, sight[0])
            self._deaths.pop(key, None)
            began = last = None
        if exec_:
            self._rounds.shows_births(key[0])
        # A sieve may tell of an older sight after a newer one.
        if exec_ and (began is None or began[0] <= sight[0]):
            began = sight
        if last is None or last[0] <= sight[0]:
            last = sight
        self._sights[key] = began, last

    def _given_anew(
        self, key: Key, began: Sight | None, last: Sight | None, sight: Sight, *, exec_: bool
    ) -> int | None:
        """Until when a pid was surely another process's than now; None: it may be the same."""
        death, now = self._deaths.get(key), sight[0]
        if death is not None and death + APART < now and (last is None or last[0] <= death + APART):
            return death
        if not exec_ or began is None or last is None or now <= last[0]:
            return None
        one, other = self._read_sight(began[1]), self._read_sight(sight[1])
        if one is None or other is None:
            return None
        is_two = self._are_two(key[0], began[0], one.process, other.process)
        return last[0] if is_two else None

    def _are_two(self, node: bytes | None, since: int, one: Process, other: Process) -> bool:
        """Whether two sights of a pid are of two processes: a session is entered once (audit_set_loginuid(), kernel/audit.c), and
        who takes over an orphan is older than it (PR_SET_CHILD_SUBREAPER, prctl(2))."""
        if None not in (one.session, other.session) and one.session != other.session:
            return True
        if other.ppid is None or other.ppid in (1, one.ppid):
            return False
        parent, _ = self._sights.get((node, other.ppid), (None, None))
        return parent is not None and parent[0] > since

    def ended(self, node: bytes | None, pid: int, time: int) -> None:
        """A process was seen to end: its pid may be another's at once."""
        self._rounds.ended((node, pid), time)

    def is_still(self, pid: int, seen: int, now: int) -> bool:
        """Whether who had a pid here then has it now, as far as ends are told."""
        return self._rounds.holds((None, pid), seen, now)

    def forget(self) -> None:
        """Ends were missed: whose pids are used again is not known."""
        self._sights.clear()
        self._completed.clear()

    def is_seen(self, node: bytes | None, pid: int) -> bool:
        """Whether an event of that pid is remembered."""
        return (node, pid) in self._sights

    def signalled(self, node: bytes | None, pid: int, number: int, id_: str, time: int) -> None:
        """A signal that a process got, as the cause of a death that may follow."""
        sent = self._sent.get((node, pid), ())
        if sent:
            last = {one[0]: one[2] for one in sent}
            is_other = len(last) == 1 and number not in last
            kept = [one for one in sent if is_other or time - last[one[0]] <= APART]
            same = [one for one in kept if one[0] == number]
            if len(same) > CAUSES:
                kept.remove(same[0])
            sent = tuple(kept)
        self._sent.renew((node, pid), (*sent, (number, id_, time)))

    def causes(
        self, node: bytes | None, pid: int, number: int, time: int
    ) -> tuple[tuple[str, int], ...]:
        """The id and age in ns of the signal that a process just died of, if the log has it; of each that it may be,
        for audit tells not which was taken before: tracer.flow.pending has the same rule. None if they are too many."""
        sent = self._sent.pop((node, pid), ())
        ages = [(id_, time - at) for n, id_, at in sent if n == number]
        near = tuple([one for one in ages if 0 <= one[1] <= APART])
        return near if len(near) <= CAUSES else ()

    def died(self, node: bytes | None, pid: int, time: int) -> None:
        """A pid that got SIGKILL or crashed may be another process from now on."""
        self._deaths.renew((node, pid), time)

    def told(self, node: bytes | None, pid: int, time: int) -> None:
        """The end of a process is told."""
        self._told.renew((node, pid), time)
        self.died(node, pid, time)

    def is_told(self, node: bytes | None, pid: int, time: int) -> bool:
        """Whether it was just told: seccomp's record of a killed process has an ANOM_ABEND behind it."""
        told = self._told.get((node, pid))
        return told is not None and 0 <= time - told <= APART

    def booted(self, node: bytes | None, time: int) -> None:
        """Nobody outlives a boot."""
        self._boots[node] = time

    def sender(self, group: Group, call: Record) -> Process:
        """The process that made the call, from its SYSCALL and PROCTITLE records."""
        argv, cut = title_of(group.records)
        return replace(self.process(fields_of(call), call.interpreted), argv=argv, argv_cut=cut)

    def described(self, values: Described) -> Process:
        """The process that a record describes. One process stays one object: sinks then need not write it anew."""
        process = self._described.get(values)
        if process is None:
            process = Process(*values)  # type: ignore[arg-type]
            if process.user is None and process.uid in self.users.names:
                process = replace(process, user=self.users.names[process.uid])
            if len(self._described) >= CACHED_MAX:
                self._described.clear()
            self._described[values] = process
        return process

    def with_whole_argv(self, group: Group, process: Process) -> Process:
        """A title cut at 128 bytes is completed from the process's exec, where that begins the same."""
        if not process.argv_cut or process.pid is None or not process.argv:
            return process
        seen = self._seen(group.stamp.node, process.pid, group.stamp.time)
        if seen and _same(seen.process, process) and seen.argv and _begins(seen.argv, process.argv):
            return replace(process, argv=seen.argv, argv_cut=seen.argv_cut)
        return process

    def victim(self, group: Group, one: Record) -> Process:
        """The process that an OBJ_PID (or LANDLOCK_ACCESS) record names, and what the log said of it."""
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

    def _user(self, fields: Fields, number: bytes, name: bytes) -> tuple[str | None, int | None]:
        return user_of(fields.get(number), text(fields.get(name)), self.users)

    def _number(self, value: bytes | None) -> int | None:
        return number_of_user(value, self.users)

    def _holds(self, key: Key, seen: int, now: int) -> bool:
        """Whether a sight of a pid at ``seen`` can still be of the process that has it ``now``.

        After SIGKILL the pid stays its owner's for a moment, until it is reaped.
        """
        if not self._boots.get(key[0], 0) <= seen <= now + APART:
            return False
        death = self._deaths.get(key)
        if death is not None and seen <= death + APART < now:
            return False
        return self._rounds.holds(key, seen, now)

    def _seen(self, node: bytes | None, pid: int, now: int) -> Seen | None:
        key = node, pid
        exec_, last = self._sights.get(key, (None, None))
        if last is None or not self._holds(key, last[0], now):
            return None
        newest = self._sight(key, last[1])
        if exec_ is None or newest is None or not self._holds(key, exec_[0], now):
            return newest
        began = self._read_sight(exec_[1])
        if began is None or not _same(began.process, newest.process):
            return newest
        return replace(newest, argv=began.argv, argv_cut=began.argv_cut)

    def _sight(self, key: Key, what: Group | Process) -> Seen | None:
        """What an event says of its process; the last one asked for is remembered."""
        done = self._parsed.get(key)
        if done is not None and done[0] is what:
            return done[1]
        seen = self._read_sight(what)
        self._parsed[key] = (what, seen)
        return seen

    def _read_sight(self, group: Group | Process) -> Seen | None:
        if isinstance(group, Process):
            return Seen(group, group.argv, group.argv_cut)
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
    """Whether two sights of a pid can be the same process: comm, login uid and session agree, and the parent, as far as both
    are told, but where that has ended.

    DAEMON records have no comm.
    """
    if None not in (one.ppid, other.ppid) and other.ppid not in (one.ppid, 1):
        return False
    if other.comm is not None and one.comm != other.comm:
        return False
    return (one.loginuid, one.session) == (other.loginuid, other.session)


def _is_another_user(one: Process, other: Process) -> bool:
    """Daemons have neither login uid nor session: of them the uid tells whether a pid was given anew."""
    return one.uid is not None and other.uid is not None and one.uid != other.uid


def _begins(argv: Argv, title: Argv) -> bool:
    return b"\0".join(argv).startswith(b"\0".join(title))
