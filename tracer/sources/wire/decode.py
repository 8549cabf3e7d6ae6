"""Wire records to events.

In a storm the same few processes send the same few signals: everything of a signal but its time is
remembered by the record's own bytes, and decoded once.
"""

from __future__ import annotations

import errno
from _operator import attrgetter  # operator itself is 0.2 ms of what a trace waits for first

from tracer.host import procfs
from tracer.host.name import HOST
from tracer.host.processes import user_name
from tracer.model.event import (
    Ancestor,
    Claim,
    Exec,
    Exit,
    Failed,
    Oom,
    Probe,
    Process,
    Repeats,
    Signal,
    exit_id,
)
from tracer.model.frozen import names_of_class, replace
from tracer.model.memo import Bounded
from tracer.model.origin import RAN, SENT, SENT_BY_DYING, SI_KERNEL, Facts, origin_of
from tracer.model.outcome import Target, outcome_of
from tracer.sources.wire import records as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tracer.host.clock import BootClock
    from tracer.sources.wire.repeats import Run

REMEMBERED = 8192
_all_but_own = attrgetter(*names_of_class(Signal)[2:])
# Victims of one kill(-1) follow each other within microseconds; nothing else of that thread between.
WIDE_GAP = 50_000_000


class Wide:
    """Gives the victims of one kill(-pgid) or kill(-1) the id of the first of them."""

    def __init__(self) -> None:
        self._calls: Bounded[int, tuple[tuple[int, int], int, str, set[int]]] = Bounded(REMEMBERED)

    def id_of(self, time: int, signal: Signal, own: str) -> str:
        """The id to share, ``own`` for the first victim. A victim met twice begins another call."""
        if signal.sender is None or signal.target is None:
            return own
        tid, victim = signal.sender.tid or 0, signal.target.pid or 0
        call = (signal.asked or 0, signal.number)
        known = self._calls.get(tid)
        if known and known[0] == call and victim not in known[3] and time - known[1] < WIDE_GAP:
            known[3].add(victim)
            self._calls[tid] = (call, time, known[2], known[3])
            return known[2]
        self._calls[tid] = (call, time, own, {victim})
        return own


class Decoder:
    """Turns records into events; ``complete`` adds what else is known of a process, once for each."""

    def __init__(
        self,
        source: str,
        clock: BootClock,
        complete: Callable[[Process, int], Process],
        oom_of: Callable[[int], Oom],
    ) -> None:
        self._source = source
        self._clock = clock
        self._complete = complete
        self._oom_of = oom_of
        self._described: dict[int, tuple[int, Process]] = {}
        self._room = REMEMBERED
        self._signals: Bounded[bytes, Signal] = Bounded(REMEMBERED)
        self._wide = Wide()

    def forget_signals(self) -> None:
        """The wall clock was set: starts of processes that were reckoned by it are void."""
        self._signals.clear()

    def learn(self, taken: bytes, at: int) -> None:
        """Remember a process record: it comes before the first signal that concerns the process."""
        record = wire.read_process(taken, at)
        if len(self._described) >= self._room:
            self._forget_the_dead()
        self._described.pop(record.pid, None)
        self._described[record.pid] = (record.start, self._process(record))
        self._signals.clear()

    def _forget_the_dead(self) -> None:
        """The living stay, for the kernel side describes nobody twice; the later half may be on its way."""
        for pid in list(self._described)[: self._room // 2]:
            if not procfs.is_there(pid):
                del self._described[pid]
        self._room = max(REMEMBERED, 2 * len(self._described))

    def signals(self, run: Run, oom_pid: int | None = None) -> Iterator[Signal | Repeats]:
        """The events of a run of signals; ``oom_pid`` is its victim if the OOM killer sent it."""
        known = self._known(run, oom_pid)
        offset = self._clock.offset
        if known.asked is not None and known.asked <= 0 and known.call == "kill":
            for boot in run.times:
                own = f"{boot + offset:x}-{known.id}"
                yield self._at(known, boot + offset, self._wide.id_of(boot, known, own))
            return
        time = run.times[0] + offset
        first = self._at(known, time, f"{time:x}-{known.id}")
        if len(run.times) == 1:
            yield first
        else:
            yield Repeats(first, [boot + offset for boot in run.times[1:]])

    def _known(self, run: Run, oom_pid: int | None) -> Signal:
        """A signal of this run without time, its id the part that is alike."""
        taken, at = run.taken, run.at
        key = taken[at : at + 8] + taken[at + 16 : at + wire.SIGNAL_RECORD.size]
        known = self._signals.get(key)
        if known is None or oom_pid is not None:
            known = self._build(wire.read_signal(taken, at), oom_pid)
            if oom_pid is None:
                self._signals[key] = known
        return known

    @staticmethod
    def _at(known: Signal, time: int, own: str) -> Signal:
        return Signal(time, own, *_all_but_own(known))

    def exit(self, taken: bytes, at: int) -> Exit:
        _, pid, time, start, status, comm = wire.EXIT_RECORD.unpack_from(taken, at)
        return self.ended(pid, start, time, status, comm)

    def ended(self, pid: int, start: int, time: int, status: int, comm: bytes = b"") -> Exit:
        """The event of a process's end; times in boot time, ``status`` as wait(2) gives it."""
        end = wire.End(start, pid, pid, wire.UNSET, comm)
        number = status & 0x7F
        moment = time + self._clock.offset
        return Exit(
            moment,
            exit_id(moment, pid),
            self._source,
            self._end(end) or Process(pid),
            number=number or None,
            status=None if number else status >> 8 & 0xFF,
            core=bool(status & 0x80) if number else None,
            host=HOST,
        )

    def call(self, taken: bytes, at: int) -> Failed | Probe:
        fields = wire.CALL_RECORD.unpack_from(taken, at)
        _, error, boot, asked, number, target_pid, call = fields[:7]
        sender = wire.End(*fields[7:12])
        time = boot + self._clock.offset
        event_id = f"{time:x}-{sender.tid:x}"
        name = wire.CALLS[call]
        # What tkill names is a thread; its process is known as long as it lives.
        pid = procfs.threads_process(target_pid) if name == "tkill" else target_pid
        target = self._live(pid) if pid else None
        if error == 0:
            end = self._end(sender)
            return Probe(time, event_id, self._source, name, end, target, asked, host=HOST)
        return Failed(
            time,
            event_id,
            self._source,
            name,
            errno.errorcode.get(-error, str(-error)),
            number,
            self._end(sender),
            target,
            asked,
            host=HOST,
        )

    def command(self, taken: bytes, at: int) -> Exec:
        """A control command that was run: its process record came just before."""
        _, pid, boot, start = wire.COMMAND_RECORD.unpack_from(taken, at)
        time = boot + self._clock.offset
        process = self._end(wire.End(start, pid, pid, wire.UNSET, b"")) or Process(pid)
        return Exec(time, f"{time:x}-exec-{pid}", self._source, process, HOST)

    def _build(self, record: wire.SignalRecord, oom_pid: int | None) -> Signal:
        flags = record.flags
        call = wire.CALLS[record.call]
        facts = Facts(
            number=record.signal,
            code=record.code,
            process_wide=bool(record.group),
            call=call,
            own=record.sender.tid == record.target.tid or record.sender.pid == record.target.pid,
            kernel_thread=bool(flags & wire.SENDER_KERNEL_THREAD),
            exiting=bool(flags & wire.SENDER_EXITING),
            ns_init=bool(flags & wire.SENDER_NS_INIT),
            oom=oom_pid is not None,
            limited=bool(flags & wire.TARGET_LIMITED) if flags & wire.TARGET_KNOWN else None,
            leads_session=(
                bool(flags & wire.SENDER_LEADS_SESSION) if flags & wire.SENDER_KNOWN else None
            ),
        )
        origin = origin_of(facts)
        outcome, why = outcome_of(record.result, record.signal, _target_state(flags))
        sender = self._end(record.sender)
        is_sender = origin in SENT or origin in SENT_BY_DYING
        sent_by_call = is_sender and call not in (None, "other")
        return Signal(
            time=0,
            id=f"{record.target.tid:x}",
            source=self._source,
            number=record.signal,
            code=record.code,
            origin=origin,
            outcome=outcome,
            why=why,
            scope="process" if record.group else "thread",
            sender=sender if is_sender else None,
            target=self._end(record.target),
            current=sender if origin in RAN and not facts.kernel_thread and sender else None,
            call=call if sent_by_call else None,
            asked=record.asked if sent_by_call and flags & wire.ASKED_KNOWN else None,
            address=record.address if origin == "fault" and _has_address(record) else None,
            claim=self._claim(record, sender) if sent_by_call else None,
            oom=self._oom_of(oom_pid) if oom_pid is not None else None,
            host=HOST,
        )

    def _claim(self, record: wire.SignalRecord, sender: Process | None) -> Claim | None:
        """What a sender of its own siginfo says of itself, if neither namespace makes it true."""
        if not record.flags & wire.INFO_KNOWN or sender is None:
            return None
        if wire.CALLS[record.call] not in (
            "rt_sigqueueinfo",
            "rt_tgsigqueueinfo",
            "pidfd_send_signal",
        ):
            return None
        flags = record.flags
        true_pids = {record.sender.pid, record.own_pid or record.sender.pid}
        if flags & wire.TARGET_IN_PID_NS:
            true_pids.add(0)  # The target's namespace may not know the sender.
        is_true_uid = record.si_uid == record.sender.uid or flags & wire.ENDS_IN_USER_NS
        if record.si_pid in true_pids and is_true_uid:
            return None
        return Claim(record.si_pid, record.si_uid)

    def _end(self, end: wire.End) -> Process | None:
        """A process as this record saw it, with all that is known of it."""
        if not end.pid:
            return None
        comm = wire.text(end.comm)
        start, known = self._described.get(end.pid, (0, None))
        if known is None or start != end.start:
            uid = None if end.uid == wire.UNSET else end.uid
            born = end.start + self._clock.offset if end.start else None
            is_leader = end.tid == end.pid
            known = Process(end.pid, uid=uid, start=born, comm=comm if is_leader else None)
            known = self._complete(known, end.start)
        changes: dict[str, Any] = {"tid": end.tid}
        if end.tid == end.pid:
            changes["comm"] = comm or known.comm
        elif comm != known.comm:
            changes["thread_comm"] = comm
        if end.uid != wire.UNSET and end.uid != known.uid:
            changes["uid"] = end.uid
            changes["user"] = user_name(end.uid)
        return replace(known, **changes)

    def _live(self, pid: int) -> Process:
        """The target of a call that did not reach it: as it is described, or as it lives now."""
        known = self._described.get(pid)
        start = procfs.start_of(pid)
        if known is not None and (start is None or procfs.same_start(start, known[0])):
            return known[1]
        if start is None:
            return Process(pid)
        process = Process(pid, comm=procfs.comm_of(pid), start=start + self._clock.offset)
        return self._complete(process, start)

    def _process(self, record: wire.ProcessRecord) -> Process:
        offset = self._clock.offset
        ancestors = tuple(
            Ancestor(pid, comm, start + offset) for pid, start, comm in record.ancestors
        )
        lineage = Process(
            pid=record.pid,
            comm=record.comm,
            ppid=record.ppid or None,
            start=record.start + offset,
            ancestors=ancestors,
        )
        if record.flags & wire.LINEAGE_ONLY:
            return self._complete(lineage, record.start)
        process = replace(
            lineage,
            uid=record.uid,
            euid=record.euid,
            exe=record.exe or None,
            argv=procfs.split_argv(record.argv),
            argv_cut=bool(record.flags & wire.ARGV_CUT),
            loginuid=None if record.loginuid == wire.UNSET else record.loginuid,
            session=None if record.session == wire.UNSET else record.session,
            tty=_tty_path(record.tty),
            cgroup=record.cgroup or b"/",
            cgroup_id=record.cgroup_id or None,
            ns_pid=record.ns_pid or None,
        )
        return self._complete(process, record.start)


def _has_address(record: wire.SignalRecord) -> bool:
    """Where the kernel says no more than SI_KERNEL (int3, a wild pointer) it writes no address."""
    return bool(record.flags & wire.INFO_KNOWN) and record.code != SI_KERNEL


def _tty_path(name: bytes) -> bytes | None:
    """The terminal as it stands below /dev: the kernel calls pts/3 pts3 (drivers/tty/tty_io.c)."""
    if name.startswith(b"pts") and name[3:].isdigit():
        return b"pts/" + name[3:]
    return name or None


def _target_state(flags: int) -> Target | None:
    if not flags & wire.TARGET_KNOWN:
        return None
    return Target(
        exiting=bool(flags & wire.TARGET_EXITING),
        protected=bool(flags & wire.TARGET_PROTECTED),
        handles=bool(flags & wire.TARGET_HANDLES),
        ignores=bool(flags & wire.TARGET_IGNORES),
        blocks=bool(flags & wire.TARGET_BLOCKS),
    )
