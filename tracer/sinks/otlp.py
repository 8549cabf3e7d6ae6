"""Events as OTLP log records, JSON: https://opentelemetry.io/docs/specs/otlp/, opentelemetry/proto/logs/v1/logs.proto.

An event is a record with an ``eventName``; what it tells are its attributes. They follow from the field table by way
of the event's JSON. The process that was hit has the conventions' own names
(https://opentelemetry.io/docs/specs/semconv/registry/attributes/process/), all else is under ``sigtrace.``.
"""

from __future__ import annotations

import json
import time

from tracer.model.event import Exit, Loss
from tracer.model.frozen import frozen, replace
from tracer.model.signals import NUMBERS
from tracer.model.spelling import to_object
from tracer.model.verdict import Verdict
from tracer.sinks.aside import Remote
from tracer.sinks.near import Near

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from tracer.model.event import Event

    Attributes = dict[str, Any]

    class Way(Protocol):
        """Where payloads go; ``deliver`` returns how many of the records were not taken."""

        def start(self) -> None: ...
        def deliver(self, payload: bytes, records: int) -> int: ...
        def hurry(self) -> None: ...
        def close(self) -> None: ...


MOST = 512  # records of one request
LATEST = 1.0  # seconds
INFO, WARN, ERROR = 9, 13, 17  # SeverityNumber of logs.proto
_SEVERITIES = {INFO: "INFO", WARN: "WARN", ERROR: "ERROR"}
_FAULTS = frozenset(NUMBERS[name] for name in ("SEGV", "BUS", "FPE", "ILL", "TRAP", "ABRT", "SYS"))
_KILL = NUMBERS["KILL"]
SCOPE = "sigtrace"

NAMES = {"signal": "process.signal", "exit": "process.exit"}
# The process that was hit, by the kind of event.
_VICTIMS = {
    **dict.fromkeys(("signal", "failed", "probe"), "target"),
    **dict.fromkeys(("exit", "exec", "verdict"), "process"),
    "statement": "about",
}
# What a process has by other names in the conventions.
_PROCESS = {
    "argv": "command_args",
    "exe": "executable.path",
    "cgroup": "linux.cgroup",
    "start": "creation.time",
    "ppid": "parent_pid",
    "user": "user.name",
    "uid": "user.id",
}
_VICTIM = {
    **{key: f"process.{name}" for key, name in _PROCESS.items()},
    # The conventions' user is the effective one, their real_user who started it.
    "uid": "process.real_user.id",
    "euid": "process.user.id",
    "pid": "process.pid",
    "ns_pid": "process.vpid",
    "container": "container.id",
    "container_name": "container.name",
    "pod": "k8s.pod.uid",
    "unit": "sigtrace.unit",
    "invocation": "sigtrace.invocation",
}
# Of an event itself; a key that is in neither is sigtrace.EVENT.KEY.
_OWN = {
    "id": "sigtrace.id",
    "source": "sigtrace.source",
    "signal": "sigtrace.signal",
    "unit": "sigtrace.unit",
    "status": "process.exit.code",
    "core": "sigtrace.core",
    "sender": "sigtrace.sender",
    "fault": "sigtrace.fault",
}
_OF = {
    ("signal", "call"): "sigtrace.signal.via",
    ("verdict", "cause"): "sigtrace.verdict",
    ("verdict", "confidence"): "sigtrace.confidence",
    ("verdict", "who"): "sigtrace",
}
# Said by the record itself or its resource; and what a log line holds besides: other people's words.
_LEFT_OUT = frozenset(("v", "event", "time", "host", "place", "places", "ancestors"))
_QUOTED = frozenset(("evidence", "text", "why", "said", "prove", "ruled_out", "cannot_rule_out"))


@frozen
class Host:
    """The resource that this host is: ``id`` is its machine-id(5)."""

    name: str
    id: str | None
    kernel: str
    version: str

    def resource(self, told: str | None) -> Attributes:
        """The resource of an event; one that another host tells of has that name alone."""
        known: Attributes = {"service.name": "sigtrace", "service.version": self.version}
        known["host.name"] = told or self.name
        if told in (None, self.name):
            known.update({"host.id": self.id, "os.type": "linux", "os.version": self.kernel})
        return {name: value for name, value in known.items() if value is not None}


class Otlp(Remote):
    """``judge`` finds the verdict on a death from the events near it. ``whole``: other people's words, too."""

    def __init__(
        self,
        way: Way,
        host: Host,
        judge: Callable[[Exit, Sequence[Event]], Verdict | None],
        *,
        whole: bool = False,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._way = way
        self._host = host
        self._judge = judge
        self._whole = whole
        self._steady = steady
        self._near = Near()
        self._records: dict[str | None, list[Attributes]] = {}
        self._count = self._under_way = 0
        self._began = 0.0

    def start(self) -> None:
        self._way.start()

    def tell(self, event: Event) -> None:
        self._near.remember(event)
        self._add(event)
        if isinstance(event, Exit) and event.number is not None:
            verdict = self._judge(event, self._near.story_of(event))
            if verdict is not None:
                self._add(replace(verdict, host=verdict.host or event.host))
        if self._count >= MOST:
            self._send()

    def due(self) -> float | None:
        return max(0.0, self._began + LATEST - self._steady()) if self._count else None

    def flush(self) -> None:
        if self._count and self._steady() - self._began >= LATEST:
            self._send()

    def held(self) -> int:
        return self._count + self._under_way

    def hurry(self) -> None:
        self._way.hurry()

    def close(self) -> None:
        self._send()
        self._way.close()

    def _add(self, event: Event | Verdict) -> None:
        if not self._count:
            self._began = self._steady()
        self._records.setdefault(event.host, []).append(record_of(event, whole=self._whole))  # type: ignore[union-attr]
        self._count += 1

    def _send(self) -> None:
        if not self._count:
            return
        payload = payload_of(self._records, self._host)
        self._records, self._under_way, self._count = {}, self._count, 0
        missing = self._way.deliver(payload, self._under_way)
        self._under_way = 0
        if missing:
            self.given_up += missing
            now = time.time_ns()
            self._add(Loss(now, f"{now:x}-lost-otlp", "sigtrace", missing, "delivery by OTLP"))


def payload_of(records: dict[str | None, list[Attributes]], host: Host) -> bytes:
    """An ExportLogsServiceRequest."""
    scope = {"name": SCOPE, "version": host.version}
    made = [
        {
            "resource": {"attributes": attributes_of(host.resource(told))},
            "scopeLogs": [{"scope": scope, "logRecords": own}],
        }
        for told, own in records.items()
    ]
    return json.dumps({"resourceLogs": made}, separators=(",", ":")).encode()


def record_of(event: Event | Verdict, *, whole: bool = False) -> Attributes:
    """A LogRecord. ``whole``: with the words of logs."""
    made = to_object(event)
    name = NAMES.get(made["event"], f"sigtrace.{made['event']}")
    severity = severity_of(event)
    moment = getattr(event, "time", None)
    told = {"event.name": name, **dict(_flat(made, whole=whole))}
    if isinstance(event, Exit) and moment is not None:
        told["process.exit.time"] = made["time"]
    return {
        **({} if moment is None else {"timeUnixNano": str(moment)}),
        "observedTimeUnixNano": str(time.time_ns()),
        "severityNumber": severity,
        "severityText": _SEVERITIES[severity],
        "eventName": name,
        "attributes": attributes_of(told),
    }


def severity_of(event: Event | Verdict) -> int:
    """By what a death was; a signal alone may have been handled."""
    if isinstance(event, Loss):
        return WARN
    number = event.number if isinstance(event, (Exit, Verdict)) else None
    return WARN if number == _KILL else ERROR if number in _FAULTS else INFO


def _flat(made: Attributes, *, whole: bool) -> list[tuple[str, Any]]:
    word = made["event"]
    found: list[tuple[str, Any]] = []
    for key, value in made.items():
        if key in _LEFT_OUT or (key in _QUOTED and not whole and word in ("verdict", "statement")):
            continue
        if key == _VICTIMS.get(word):
            found += _process(value, _VICTIM, "sigtrace.process")
        else:
            name = _OF.get((word, key)) or _OWN.get(key) or f"sigtrace.{word}.{key}"
            found += _branches(name, value)
    return found


def _process(made: Attributes, names: dict[str, str], rest: str) -> list[tuple[str, Any]]:
    found = [
        (names.get(key, f"{rest}.{key}"), value)
        for key, value in made.items()
        if key not in _LEFT_OUT
    ]
    if "ancestors" in made:
        found.append((f"{rest}.ancestors", [_step(step) for step in made["ancestors"]]))
    if made.get("user") and made.get("euid") not in (None, made.get("uid")):
        found = [
            ("process.real_user.name" if name == "process.user.name" else name, value)
            for name, value in found
        ]
    return found


def _branches(name: str, value: Any) -> list[tuple[str, Any]]:
    """A value, or those below it, each under its whole name."""
    if not isinstance(value, dict):
        return [(name, value)]
    if "pid" in value or "comm" in value:
        names = {key: f"{name}.{own}" for key, own in _PROCESS.items()}
        return _process(value, names, name)
    return [pair for key, one in value.items() for pair in _branches(f"{name}.{key}", one)]


def _step(step: Attributes) -> str:
    return f"{step.get('comm', '-')}[{step['pid']}]"


def attributes_of(told: Attributes) -> list[Attributes]:
    """Names and values as KeyValue messages: opentelemetry/proto/common/v1/common.proto."""
    return [{"key": name, "value": _value(value)} for name, value in told.items()]


def _value(value: Any) -> Attributes:
    """An AnyValue. JSON of protocol buffers has 64-bit integers as strings."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if (
        isinstance(value, int) and value < 1 << 63
    ):  # An int64; a cgroup's number has 64 bits without a sign.
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes_of(value)}}
    return {"stringValue": str(value)}
