"""Completes signal records by /proc, a moment later: what the tracepoint's own fields do not tell.

The target's process where its birth was not seen, its user, and what it does with the signal. A target
that is gone stays as the record has it. Blocked is said only of a signal that is seen pending: one that
its handler blocks while it runs is not.
"""

from __future__ import annotations

from signal import (
    SIGCHLD,
    SIGCONT,
    SIGKILL,
    SIGSTOP,
    SIGTSTP,
    SIGTTIN,
    SIGTTOU,
    SIGURG,
    SIGWINCH,
    SIGXCPU,
)

from tracer.host import procfs
from tracer.host.from_proc import Status, status_of
from tracer.libbpf.ring import records
from tracer.sources.wire import records as wire

_SIGNAL, _CALL = wire.SIGNAL_RECORD, wire.CALL_RECORD
# What a CPU or real-time limit sends: check_process_timers(), kernel/time/posix-cpu-timers.c.
_OF_LIMITS = (SIGKILL, SIGXCPU)
# What does not end a process by default: signal(7).
# By whether a freezer holds it.
_SLEEPS = {False: wire.TARGET_SLEEPS, True: wire.TARGET_FROZEN, None: 0}
_STOPS = (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU)
_MILD = (SIGCHLD, SIGCONT, SIGURG, SIGWINCH, *_STOPS)


class Completion:
    """``targets`` are the processes that were sent something, by pid with their start, if their deaths
    are watched."""

    def __init__(self, *, watches: bool) -> None:
        self._watches = watches
        self.targets: dict[int, int] = {}
        self._seen: dict[int, tuple[int, int] | None] = {}
        self._statuses: dict[int, Status | None] = {}

    def complete(self, taken: bytes) -> bytes:
        """A batch of records, completed; /proc is asked once for each thread in it."""
        self._seen.clear()
        self._statuses.clear()
        batch = bytearray(taken)
        for at, _ in records(taken):
            (kind,) = wire.TYPE.unpack_from(batch, at)
            if kind == wire.SIGNAL:
                self._signal(batch, at)
            elif kind == wire.CALL:
                self._end(batch, at + _CALL.at["sender"])
        return bytes(batch)

    def _signal(self, batch: bytearray, at: int) -> None:
        sender = self._end(batch, at + _SIGNAL.at["sender"])
        end = self._end(batch, at + _SIGNAL.at["target"])
        flags = _SIGNAL.get(batch, at, "flags")
        if flags & wire.SENDER_EXITING and _lives_on(sender):
            flags |= wire.SENDER_LIVES_ON
            _SIGNAL.put(batch, at, "flags", flags)
        if not end.pid:
            return
        if self._watches:
            self.targets[end.pid] = end.start
        status = self._status_of(end)
        if status is None:
            return
        _SIGNAL.put(batch, at, "target.uid", wire.UNSET if status.state == b"Z" else status.uid)
        number = _SIGNAL.get(batch, at, "signal")
        is_over = number in _OF_LIMITS and procfs.is_over_limit(end.tid)
        if is_over is None:
            return
        flags |= _target_flags(status, number, is_over)
        if status.state == b"D":
            flags |= _SLEEPS[procfs.is_frozen(end.tid)]
        _SIGNAL.put(batch, at, "flags", flags)

    def _end(self, batch: bytearray, at: int) -> wire.End:
        """One end of a record, with process and start from /proc if the kernel side had neither."""
        end = wire.END.read(batch, at)
        if end.start or not end.tid:
            return end
        if end.tid not in self._seen:
            self._seen[end.tid] = _process_of(end.tid)
        found = self._seen[end.tid]
        if found is None or end.pid not in (0, found[0]):
            return end
        wire.END.put(batch, at, "pid", found[0])
        wire.END.put(batch, at, "start", found[1])
        return wire.END.read(batch, at)

    def _status_of(self, end: wire.End) -> Status | None:
        if end.tid not in self._statuses:
            status = status_of(end.tid)
            if status is not None and status.state == b"Z" and end.tid == end.pid:
                # The first thread may be gone before the others.
                others = (tid for tid in procfs.threads(end.pid) if tid != end.pid)
                status = next(filter(None, map(status_of, others)), status)
            self._statuses[end.tid] = status if procfs.is_same(end.pid, end.start) else None
        return self._statuses[end.tid]


def _process_of(tid: int) -> tuple[int, int] | None:
    pid = procfs.threads_process(tid)
    start = None if pid is None else procfs.start_of(pid)
    return None if pid is None or start is None else (pid, start)


def _lives_on(sender: wire.End) -> bool:
    """Whether the process of a thread that exits is still there."""
    born = procfs.birth_of(sender.pid) if sender.pid and sender.start else None
    if born is None or not procfs.same_start(born.start, sender.start):
        return False
    threads = procfs.threads(sender.pid)
    return any(procfs.state_of(tid) not in (None, b"Z", b"X") for tid in threads)


def _target_flags(status: Status, number: int, is_over: bool) -> int:
    """Not known of what is gone by now, which says nothing of the moment at which it was sent the signal."""
    bit = 1 << number - 1
    if status.state in (b"Z", b"X"):
        return 0
    flags = wire.TARGET_KNOWN | (wire.TARGET_OVER_LIMIT if is_over else 0)
    flags |= wire.TARGET_IGNORES if status.ignored & bit else 0
    flags |= wire.TARGET_HANDLES if status.caught & bit else 0
    flags |= wire.TARGET_TRACED if status.tracer else 0
    # Of a signal that stops it itself, too, it is stopped a moment later.
    is_stopped = status.state in (b"T", b"t") and number not in _STOPS
    flags |= wire.TARGET_STOPPED if is_stopped else 0
    if status.pending & status.blocked & bit:
        return flags | wire.TARGET_BLOCKS
    # Whoever lives on has not taken its default action: a thread waited for it, or a tracer kept it.
    is_deadly = number not in _MILD and not (status.ignored | status.caught) & bit
    is_due = status.pending & (bit | 1 << SIGKILL - 1) or status.state in (b"T", b"t", b"D")
    return flags | (wire.TARGET_UNSURE if is_deadly and not is_due else 0)
