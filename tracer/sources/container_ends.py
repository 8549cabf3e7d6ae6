"""The last ends of a host's containers, from what docker keeps of them: exit code, and whether it counted an OOM kill."""

from __future__ import annotations

import os

from tracer.host import containers
from tracer.model.event import Place, Process, Statement
from tracer.model.times import moment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.flow.source import Descriptors
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event


class ContainerEnds:
    """Statements in the order of time. That one is missing proves nothing: removed containers have none."""

    name = "docker"
    grace = 0.0

    def __init__(self, root: str) -> None:
        self._root = root or "/"
        self._is_over = False

    def descriptors(self) -> Descriptors:
        return ()

    def due(self) -> float | None:
        return 0.0

    def has_begun(self) -> bool:
        """Beside logs alone, which say whether they are any."""
        return False

    def is_over(self) -> bool:
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """All of them, once."""
        if self._is_over:
            return
        self._is_over = True
        told = [said for end in containers.ends(self._root) if (said := _statement(end))]
        yield from sorted(told, key=lambda said: said.time or 0)

    def coverage(self) -> list[Coverage]:
        return []

    def close(self) -> None:
        """Nothing stays open."""


def _statement(end: containers.End) -> Statement | None:
    time = moment_of(end.finished)
    if time is None:
        return None
    told = str(end.oom_killed).lower()
    return Statement(
        time,
        f"{time:x}-container-{end.container[:12].decode()}",
        ContainerEnds.name,
        "container ended",
        by=Process(comm=b"dockerd"),
        about=Process(container=end.container, container_name=end.name),
        details={"status": end.code, "oom_killed": end.oom_killed},
        text=f'"OOMKilled":{told},"ExitCode":{end.code}'.encode(),
        place=Place(file=os.path.normpath(end.file)),
    )
