"""Who was asked for and still lives: what keeps it from ending, and what it was sent last."""

from __future__ import annotations

from tracer.host import containers, procfs
from tracer.host.alive import reasons
from tracer.host.clock import BootClock
from tracer.host.name import HOST
from tracer.host.running import running
from tracer.model.event import Signal, moment
from tracer.model.frozen import replace
from tracer.model.times import SECOND
from tracer.model.verdict import Living, Sent
from tracer.why import query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracer.model.event import Event, Process
    from tracer.why.deaths import Death


# As far as a wall clock that is slewed may have gone from what it was when the recording was made (adjtime(3)); no pid
# is used again so soon.
SLEW = SECOND


def living(what: bytes, events: Iterable[Event] = ()) -> list[Living]:
    """All that fit, who was sent something last first. ``events`` are what this host's witnesses told."""
    alive = [one for one in running(named=containers.here()) if query.fits(one, what)]
    signals = [one for one in events if isinstance(one, Signal)] if alive else []
    found = [_told(one, signals) for one in alive]
    return sorted(found, key=lambda one: one.last.time or 0 if one.last else 0, reverse=True)


def pids_of(what: bytes | None) -> list[int]:
    """The pids of all that fit."""
    here = () if what is None else running(named=containers.here())
    return [one.pid for one in here if one.pid and query.fits(one, what or b"")]


def lives_on(death: Death) -> bool:
    """Whether nothing tells of a death but a signal, and who was sent it lives here: a task that hangs in the kernel sees
    even SIGKILL when it leaves that (TASK_UNINTERRUPTIBLE, kernel/signal.c)."""
    told = [one for one in death.tellings if isinstance(one, Signal)]
    pid = death.process.pid
    if pid is None or len(told) < len(death.tellings):
        return False
    birth = procfs.birth_of(pid)
    if birth is None or birth.gone:
        return False
    born = birth.start + BootClock().offset
    return all(_is_to(one, pid, born) for one in told)


def _told(process: Process, signals: Sequence[Signal]) -> Living:
    pid = process.pid or 0
    birth = procfs.birth_of(pid)
    born = None if birth is None else birth.start + BootClock().offset
    last = None if born is None else _last(pid, born, signals)
    ended = True if birth is not None and birth.gone and birth.threads == 1 else None
    told = tuple(reasons(pid) or ())
    return Living(replace(process, start=born), HOST, told, last, ended)


def _last(pid: int, born: int, signals: Sequence[Signal]) -> Sent | None:
    """The newest of the signals to it."""
    last: Signal | None = None
    for one in signals:
        if _is_to(one, pid, born) and (last is None or moment(one) >= moment(last)):
            last = one
    if last is None:
        return None
    return Sent(last.id, last.time, last.number, last.sender, last.origin, last.outcome)


def _is_to(signal: Signal, pid: int, born: int) -> bool:
    """Whether a process of this host was sent it; what came before it was born was to another one of its number."""
    target, time = signal.target, signal.time
    if target is None or target.pid != pid or time is None or signal.host not in (None, HOST):
        return False
    return time >= born if target.start is None else abs(target.start - born) < SLEW
