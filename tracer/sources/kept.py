"""What a host keeps of signals and deaths, read for ``why``: its recording, journal, audit log, kernel log, syslog.

Of a person's FILES those alone; below a root nothing of this machine.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracer.flow.filter import Filter
from tracer.flow.source import every
from tracer.model.frozen import frozen
from tracer.sources.found import found_by_names
from tracer.sources.recording.files import FOLDER, looks_like_recording
from tracer.sources.recording.source import Recording
from tracer.sources.replayed import Asked, reading_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracer.flow.source import Source
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event

# Where a host keeps what (FHS; systemd-journald.service(8); auditd.conf(5); rsyslog's defaults of Debian and RHEL), the
# strongest witness first.
PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("recording", (FOLDER,)),
    ("journal", ("/var/log/journal", "/run/log/journal")),
    ("audit log", ("/var/log/audit",)),
    ("kernel log", ("/var/log/kern.log",)),
    ("syslog", ("/var/log/syslog", "/var/log/messages")),
)


@frozen
class Shut:
    """A place that is there, and may not be read."""

    path: str
    why: str


class Kept:
    """Everything that is read, from ``since`` to ``until`` (ns)."""

    def __init__(
        self,
        files: Sequence[str] = (),
        root: str | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        year: int | None = None,
    ) -> None:
        """Raises Problem where a named file cannot be read."""
        self.shut: list[Shut] = []
        named = list(files) or self._places(root or "")
        wanted = Filter(since=since, until=until)
        self._sources: list[Source] = []
        recordings = [path for path in named if looks_like_recording(path)]
        if recordings:
            self._sources.append(Recording(recordings, since, until))
        rest = [path for path in named if path not in recordings]
        if rest:
            asked = Asked(quiet=True, filter_=wanted, year=year)
            reading = reading_of(found_by_names(rest), asked)
            self._sources.append(reading.source)
            self.shut += [Shut(path, why) for path, why in reading.closed]

    def _places(self, root: str) -> list[str]:
        """The places that are there: of each kind the first that may be read."""
        found = []
        for _, paths in PLACES:
            for path in (root + path for path in paths):
                # No link of a foreign root may lead out of it.
                if root and os.path.realpath(path) != os.path.realpath(root) + path[len(root) :]:
                    continue
                if not os.path.exists(path) or (os.path.isdir(path) and _is_empty(path)):
                    continue
                if os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)):
                    found.append(path)
                    break
                self.shut.append(Shut(path, "only root, or a group of it, may read it"))
        return found

    def events(self) -> Iterator[Event]:
        """All events, each source by itself."""
        for source in self._sources:
            yield from every(source)

    def coverage(self) -> list[Coverage]:
        return [one for source in self._sources for one in source.coverage()]

    def close(self) -> None:
        for source in self._sources:
            source.close()


def _is_empty(path: str) -> bool:
    try:
        return not os.listdir(path)
    except OSError:
        return False
