"""What counters without times add to what cannot be ruled out."""

from __future__ import annotations

from tracer.host.counters import of_cgroup
from tracer.host.name import HOST
from tracer.model.frozen import replace
from tracer.model.names import UNITS_WITH_PROCESSES
from tracer.model.text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.model.verdict import Verdict


def with_counts(verdict: Verdict, count_of: Callable[[bytes], int | None] = of_cgroup) -> Verdict:
    """The verdict with what the dead process's cgroup counts of OOM kills, where it is still there and counts any. None
    proves nothing: the cgroup may be younger than the death."""
    open_ones = verdict.cannot_rule_out
    process = verdict.process
    if not any(one.cause == "oom" for one in open_ones) or process is None:
        return verdict
    if verdict.host is not None and verdict.host.partition(".")[0] != HOST.partition(".")[0]:
        return verdict
    cgroup = _own(process.cgroup, process.unit)
    count = None if cgroup is None else count_of(cgroup)
    if cgroup is None or not count:
        return verdict
    kills = "1 OOM kill" if count == 1 else f"{count:,} OOM kills"
    told = f"the cgroup {shown(cgroup)} counts {kills}, without times"
    return replace(
        verdict,
        cannot_rule_out=tuple(
            replace(one, because=f"{one.because}; {told}") if one.cause == "oom" else one
            for one in open_ones
        ),
    )


def _own(cgroup: bytes | None, unit: bytes | None) -> bytes | None:
    """The cgroup that is the process's unit's or container's own: a slice counts its neighbours, too."""
    if cgroup is None:
        is_plain = unit is not None and unit.endswith(UNITS_WITH_PROCESSES) and b"/" not in unit
        return b"/system.slice/" + unit if unit is not None and is_plain else None
    return None if cgroup.rstrip(b"/").endswith(b".slice") else cgroup
