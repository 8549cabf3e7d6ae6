"""The live source: the CO-RE object of bpf/, through libbpf, and its ring buffer."""

from __future__ import annotations

import os

from tracer.libbpf.ring import open_ring
from tracer.sources.bpf_load import begin_to_load
from tracer.sources.bpf_object import kernel
from tracer.sources.stream import MappedLosses, RecordStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.libbpf.object import Object
    from tracer.processes import Processes
    from tracer.sources.wanted import Wanted

NAME = "core"
NO_CALLS = "refused and probing calls need Linux 5.15, on x86-64 or arm64: none will show"


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
        if (wanted.refused or wanted.probes) and not _shows_calls():
            self.notes = (NO_CALLS,)

    def close(self) -> None:
        super().close()
        self._object.close()


def _shows_calls() -> bool:
    """bpf/sender.h: bpf_task_pt_regs() came with v5.15, and what registers mean is known for two machines."""
    return kernel() >= (5, 15) and os.uname().machine in ("x86_64", "aarch64")
