"""Wire records to events.

In a storm the same few processes send the same few signals: everything of a signal but its time is
remembered by the record's own bytes, and decoded once.
"""

from __future__ import annotations

import errno
import os
from _operator import attrgetter  # operator itself is 0.2 ms of what a trace waits for first

from tracer.host import procfs
from tracer.host.name import HOST
from tracer.host.privileges import in_first_namespace
from tracer.model.event import (
    Exec,
    Exit,
    Failed,
    Oom,
    Probe,
    Process,
    Seccomp,
    Series,
    Signal,
    exit_id,
)
from tracer.model.frozen import names_of_class, replace
from tracer.model.memo import Bounded
from tracer.model.origin import RAN, SENT, SENT_BY_DYING, SI_KERNEL, origin_of
from tracer.model.outcome import outcome_of
from tracer.model.syscalls import call_name
from tracer.model.times import SECOND
from tracer.sources.wire import records as wire
from tracer.sources.wire.described import Described
from tracer.sources.wire.facts import claim_of, facts_of, halted, target_of
from tracer.sources.wire.wide import Wide, is_wide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.host.clock import BootClock
    from tracer.sources.wire.repeats import Run

    Keep = Callable[[int, wire.End, Process], None]

REMEMBERED = 256  # some 6 KB each, with the process that it keeps
_all_but_own = attrgetter(*names_of_class(Signal)[2:])
_SYS = 31
# glibc's own, of all threads of a process that changes its ids: nptl(7).
_SETXID = 33


class Decoder:
    """Turns records into events; ``complete`` adds what else is known of a process, once for each. ``keep`` is told
    of each end that is met in a new state, with the number of its description."""

    def __init__(
        self,
        source: str,
        clock: BootClock,
        complete: Callable[[Process, int], Process],
        oom_of: Callable[[int], Oom],
        keep: Keep | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._oom_of = oom_of
        self._keep = keep
        self._described = Described(clock, complete)
        self._signals: Bounded[bytes, Signal | None] = Bounded(REMEMBERED)
        self._more: Bounded[int, wire.MoreRecord] = Bounded(8 * REMEMBERED)  # small ones
        self._ooms: Bounded[int, wire.SignalRecord] = Bounded(64)
        self._wide = Wide()
        self._us = os.getpid() if in_first_namespace("pid") else 0

    def forget_signals(self) -> None:
        """The wall clock was set: starts of processes that were reckoned by it are void."""
        self._signals.clear()

    def learn(self, taken: bytes, at: int) -> None:
        """Remember a process record: it comes before the first signal that concerns the process."""
        self._described.learn(taken, at)
        self._signals.clear()

    def learn_more(self, taken: bytes, at: int) -> None:
        """Remember what the record of a signal has no room for, until that comes."""
        record = wire.MORE_RECORD.read(taken, at)
        self._more[record.tid] = record

    def shared_victim(self, record: wire.SignalRecord) -> int | None:
        """Whose memory the target shares, if the OOM killer has just killed that one: __oom_kill_process(), mm/oom_kill.c."""
        more = self._more.get(record.target.tid)
        victim = self._ooms.get(more.memory) if more and more.time == record.time else None
        if victim is None or victim.sender.tid != record.sender.tid:
            return None
        return victim.target.pid if record.time - victim.time < SECOND else None

    def signals(self, run: Run, oom_pid: int | None = None) -> Iterator[Signal | Series]:
        """The events of a run of signals; ``oom_pid`` is its victim if the OOM killer sent it."""
        self._described.read_to = run.times[0]
        known = self._known(run, oom_pid)
        offset = self._clock.offset
        if known is None:
            return
        if is_wide(known):
            for boot in run.times:
                own = f"{boot + offset:x}-{known.id}"
                yield self._at(known, boot + offset, self._wide.id_of(boot, known, own))
            return
        time = run.times[0] + offset
        first = self._at(known, time, f"{time:x}-{known.id}")
        if len(run.times) == 1:
            yield first
        else:
            yield Series(first, [boot + offset for boot in run.times[1:]])

    def _known(self, run: Run, oom_pid: int | None) -> Signal | None:
        """A signal of this run without time, its id the part that is alike; None for what is not to be told."""
        taken, at = run.taken, run.at
        key = taken[at : at + 8] + taken[at + 16 : at + wire.SIGNAL_RECORD.size]
        if oom_pid is None and key in self._signals:
            return self._signals[key]
        record = wire.SIGNAL_RECORD.read(taken, at)
        if self._is_our_own(record):
            return None
        more = self._more.pop(record.target.tid, None) if record.flags & wire.HAS_MORE else None
        if more is not None and more.time != record.time:
            more = None
        known = self._build(record, oom_pid, more)
        if oom_pid is None and not record.flags & wire.HAS_MORE:
            self._signals[key] = known
        elif oom_pid is not None and more is not None and more.memory:
            self._ooms[more.memory] = record
        return known

    def _is_our_own(self, record: wire.SignalRecord) -> bool:
        """How glibc gives up our rights in all our threads."""
        return record.signal == _SETXID and record.sender.pid == record.target.pid == self._us != 0

    @staticmethod
    def _at(known: Signal, time: int, own: str) -> Signal:
        return Signal(time, own, *_all_but_own(known))

    def exit(self, taken: bytes, at: int) -> Exit:
        record = wire.EXIT_RECORD.read(taken, at)
        self._described.read_to = record.time
        event = self.ended(record.pid, record.start, record.time, record.status, record.comm)
        tracer = self._described.process(record.tracer, record.tracer_start)
        origin = "fault" if record.flags & wire.OWN_FAULT else None
        return replace(event, origin=origin, tracer=tracer) if origin or tracer else event

    def ended(self, pid: int, start: int, time: int, status: int, comm: bytes = b"") -> Exit:
        """The event of a process's end; times in boot time, ``status`` as wait(2) gives it."""
        end = wire.End(start, pid, pid, wire.UNSET, comm)
        number = status & 0x7F
        moment = time + self._clock.offset
        return Exit(
            moment,
            exit_id(moment, pid),
            self._source,
            self._described.end(end) or Process(pid),
            number=number or None,
            status=None if number else status >> 8 & 0xFF,
            core=bool(status & 0x80) if number else None,
            host=HOST,
        )

    def refused(self, taken: bytes, at: int) -> Signal:
        """One of several threads that seccomp has ended: told as the signal that it gets where it is alone."""
        record = wire.REFUSED_RECORD.read(taken, at)
        self._described.read_to = record.time
        end = wire.End(record.start, record.pid, record.tid, record.uid, record.comm)
        time = record.time + self._clock.offset
        return Signal(
            time,
            f"{time:x}-{record.tid:x}",
            self._source,
            _SYS,
            code=1,
            origin="seccomp",
            outcome="delivered",
            scope="thread",
            target=self._described.looked_up(end),
            seccomp=Seccomp("kill thread", call_name(record.arch, record.refused), record.address),
            host=HOST,
        )

    def call(self, taken: bytes, at: int) -> Failed | Probe:
        record = wire.CALL_RECORD.read(taken, at)
        self._described.read_to = record.time
        asked, sender, target_pid = record.asked, record.sender, record.target_pid
        time = record.time + self._clock.offset
        event_id = f"{time:x}-{sender.tid:x}"
        name = wire.CALLS[record.call]
        # What tkill names is a thread; its process is known as long as it lives.
        pid = procfs.threads_process(target_pid) if name == "tkill" else target_pid
        target = self._described.living(pid) if pid else None
        if record.error == 0:
            end = self._described.end(sender)
            return Probe(time, event_id, self._source, name, end, target, asked, host=HOST)
        return Failed(
            time,
            event_id,
            self._source,
            name,
            errno.errorcode.get(-record.error, str(-record.error)),
            record.signal,
            self._described.end(sender),
            target,
            asked,
            host=HOST,
        )

    def command(self, taken: bytes, at: int) -> Exec:
        """A control command that was run: its process record came just before."""
        record = wire.COMMAND_RECORD.read(taken, at)
        self._described.read_to = record.time
        time = record.time + self._clock.offset
        end = wire.End(record.start, record.pid, record.pid, wire.UNSET, b"")
        process = self._described.end(end) or Process(record.pid)
        return Exec(time, f"{time:x}-exec-{record.pid}", self._source, process, HOST)

    def _build(
        self, record: wire.SignalRecord, oom_pid: int | None, more: wire.MoreRecord | None
    ) -> Signal:
        flags = record.flags
        facts = facts_of(record, oom=oom_pid is not None)
        origin = origin_of(facts)
        outcome, why = outcome_of(record.result, record.signal, target_of(flags))
        tracer = self._described.process(more.tracer, more.tracer_start) if more else None
        sender = current = self._described.end(record.sender)
        is_sender = origin in SENT or origin in SENT_BY_DYING
        if origin == "ptrace" and facts.own:
            sender = tracer
        call = facts.call if record.call < wire.FIRST_SILENT_CALL and not facts.exiting else None
        by_call = is_sender and call is not None
        target = self._described.end(record.target)
        if self._keep:
            self._tell(record.sender, current)
            self._tell(record.target, target)
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
            target=target,
            current=current if origin in _RAN and not facts.kernel_thread and current else None,
            call=call if by_call or origin in HANDED_ON else None,
            asked=record.asked if by_call and flags & wire.ASKED_KNOWN else None,
            address=record.address if origin == "fault" and _has_address(record) else None,
            claim=claim_of(record) if by_call else None,
            oom=self._oom(oom_pid, target),
            target_state=halted(flags, record.signal, outcome),
            seccomp=_seccomp_of(record, more) if origin == "seccomp" else None,
            tracer=tracer,
            cgroup=_cgroup_of(target, more) if origin == "cgroup.kill" else None,
            sender_lives=origin == "parent death" and bool(flags & wire.SENDER_LIVES_ON),
            host=HOST,
        )

    def _tell(self, end: wire.End, process: Process | None) -> None:
        if self._keep and process is not None:
            self._keep(self._described.told(end), end, process)

    def _oom(self, victim: int | None, target: Process | None) -> Oom | None:
        if victim is None:
            return None
        oom = self._oom_of(victim)
        if target is None or target.pid == victim:
            return oom
        return replace(oom, shares=self._described.living(victim))


# A fault or a refused call whose siginfo its own handler has sent on.
HANDED_ON = ("fault", "seccomp")
_RAN = RAN | {None}


def _has_address(record: wire.SignalRecord) -> bool:
    """Where the kernel says no more than SI_KERNEL (int3, a wild pointer) it writes no address."""
    return bool(record.flags & wire.INFO_KNOWN) and record.code != SI_KERNEL


def _seccomp_of(record: wire.SignalRecord, more: wire.MoreRecord | None) -> Seccomp | None:
    """What the siginfo says; that it traps is plain where a handler was left for it: force_sig_seccomp()."""
    if more is None or not more.arch:
        return None
    action = "kill" if more.action == wire.ACTION_KILL else None
    if record.flags & wire.TARGET_HANDLES:
        action = "trap"
    return Seccomp(action, call_name(more.arch, more.refused), record.address or None)


def _cgroup_of(target: Process | None, more: wire.MoreRecord | None) -> bytes | None:
    """The path of the cgroup whose file was written to: the target is in it, or below."""
    if target is None or target.cgroup is None or more is None or not more.level:
        return None
    names = target.cgroup.split(b"/")
    is_whole = names[0] == b"" and len(names) > more.level
    return b"/".join(names[: more.level + 1]) if is_whole else None
