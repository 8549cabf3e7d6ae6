"""Units that a host took with it: it booted, and nothing tells of a shutdown before that."""

from __future__ import annotations

from tracer.model.event import Process, Statement
from tracer.model.times import SECOND
from tracer.why.deaths import Death, is_believed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.model.event import Event

# A shutdown takes as long as its units, and a host's firmware (DefaultTimeoutStopSec=, systemd-system.conf(5)).
SHUTDOWN = 1800 * SECOND
_BEGAN = "started"
# systemd's word for a Type=oneshot unit whose process has ended (v246).
_ONCE = b"Finished "
_OVER = frozenset(("stop asked", "stopped", "unit succeeded", "unit failed", "process exited"))
_ORDERLY = frozenset(("shutdown", "shutdown kill", "journal ended"))


def lost_with_the_host(events: Iterable[Event]) -> list[Death]:
    """A death at the boot for each unit that was last said to have started; none where a log tells of a shutdown."""
    running: dict[tuple[str | None, bytes], Statement] = {}
    orderly: dict[str | None, int] = {}
    found: list[Death] = []
    said = [one for one in events if isinstance(one, Statement) and is_believed(one)]
    for one in sorted((one for one in said if one.time is not None), key=lambda one: one.time or 0):
        unit = None if one.about is None else one.about.unit
        if one.what in _ORDERLY:
            orderly[one.host] = one.time or 0
        elif one.what == "boot":
            found += _of_boot(one, running, orderly.get(one.host))
            for key in [key for key in running if key[0] == one.host]:
                del running[key]
        elif unit is not None and unit.endswith(b".service"):
            if one.what == _BEGAN and not (one.text or b"").startswith(_ONCE):
                running[one.host, unit] = one
            elif one.what == _BEGAN or one.what in _OVER:
                running.pop((one.host, unit), None)
    return found


def _of_boot(
    boot: Statement, running: dict[tuple[str | None, bytes], Statement], orderly: int | None
) -> list[Death]:
    time = boot.time or 0
    if orderly is not None and time - orderly <= SHUTDOWN:
        return []
    return [
        Death(time, Process(unit=unit), host=host, tellings=(boot, began))
        for (host, unit), began in running.items()
        if host == boot.host
    ]
