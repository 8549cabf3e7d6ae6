"""Which processes an event of each kind speaks of; one table."""

from __future__ import annotations

from tracer.model.event import Exec, Exit, Failed, Probe, Process, Series, Signal, Statement
from tracer.model.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

ENDS: dict[type, tuple[str, ...]] = {
    Signal: ("sender", "target", "current", "tracer"),
    Exit: ("process", "tracer"),
    Exec: ("process",),
    Failed: ("sender", "target"),
    Probe: ("sender", "target"),
    Statement: ("by", "about"),
}


def with_ends(event: T, change: Callable[[Process], Process]) -> T:
    """The event with each of its processes changed; the same one where that changes nothing."""
    if isinstance(event, Series):
        return Series(with_ends(event.first, change), event.later)  # type: ignore[return-value]
    changes: dict[str, Process] = {}
    for name in ENDS.get(type(event), ()):
        process = getattr(event, name)
        if process is not None:
            changed = change(process)
            if changed is not process:
                changes[name] = changed
    return replace(event, **changes) if changes else event
