"""Containers in what a host kept of its past, by name, as far as its runtimes still know them."""

from __future__ import annotations

from tracer.host import containers
from tracer.host.cgroups import place_of
from tracer.model.ends import with_ends
from tracer.model.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Event, Process


class Naming:
    """Adds to each process of an event the container and the pod that its cgroup tells, and that container's name below
    ``root``; None: no name. They are read when the first is wanted."""

    def __init__(self, root: str | None) -> None:
        self._root = root
        self._names: containers.Names | None = {} if root is None else None

    def __call__(self, event: Event) -> Event:
        return with_ends(event, self._named)

    def _named(self, process: Process) -> Process:
        if process.container_name is not None:
            return process
        _, container, pod = place_of(process.cgroup or b"")
        container, pod = process.container or container, process.pod or pod
        if container is None:
            return process if pod is None else replace(process, pod=pod)
        if self._names is None:
            self._names = containers.names(self._root or "/")
        name = self._names.get(container)
        if name is None and (process.container, process.pod) == (container, pod):
            return process
        return replace(process, container=container, container_name=name, pod=pod)
