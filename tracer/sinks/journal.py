"""Deaths by a signal of units and sessions, told to the journal: ``systemctl status UNIT`` shows who did it.

What is sent are fields of systemd.journal-fields(7); another process writes them (``tracer.host.journal_writer``).
"""

from __future__ import annotations

import time

from tracer.model.event import Exit
from tracer.model.frozen import replace
from tracer.model.names import UNITS_IN_CGROUPS
from tracer.model.signals import NUMBERS, name_of
from tracer.model.text import printable, shown
from tracer.sinks.hide import hidden
from tracer.sinks.near import Near
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Event, Exec, Process, Signal

    Entry = dict[str, str]

# Of a death, and of deaths that were too many: packaging/sigtrace.catalog explains them.
DEATH = "389080ead9e442bcbfaec0973caf1acb"
TOO_MANY = "bb7c1718031d42da841a6d68629a0b8e"
IDS = (DEATH, TOO_MANY)
MOST, MINUTE = 30, 60.0
_ERROR, _WARNING, _NOTICE = "3", "4", "5"  # syslog(3)
_PRIORITIES = {
    **dict.fromkeys(("SEGV", "BUS", "FPE", "ILL", "TRAP", "ABRT", "SYS"), _ERROR),
    **dict.fromkeys(("KILL", "XCPU", "XFSZ"), _WARNING),
}
_PRIORITY_OF = {NUMBERS[name]: priority for name, priority in _PRIORITIES.items()}


class Journal(Sink):
    """``send`` takes the fields of an entry. ``tell`` makes the sentence of an end from the events near it."""

    def __init__(
        self,
        send: Callable[[Entry], None],
        sentence: Callable[[Exit, Sequence[Event]], str | None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._sentence = sentence
        self._steady = steady
        self._near = Near()
        self._began = steady()
        self._told = self._untold = 0

    def write(self, event: Event) -> None:
        self._near.remember(event)
        if isinstance(event, Exit) and event.number is not None:
            self._death(event)

    def due(self) -> float | None:
        """Seconds until the summary of what was too much."""
        return max(0.0, self._began + MINUTE - self._steady()) if self._untold else None

    def flush(self) -> None:
        if self._steady() - self._began < MINUTE:
            return
        if self._untold:
            message = f"{self._untold} more deaths by signals in the last minute are not told here: sigtrace replay --recorded"
            self._send(
                {
                    "MESSAGE": message,
                    "MESSAGE_ID": TOO_MANY,
                    "PRIORITY": _NOTICE,
                    "SIGTRACE_COUNT": str(self._untold),
                }
            )
        self._began, self._told, self._untold = self._steady(), 0, 0

    def close(self) -> None:
        self._began -= MINUTE
        self.flush()

    def _death(self, end: Exit) -> None:
        units = units_of(end.process)
        if not units:
            return
        self.flush()
        if self._told >= MOST:
            self._untold += 1
            return
        cause = self._near.cause_of(end)
        events = [named(one) for one in self._near.story_of(end)]
        message = self._sentence(events[-1], events)  # type: ignore[arg-type]
        if message is not None:
            self._told += 1
            self._send({"MESSAGE": message, **units, **_fields(end, cause)})


def named(event: Signal | Exec | Exit) -> Event:
    """The event without the words of command lines."""
    ends = {name: getattr(event, name, None) for name in ("sender", "target", "current", "process")}
    return replace(event, **{name: hidden(end) for name, end in ends.items() if end is not None})


def units_of(process: Process) -> Entry:
    """The fields that put an entry beside those of its unit; {} for what belongs to none.

    A user's unit lies in the cgroup of that user's manager, which is a unit of the system's.
    """
    parts = (process.cgroup or b"").split(b"/")
    units = [part for part in parts if part.endswith(UNITS_IN_CGROUPS)] or [process.unit or b""]
    if not units[0].endswith(UNITS_IN_CGROUPS):
        return {}
    fields = {"OBJECT_SYSTEMD_UNIT": shown(units[0])}
    if units[0].startswith(b"user@") and len(units) > 1:
        fields["OBJECT_SYSTEMD_USER_UNIT"] = shown(units[-1])
    elif process.invocation is not None:
        fields["OBJECT_SYSTEMD_INVOCATION_ID"] = shown(process.invocation)
    return fields


def _fields(end: Exit, cause: Signal | None) -> Entry:
    process, number = end.process, end.number or 0
    sender = None if cause is None else cause.sender
    return {
        "MESSAGE_ID": DEATH,
        "PRIORITY": _PRIORITY_OF.get(number, _NOTICE),
        "SIGTRACE_SIGNAL": name_of(number),
        **_of("SIGTRACE_", process),
        **({} if sender is None else _of("SIGTRACE_SENDER_", sender)),
        **_known("SIGTRACE_ID", end.id),
        **_known("SIGTRACE_SIGNAL_ID", None if cause is None else cause.id),
        **_known("SIGTRACE_ORIGIN", None if cause is None else cause.origin),
    }


def _of(begin: str, process: Process) -> Entry:
    return {
        **_known(begin + "PID", process.pid),
        **_known(begin + "COMM", process.comm and shown(process.comm)),
        **_known(begin + "EXE", process.exe and shown(process.exe)),
        **_known(begin + "UID", process.uid),
        **_known(begin + "USER", process.user),
        **_known(begin + "LOGINUID", process.loginuid),
        **_known(begin + "UNIT", process.unit and shown(process.unit)),
    }


def _known(name: str, value: object) -> Entry:
    return {} if value is None else {name: printable(str(value))}
