"""By what another witness's telling of the same thing is found: of all that is held few are compared."""

from __future__ import annotations

from tracer.model.event import Exit, Failed, Probe, Process, Signal, Statement
from tracer.model.witness import ACCOUNTING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.model.event import Event


def keys_of(event: Event) -> list[tuple[object, ...]]:
    """What another telling of it would have, too."""
    if isinstance(event, Signal):
        target = event.target or Process()
        pid = target.tid if target.pid is None else target.pid
        if pid is not None:
            keys: list[tuple[object, ...]] = [("signal", event.number, pid)]
            return keys
        return [("unit signal", event.number, target.unit)] if target.unit else []
    if isinstance(event, Exit):
        pid, unit = event.process.pid, event.process.unit
        of_unit = [("unit exit", unit)] if unit else []
        if pid is not None and event.source == ACCOUNTING:
            copied = account_of(event), *_as_recorded(event)
            return [("accounted", pid), copied, *_places(event), *of_unit]
        if pid is not None:
            return [("exit", pid), *of_unit]
        return [*of_unit, *([("unit exit, no pid", unit)] if unit else [])]
    if isinstance(event, Statement):
        return [("said", event.what, event.text)]
    if isinstance(event, (Failed, Probe)) and event.sender is not None:
        return [("attempt", type(event).__name__, event.sender.pid)]
    return []


def asked_for(event: Exit, accounts: Iterable[str | None]) -> list[tuple[object, ...]]:
    """Under which keys another telling of this end may be: two pids are two ends, whatever their unit. Of accounting each
    record is an end of its own, but for that of a copy of its file: of a million of one pid none is compared with each."""
    pid, unit = event.process.pid, event.process.unit
    if pid is None:
        return [("unit exit", unit)] if unit else []
    of_unit = [("unit exit, no pid", unit)] if unit else []
    if event.source != ACCOUNTING:
        return [("exit", pid), ("accounted", pid), *of_unit]
    own = account_of(event)
    copies = [(file, *_as_recorded(event)) for file in accounts if file != own]
    return [("exit", pid), *copies, *_places(event), *of_unit]


def account_of(event: Exit) -> str | None:
    return None if event.place is None else event.place.file


def _places(event: Exit) -> list[tuple[object, ...]]:
    return [("at", place) for place in event.places or (event.place,) if place is not None]


def _as_recorded(event: Exit) -> tuple[object, ...]:
    process = event.process
    return event.id, process.pid, process.comm, process.ppid, process.uid, process.start
