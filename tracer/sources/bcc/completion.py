"""Completes signal records by /proc, a moment later: what the tracepoint's own fields do not tell.

The target's process where its birth was not seen, its user, and what it does with the signal. A target
that is gone stays as the record has it. Blocked is said only of a signal that is seen pending: one that
its handler blocks while it runs is not.
"""

from __future__ import annotations

from signal import SIGKILL, SIGXCPU
from struct import Struct

from tracer.host import procfs
from tracer.host.from_proc import Status, status_of
from tracer.libbpf.ring import records
from tracer.model.frozen import replace
from tracer.sources.wire import records as wire

_END = Struct("=" + wire.END)
_FLAGS = Struct("=I")
_AT_FLAGS, _AT_SENDER, _AT_TARGET = 24, 48, 88
# What a CPU or real-time limit sends: check_process_timers(), kernel/time/posix-cpu-timers.c.
_OF_LIMITS = (SIGKILL, SIGXCPU)


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
            if wire.TYPE.unpack_from(batch, at)[0] == wire.SIGNAL:
                self._signal(batch, at)
            elif wire.TYPE.unpack_from(batch, at)[0] == wire.CALL:
                self._end(batch, at + wire.CALL_RECORD.size - _END.size)
        return bytes(batch)

    def _signal(self, batch: bytearray, at: int) -> None:
        self._end(batch, at + _AT_SENDER)
        end = self._end(batch, at + _AT_TARGET)
        if not end.pid:
            return
        if self._watches:
            self.targets[end.pid] = end.start
        status = self._status_of(end)
        if status is None:
            return
        uid = wire.UNSET if status.state == b"Z" else status.uid
        _END.pack_into(batch, at + _AT_TARGET, end.start, end.pid, end.tid, uid, end.comm)
        (flags,) = _FLAGS.unpack_from(batch, at + _AT_FLAGS)
        number = batch[at + 4]
        is_limited = number in _OF_LIMITS and procfs.has_time_limit(end.tid)
        if is_limited is None:
            return
        _FLAGS.pack_into(batch, at + _AT_FLAGS, flags | _target_flags(status, number, is_limited))

    def _end(self, batch: bytearray, at: int) -> wire.End:
        """One end of a record, with process and start from /proc if the kernel side had neither."""
        end = wire.End(*_END.unpack_from(batch, at))
        if end.start or not end.tid:
            return end
        if end.tid not in self._seen:
            self._seen[end.tid] = _process_of(end.tid)
        found = self._seen[end.tid]
        if found is None or end.pid not in (0, found[0]):
            return end
        end = replace(end, pid=found[0], start=found[1])
        _END.pack_into(batch, at, end.start, end.pid, end.tid, end.uid, end.comm)
        return end

    def _status_of(self, end: wire.End) -> Status | None:
        if end.tid not in self._statuses:
            status, born = status_of(end.tid), procfs.start_of(end.pid)
            is_same = born is not None and procfs.same_start(born, end.start)
            self._statuses[end.tid] = status if is_same else None
        return self._statuses[end.tid]


def _process_of(tid: int) -> tuple[int, int] | None:
    pid = procfs.threads_process(tid)
    start = None if pid is None else procfs.start_of(pid)
    return None if pid is None or start is None else (pid, start)


def _target_flags(status: Status, number: int, is_limited: bool) -> int:
    bit = 1 << number - 1
    if status.state in (b"Z", b"X"):
        # Gone by now, which says nothing of the moment at which it was sent the signal.
        return 0
    flags = wire.TARGET_KNOWN | (wire.TARGET_LIMITED if is_limited else 0)
    flags |= wire.TARGET_IGNORES if status.ignored & bit else 0
    flags |= wire.TARGET_HANDLES if status.caught & bit else 0
    return flags | (wire.TARGET_BLOCKS if status.pending & status.blocked & bit else 0)
