"""The live source: the CO-RE object of bpf/, through libbpf, and its ring buffer."""

from __future__ import annotations

import os

from tracer.host.btf import knows
from tracer.host.clock import boot_now
from tracer.libbpf.ring import open_ring
from tracer.model.times import SECOND
from tracer.sources.core.left_out import Skips
from tracer.sources.core.load import begin_to_load
from tracer.sources.core.opening import preempts
from tracer.sources.shape import ahead_of, programs_of
from tracer.sources.wanted import shape_of
from tracer.sources.watch import Watch
from tracer.sources.wire.stream import MappedLosses, RecordStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.host.processes import Processes
    from tracer.libbpf.object import Object
    from tracer.model.event import Event
    from tracer.sources.wanted import Wanted
    from tracer.sources.wire.judged import Judged

NAME = "core"
LOOK_EVERY = SECOND
NO_CALLS = "refused and probing calls need x86-64, or arm64 with bpf_task_pt_regs() (Linux 5.15): none will show"


class BpfSource(RecordStream):
    """Attached programs and their ring; events come out in the order the kernel wrote them.

    ``loading`` gives the object where its load has begun already.
    """

    def __init__(
        self, wanted: Wanted, processes: Processes, loading: Callable[[], Object] | None = None
    ) -> None:
        self._object = (loading or begin_to_load(None, wanted))()
        ring = open_ring(self._object.fd("ring"), wanted.buffer, ahead_of(wanted.buffer))
        watch = Watch(NAME, wanted)
        super().__init__(
            watch,
            ring,
            MappedLosses(self._object.fd("losses")),
            processes,
            judged=_judged(self._object, wanted),
        )
        programs = programs_of(shape_of(wanted), twice=preempts())
        self._skips = Skips(programs, self._object.program_fd)
        self._look_at_skips = 0
        if (wanted.refused or wanted.probes) and not _shows_calls():
            watch.hidden(NO_CALLS, "refused", "probes")

    def read(self, last: bool = False) -> Iterator[Event]:
        """Every event that is there now, and what the kernel has left out."""
        if last:
            self._look_at_skips = 0
        return super().read(last)

    def note(self) -> None:
        """Now and then: to ask the kernel takes as long as some signals."""
        now = boot_now()
        if now < self._look_at_skips:
            return
        self._look_at_skips = now + LOOK_EVERY
        for kind, count in self._skips.new().items():
            self.owe_loss(count, f"left out by the kernel: {kind}")

    def close(self) -> None:
        super().close()
        self._skips.close()
        self._object.close()


def _judged(loaded: Object, wanted: Wanted) -> Judged | None:
    """Where verdicts are kept, if this trace asks for any."""
    judge = wanted.filter.judge
    if not wanted.key or judge is None:
        return None
    from tracer.sources.wire.judged import Judged

    return Judged(loaded.fd("judged"), loaded.fd("unwanted"), wanted.key, judge)


def _shows_calls() -> bool:
    """bpf/syscall.bpf.h: without bpf_task_pt_regs() registers are found on x86-64 alone."""
    machine = os.uname().machine
    return machine == "x86_64" or (machine == "aarch64" and knows("BPF_FUNC_task_pt_regs"))
