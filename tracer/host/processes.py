"""What is known of each process beyond what its signal carried. Live only: replay never looks here."""

from __future__ import annotations

import pwd
import time

from tracer.host import containers, procfs
from tracer.host.cgroups import place_of
from tracer.host.privileges import in_first_namespace
from tracer.host.units import Runs
from tracer.model.frozen import replace
from tracer.model.memo import memo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.model.event import Process

SLICE = 1_000_000  # ns: some forty processes


@memo(1024)
def user_name(uid: int) -> str | None:
    """The name of a uid on this host, None if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


class Processes:
    """Names, places and command lines of processes, by pid and start: a reused pid inherits nothing.

    Without ``details`` only the names of users.
    """

    def __init__(self, *, details: bool = True) -> None:
        self._details = details
        self._runs = Runs()
        self._argv: dict[int, tuple[int, tuple[bytes, ...]]] = {}
        # In a pid namespace of its own /proc numbers others than the kernel's records do.
        self._asks = details and in_first_namespace("pid")
        self._unseen: Iterator[int] | None = procfs.pids() if self._asks else None
        # Root may read them, and is given up before the first event.
        self._containers = containers.here() if self._asks else {}
        if self._asks and procfs.hides_others():
            self.look_at_all()

    def look_around(self) -> bool:
        """Remember the command lines of some processes there already are; False when all are read.

        In steps, so that a signal that happens meanwhile need not wait.
        """
        if self._unseen is None:
            if self._details:
                self._runs.look()
            return False
        end = time.monotonic_ns() + SLICE
        while time.monotonic_ns() < end:
            pid = next(self._unseen, None)
            if pid is None:
                self._unseen = None
                return False
            self.remember(pid)
        return True

    def look_at_all(self) -> None:
        """The same at once: a filter that looks at command lines must know everybody before the first signal."""
        while self.look_around():
            pass

    def remember(self, pid: int) -> None:
        """Keep the command line of a process that there is now."""
        start, argv = procfs.start_of(pid), procfs.argv_of(pid)
        if start is not None and argv:
            self._argv[pid] = (start, argv)

    def start_of(self, pid: int) -> int | None:
        """The start of the process that last had this pid, as far as it was seen."""
        known = self._argv.get(pid)
        return known[0] if known else None

    def forget(self, pid: int) -> None:
        self._argv.pop(pid, None)

    def forget_all(self) -> None:
        """Ends were missed: read again of whom there still is."""
        self._argv.clear()
        self._unseen = procfs.pids() if self._asks else None

    def complete(self, process: Process, start: int) -> Process:
        """Add what the host knows: user, unit, container, and argv where the kernel had none.

        ``start`` is the process's birth in nanoseconds of boot time, 0 when it is not known.
        """
        user = None if process.uid is None else user_name(process.uid)
        if not self._details:
            return replace(process, user=user)
        unit, container, pod = place_of(process.cgroup or b"")
        argv = process.argv or self._argv_of(process.pid, start)
        return replace(
            process,
            user=user,
            unit=unit,
            invocation=self._runs.of(process.cgroup, unit, process.start),
            container=container,
            container_name=None if container is None else self._containers.get(container),
            pod=pod,
            argv=argv,
            argv_cut=process.argv_cut or (not process.argv and procfs.is_cut(argv)),
        )

    def _argv_of(self, pid: int | None, start: int) -> tuple[bytes, ...] | None:
        if pid is None or not start or not self._asks:
            return None
        argv, born = procfs.argv_of(pid), procfs.start_of(pid)
        if argv and born is not None and procfs.same_start(born, start):
            return argv
        known = self._argv.get(pid)
        return known[1] if known and procfs.same_start(known[0], start) else None
