"""What a live source is asked for: the same for every rung of the ladder."""

from __future__ import annotations

import os

from tracer.model.frozen import frozen
from tracer.sources.shape import BUFFER, NONE, USUAL, Shape
from tracer.sources.wire.settings import FILTER, FilterSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.kernel_filter import KernelFilter


# enum verdict_mode
MODE_OFF, MODE_ONLY, MODE_EXCEPT = range(3)


@frozen
class Wanted:
    """``buffer`` is in bytes, a power of two. ``details`` are command lines, parents, places. ``exits``: of which
    processes that were sent nothing. ``commands``: names of programs whose every start is told, 15 bytes of each.
    ``key``: of the marks of this trace's verdicts; 0: Python alone decides of words."""

    filter: KernelFilter
    buffer: int = BUFFER
    details: bool = True
    deaths: bool = True
    refused: bool = False
    probes: bool = False
    names: bool = False
    exits: int = NONE
    commands: tuple[bytes, ...] = ()
    key: int = 0


def new_key() -> int:
    """Odd, and nobody's guess: that a process meets the mark of another is then a matter of 1 in 2**52."""
    return int.from_bytes(os.urandom(8), "little") | 1


def shape_of(wanted: Wanted) -> Shape:
    """The shape that fits what is wanted: the usual one, if that does."""
    most = max(map(len, sets_of(wanted.filter).values()))
    return Shape(
        buffer=wanted.buffer,
        entries=max(USUAL.entries, most),
        details=wanted.details,
        deaths=wanted.deaths,
        refused=wanted.refused,
        probes=wanted.probes,
        exits=wanted.exits,
        commands=bool(wanted.commands),
        judged=bool(wanted.key),
    )


def sets_of(filter_: KernelFilter) -> dict[str, frozenset[int]]:
    """The maps of the filter and what goes into them."""
    targets = filter_.targets
    return {
        "senders": filter_.senders or frozenset(),
        "targets": filter_.not_targets if targets is None else targets - filter_.not_targets,
        "either": filter_.either or frozenset(),
        "uids": filter_.uids or frozenset(),
    }


def modes_of(filter_: KernelFilter) -> dict[str, int]:
    """How each map of the filter is meant: enum verdict_mode."""
    only = {
        name: MODE_OFF if numbers is None else MODE_ONLY
        for name, numbers in (
            ("senders", filter_.senders),
            ("targets", filter_.targets),
            ("either", filter_.either),
            ("uids", filter_.uids),
        )
    }
    if filter_.targets is None and filter_.not_targets:
        only["targets"] = MODE_EXCEPT
    return only


def masks_of(filter_: KernelFilter) -> tuple[int, int]:
    """Signals (bit n-1 is signal n) and results (bit n is result n)."""
    signals = sum(1 << number - 1 for number in filter_.signals)
    return signals, sum(1 << result for result in filter_.results)


def filter_of(wanted: Wanted) -> bytes:
    """struct filter of bpf/sigtrace.h."""
    signals, results = masks_of(wanted.filter)
    judge = wanted.filter.judge if wanted.key else None
    return FILTER.write(
        FilterSetting(
            signals=signals,
            key=wanted.key,
            results=results,
            judges=judge.ends() if judge else 0,
            **modes_of(wanted.filter),
        )
    )
