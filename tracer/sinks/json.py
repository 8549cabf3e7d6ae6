"""One JSON object a line, as docs/sigtrace.schema.json has it. What is not known is left out."""

from __future__ import annotations

import json

from tracer.model import signals
from tracer.model.event import Exit, Failed, Loss, Probe, Repeats, Series, Signal
from tracer.model.text import plain
from tracer.model.times import utc, utc_each
from tracer.sinks.remembered import Remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from tracer.model.event import Event, Process

VERSION = 1
AT_ONCE = 64  # lines held before they are written: more of them no longer fit the CPU's cache

_BEGINNING = f'{{"v": {VERSION}, "event": "signal", "id": "'


class JsonSink:
    """Writes events to a text stream. The stream is ASCII: every other character is escaped."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._rests = Remembered(_rest)
        self._lines: list[str] = []

    def start(self) -> None:
        """JSON lines have no header."""

    def write(self, event: Event) -> None:
        if isinstance(event, Signal):
            rest = self._rests.of(event)
            self._lines.append(f'{_BEGINNING}{event.id}", "time": "{utc(event.time)}", {rest}')
        elif isinstance(event, Repeats):
            self._repeats(event)
        elif isinstance(event, Series):
            self._series(event)
        else:
            self._lines.append(json.dumps(to_object(event)) + "\n")
        if len(self._lines) > AT_ONCE:
            self._hand_over()

    def flush(self) -> None:
        self._hand_over()
        self._stream.flush()

    def _hand_over(self) -> None:
        self._stream.write("".join(self._lines))
        self._lines.clear()

    def _repeats(self, event: Repeats) -> None:
        own, rest = event.first.id.partition("-")[2], self._rests.of(event.first)
        for start in range(0, len(event), AT_ONCE):
            times = event.times()[start : start + AT_ONCE]
            heads = [
                f'{_BEGINNING}{time:x}-{own}", "time": "{text}", '
                for time, text in zip(times, utc_each(times))
            ]
            self._lines.append(rest.join([*heads, ""]))
            self._hand_over()

    def _series(self, event: Series) -> None:
        rests = map(self._rests.of_same, event.likes)
        self._lines += [
            f'{_BEGINNING}{id_}", "time": "{time}", {rest}'
            for id_, time, rest in zip(event.ids, utc_each(event.times), rests)
        ]


def _rest(signal: Signal) -> str:
    """All of a signal's line but id and time."""
    fields = to_object(signal)
    for name in ("v", "event", "id", "time"):
        del fields[name]
    return json.dumps(fields)[1:] + "\n"


def to_object(event: Event) -> dict[str, Any]:
    """The event as JSON has it."""
    return known({"v": VERSION, **_FIELDS[type(event)](event)})


def known(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without those that are not known, and without flags that are not set. An exit is of a process, even
    if nothing is known of it."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None
        and (value is not False or name == "core")
        and (value not in ({}, []) or name == "process")
    }


def _signal(event: Signal) -> dict[str, Any]:
    return {
        "event": "signal",
        "id": event.id,
        "time": utc(event.time),
        "source": event.source,
        "signal": signal_object(event.number, event.code),
        "origin": event.origin,
        "outcome": event.outcome,
        "why": event.why,
        "scope": event.scope,
        "call": event.call,
        "asked": event.asked,
        "sender": process_object(event.sender),
        "target": process_object(event.target),
        "target_is_asked": event.target_is_asked,
        "current": process_object(event.current),
        "fault": known({"address": event.address is not None and hex(event.address)}),
        "claim": event.claim and known({"pid": event.claim.pid, "uid": event.claim.uid}),
        "oom": event.oom
        and known(
            {"scope": event.oom.scope, "cgroup": event.oom.cgroup and plain(event.oom.cgroup)}
        ),
        "escalates": event.escalates
        and {
            "id": event.escalates.id,
            "signal": signal_object(event.escalates.number, None),
            "after_ns": event.escalates.after_ns,
        },
    }


def _exit(event: Exit) -> dict[str, Any]:
    return {
        "event": "exit",
        "time": utc(event.time),
        "source": event.source,
        "process": process_object(event.process),
        "signal": None if event.number is None else signal_object(event.number, None),
        "status": event.status,
        "core": event.core,
        "cause": event.cause,
        "handled": event.handled,
        "after_ns": event.after_ns,
    }


def _attempt(event: Failed | Probe) -> dict[str, Any]:
    number = event.number if isinstance(event, Failed) else 0
    return {
        "event": "failed" if isinstance(event, Failed) else "probe",
        "id": event.id,
        "time": utc(event.time),
        "source": event.source,
        "signal": None if number is None else signal_object(number, None),
        "call": event.call,
        "error": event.error if isinstance(event, Failed) else None,
        "asked": event.asked,
        "sender": process_object(event.sender),
        "target": process_object(event.target),
        "target_is_asked": event.target_is_asked,
    }


def _loss(event: Loss) -> dict[str, Any]:
    return {
        "event": "loss",
        "time": None if event.time is None else utc(event.time),
        "source": event.source,
        "count": event.count,
        "where": event.where,
    }


_FIELDS: dict[type, Any] = {
    Signal: _signal,
    Exit: _exit,
    Failed: _attempt,
    Probe: _attempt,
    Loss: _loss,
}


def signal_object(number: int, code: int | None) -> dict[str, Any]:
    """Number, name and si_code of a signal; 0 is the probe that kill(2) speaks of."""
    name = signals.name_of(number) if number else "0"
    return known(
        {
            "number": number,
            "name": name,
            "code": code is not None and signals.code_name(number, code),
        }
    )


def process_object(process: Process | None) -> dict[str, Any] | None:
    """One end of a signal. Names are text; bytes that are no UTF-8 are written as \\xNN."""
    if process is None:
        return None
    return known(
        {
            "pid": process.pid,
            "tid": process.tid,
            "comm": _text(process.comm),
            "thread_comm": _text(process.thread_comm),
            "uid": process.uid,
            "user": process.user,
            "euid": process.euid,
            "ppid": process.ppid,
            "exe": _text(process.exe),
            "argv": process.argv and [plain(word) for word in process.argv],
            "argv_cut": process.argv_cut,
            "loginuid": process.loginuid,
            "session": process.session,
            "tty": _text(process.tty),
            "cgroup": _text(process.cgroup),
            "cgroup_id": process.cgroup_id,
            "unit": _text(process.unit),
            "container": _text(process.container),
            "pod": _text(process.pod),
            "ns_pid": process.ns_pid,
            "start": None if process.start is None else utc(process.start),
            "ancestors": [
                known(
                    {
                        "pid": step.pid,
                        "comm": _text(step.comm),
                        "start": None if step.start is None else utc(step.start),
                    }
                )
                for step in process.ancestors
            ],
        }
    )


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else plain(raw)
