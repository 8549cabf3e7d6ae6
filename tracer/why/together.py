"""Who died with whom: of the same call, or of the same unit in the same seconds."""

from __future__ import annotations

from tracer.model.times import SECOND
from tracer.why.deaths import calls_of
from tracer.why.finding import KILL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracer.model.event import Process
    from tracer.why.deaths import Death

# Causes of which a manager, or the kernel, ends the others of a unit, too.
_OF_A_UNIT = frozenset(("stop timeout", "oom", "stop"))
_TOGETHER = 2 * SECOND


def died_with(death: Death, deaths: Sequence[Death], cause: str) -> tuple[Process, ...]:
    """Others that died of the same call, else those of its unit that were killed with it."""
    found = tuple(_of_one_call(death, deaths))
    return found or tuple(_of_its_unit(death, deaths) if cause in _OF_A_UNIT else ())


def _of_its_unit(death: Death, deaths: Sequence[Death]) -> Iterator[Process]:
    if death.process.unit is None:
        return
    for one in deaths:
        if (
            one is not death
            and one.process.unit == death.process.unit
            and one.host == death.host
            and one.process.pid not in (None, death.process.pid)
            and one.number == KILL
            and abs(one.time - death.time) <= _TOGETHER
        ):
            yield one.process


def _of_one_call(death: Death, deaths: Sequence[Death]) -> Iterator[Process]:
    """The events of a wide kill share their id."""
    calls = calls_of(death)
    for one in deaths if calls else ():
        if one is not death and one.process.pid is not None and not calls.isdisjoint(calls_of(one)):
            yield one.process
