"""The processes that the kernel side has described, and the ends of signals completed by them."""

from __future__ import annotations

from tracer.host import procfs
from tracer.host.clock import boot_now
from tracer.host.processes import user_name
from tracer.model.event import Ancestor, Process
from tracer.model.frozen import replace
from tracer.model.memo import Bounded
from tracer.sources.wire import records as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracer.host.clock import BootClock

REMEMBERED = 1024  # a process with its parents takes some 6 KB
_LINEAGES = 256
# What many processes have in common is kept once: command lines, paths, cgroups, terminals.
_SHARED = 1024


class Described:
    """By pid, with the start in boot time; ``complete`` adds what else is known of a process, once for each."""

    def __init__(self, clock: BootClock, complete: Callable[[Process, int], Process]) -> None:
        self._clock = clock
        self._complete = complete
        self._known: dict[int, tuple[int, Process]] = {}
        self._told: dict[int, int] = {}
        # So many are learned before it is looked who is gone.
        self._room, self._learned = REMEMBERED, 0
        # The time of what is being read, in boot time.
        self.read_to = 0
        # Who was found gone, and when that was; their pids.
        self._gone: list[tuple[int, list[tuple[int, tuple[int, Process]]]]] = []
        self._doomed: set[int] = set()
        self._lineages: Bounded[tuple[int, ...], tuple[Any, ...]] = Bounded(_LINEAGES)
        self._shared: Bounded[Any, Any] = Bounded(_SHARED)

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, taken: bytes, at: int) -> None:
        """Remember a process record: it comes before the first signal that concerns the process.

        Two CPUs may describe a process at once: of the same state the one that had its memory counts, of two the later.
        """
        record = wire.read_process(taken, at)
        head = record.head
        if head.told and head.told < self._told_of(head.pid, head.start):
            return
        self._forget_the_dead()
        self._known.pop(head.pid, None)
        self._known[head.pid] = (head.start, self._process(record))
        self._told[head.pid] = head.told

    def _forget_the_dead(self) -> None:
        """The living stay, for the kernel side describes nobody twice; so do the dead until all has been read that was
        written before they were found gone."""
        while self._gone and self.read_to > self._gone[0][0]:
            for pid, known in self._gone.pop(0)[1]:
                self._doomed.discard(pid)
                if self._known.get(pid) is known:
                    del self._known[pid]
                    self._told.pop(pid, None)
        self._learned += 1
        if self._learned < self._room:
            return
        newest = len(self._known) - REMEMBERED // 2
        older = [
            one
            for at, one in enumerate(self._known.items())
            if at < newest and one[0] not in self._doomed
        ]
        gone = [one for one in older if not procfs.is_there(one[0])]
        self._gone.append((boot_now(), gone))
        self._doomed.update([pid for pid, _ in gone])
        self._learned, self._room = 0, max(REMEMBERED // 2, len(older) - len(gone))

    def born(self, start: int) -> int:
        """When a process was born, as /proc tells it, too: to a clock tick, wall time. ``start`` is boot time."""
        return procfs.in_ticks(start) + self._clock.offset

    def end(self, end: wire.End) -> Process | None:
        """A process as a record saw it, with all that is known of it."""
        if not end.pid:
            return None
        comm = wire.text(end.comm)
        start, known = self._known.get(end.pid, (0, None))
        if known is None or start != end.start:
            known = self._undescribed(end, comm)
        changes: dict[str, Any] = {}
        if end.tid != end.pid:
            changes["tid"] = end.tid
            if comm and comm != known.comm:
                changes["thread_comm"] = comm
        elif comm and comm != known.comm:
            changes["comm"] = comm
        if end.uid != wire.UNSET and end.uid != known.uid:
            changes["uid"] = end.uid
            changes["user"] = user_name(end.uid)
        # An end and the signal before it name one object mostly: what is written of it is made once.
        return replace(known, **changes) if changes else known

    def _undescribed(self, end: wire.End, comm: bytes) -> Process:
        uid = None if end.uid == wire.UNSET else end.uid
        born = self.born(end.start) if end.start else None
        name = (comm or None) if end.tid == end.pid else None
        bare = Process(end.pid, end.pid, name, uid=uid, start=born)
        return self._complete(bare, end.start)

    def told(self, end: wire.End) -> int:
        """The number of the description that ``end`` completes this one by; 0 if there is none."""
        return self._told_of(end.pid, end.start)

    def _told_of(self, pid: int, start: int) -> int:
        known, _ = self._known.get(pid, (0, None))
        return self._told.get(pid, 0) if known and known == start else 0

    def looked_up(self, end: wire.End) -> Process | None:
        """The same of one whom the kernel side has not described, and who lives on: as /proc has it."""
        known = self.end(end)
        if known is None or known.ancestors or not procfs.is_same(end.pid, end.start):
            return known
        from tracer.host.from_proc import described  # rare: not worth its time at every start

        found = described(known, self._clock.offset)
        return self._complete(found, end.start)

    def process(self, pid: int, start: int) -> Process | None:
        """A process of which a record has no more than this; None for 0."""
        if not pid:
            return None
        known_start, known = self._known.get(pid, (0, None))
        if known is not None and known_start == start:
            return replace(known, tid=None)
        comm = procfs.comm_of(pid) if procfs.is_same(pid, start) else None
        return self._complete(Process(pid, comm=comm, start=self.born(start)), start)

    def living(self, pid: int) -> Process:
        """The target of a call that did not reach it: as it is described, or as it lives now."""
        known = self._known.get(pid)
        start = procfs.start_of(pid)
        if known is not None and (start is None or procfs.same_start(start, known[0])):
            return replace(known[1], tid=None)
        if start is None:
            return Process(pid)
        process = Process(pid, comm=procfs.comm_of(pid), start=self.born(start))
        return self._complete(process, start)

    def _process(self, record: wire.Described) -> Process:
        """With its first thread as the one that is told of."""
        head = record.head
        known: dict[str, Any] = {}
        if not head.flags & wire.LINEAGE_ONLY:
            argv = self._one(procfs.split_argv(record.argv))
            if head.flags & wire.ARGV_KEPT:
                argv = procfs.argv_now(head.pid, head.start, record.exe) or argv
            known = {
                "uid": head.uid,
                "euid": head.euid,
                "exe": self._one(record.exe or None),
                "argv": argv,
                "argv_cut": bool(head.flags & wire.ARGV_CUT),
                "loginuid": None if head.loginuid == wire.UNSET else head.loginuid,
                "session": None if head.session == wire.UNSET else head.session,
                "tty": self._one(_tty_path(wire.text(head.tty))),
                "cgroup": self._one(record.cgroup or b"/"),
                "cgroup_id": head.cgroup_id or None,
                "ns_pid": head.ns_pid or None,
            }
        process = Process(
            pid=head.pid,
            tid=head.pid,
            comm=self._one(wire.text(head.comm)),
            ppid=head.ppid or None,
            start=self.born(head.start),
            ancestors=self._lineage(head),
            **known,
        )
        return self._complete(process, head.start)

    def _one(self, value: Any) -> Any:
        """The same value, as one object for all who have it."""
        known = self._shared.get(value)
        if known is None and value is not None:
            known = self._shared[value] = value
        return known

    def _lineage(self, head: wire.ProcessHead) -> tuple[Ancestor, ...]:
        """One object for all who have the same parents: what is written of them is made once."""
        records = head.ancestor
        processes = [self._parent(one) for one in records[: head.ancestors]]
        key = (self._clock.offset, head.ancestors, id(records), *map(id, processes))
        known = self._lineages.get(key)
        if known is None:
            made = tuple([self._ancestor(*pair) for pair in zip(records, processes)])
            # With all that has an id() in the key, so that none is given to another object.
            known = self._lineages[key] = made, records, processes
        return known[0]  # type: ignore[no-any-return]

    def _parent(self, record: wire.AncestorRecord) -> Process | None:
        """It has been described before who comes from it."""
        start, known = self._known.get(record.pid, (0, None))
        return known if start == record.start else None

    def _ancestor(self, record: wire.AncestorRecord, process: Process | None) -> Ancestor:
        comm, start = wire.text(record.comm), self.born(record.start)
        if process is None:
            return Ancestor(record.pid, comm, start)
        argv = process.argv and procfs.first_words(process.argv, procfs.ANCESTOR_ARGV)
        return Ancestor(record.pid, comm, start, argv, process.exe, process.uid)


def _tty_path(name: bytes) -> bytes | None:
    """The terminal as it stands below /dev: the kernel calls pts/3 pts3 (drivers/tty/tty_io.c)."""
    if name.startswith(b"pts") and name[3:].isdigit():
        return b"pts/" + name[3:]
    return name or None
