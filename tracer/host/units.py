"""What systemd tells of its units without being asked: /run/systemd/units, since v232."""

from __future__ import annotations

import os
from time import time_ns

from tracer.host.procfs import TICK
from tracer.model.memo import Bounded
from tracer.model.names import UNITS_IN_CGROUPS

_FOLDER = b"/run/systemd/units"


_LINK = b"invocation:"
_UNITS_MAX = 4096
_RUNS_MAX = 4  # of a unit


class Runs:
    """The runs of the system's units that were seen, also of those that are over: systemd takes the link away when its
    unit ends (unit_notify(), src/core/unit.c), and who is told of a death a second later finds none."""

    def __init__(self, folder: bytes = _FOLDER) -> None:
        self._folder = folder
        self._looked = -1
        # The newest last: since when, and its id.
        self._runs: Bounded[bytes, list[tuple[int, bytes]]] = Bounded(_UNITS_MAX)

    def look(self) -> None:
        """At what is there now, if anything has come or gone."""
        try:
            changed = os.stat(self._folder).st_mtime_ns
            if changed == self._looked:
                return
            # Of one jiffy, the next change may have the same time.
            self._looked = changed if time_ns() - changed > TICK else -1
            for name in os.listdir(self._folder):
                if name.startswith(_LINK):
                    self._learn(name)
        except OSError:
            return

    def of(self, cgroup: bytes | None, unit: bytes | None, born: int | None) -> bytes | None:
        """The run that a process born then (wall time, cut to a clock tick) belongs to; None where that cannot be told.

        A unit of a user's manager lies below that manager's own, and may bear any name. systemd makes the link when the
        unit starts, before its first process (unit_export_invocation_id(), src/core/unit.c): a process older than the
        link is of an earlier run.
        """
        named = [part for part in (cgroup or b"").split(b"/") if part.endswith(UNITS_IN_CGROUPS)]
        if unit is None or born is None or named[:1] != [unit]:
            return None
        self.look()
        runs = self._runs.get(unit, ())
        return next((run for since, run in reversed(runs) if since < born + TICK), None)

    def _learn(self, name: bytes) -> None:
        path = self._folder + b"/" + name
        try:
            since = os.lstat(path).st_mtime_ns
            runs = self._runs.get(name[len(_LINK) :], [])
            if not runs or runs[-1][0] != since:
                self._runs[name[len(_LINK) :]] = [*runs, (since, os.readlink(path))][-_RUNS_MAX:]
        except OSError:
            return
