"""The live source: the CO-RE object of bpf/, through libbpf, and its ring buffer."""

from __future__ import annotations

from tracer.libbpf.ring import open_ring
from tracer.sources.bpf_load import begin_to_load
from tracer.sources.stream import MappedLosses, RecordStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.libbpf.object import Object
    from tracer.processes import Processes
    from tracer.sources.wanted import Wanted

NAME = "core"


class BpfSource(RecordStream):
    """Attached programs and their ring; events come out in the order the kernel wrote them.

    ``loading`` gives the object where its load has begun already.
    """

    def __init__(
        self, wanted: Wanted, processes: Processes, loading: Callable[[], Object] | None = None
    ) -> None:
        self._object = (loading or begin_to_load(None, wanted))()
        ring = open_ring(self._object.fd("ring"), wanted.buffer)
        super().__init__(NAME, ring, MappedLosses(self._object.fd("losses")), processes)

    def close(self) -> None:
        super().close()
        self._object.close()
