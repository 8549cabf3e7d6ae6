"""One JSON object a line, as docs/sigtrace.schema.json has it. What is not known is left out."""

from __future__ import annotations

import json
from _operator import attrgetter  # operator itself is 0.2 ms of what a trace waits for first

from tracer.model.event import Series, Signal
from tracer.model.fields import OWN, PROCESS, SIGNAL
from tracer.model.memo import Bounded
from tracer.model.spelling import VERSION, fields_to_object, to_object
from tracer.model.times import utc, utc_each
from tracer.sinks.remembered import KEPT_MAX, Remembered
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from tracer.model.event import Event, Place, Process
    from tracer.model.fields import Field

_WHERE = tuple([field for field in SIGNAL if field.name in ("place", "places")])
AT_ONCE = 64  # lines held before they are written: more of them no longer fit the CPU's cache

_BEGINNING = f'{{"v": {VERSION}, "event": "signal", "id": "'


class JsonSink(Sink):
    """Writes events to a text stream. The stream is ASCII: every other character is escaped."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._rests = Remembered(Rest().of)
        self._lines: list[str] = []
        self._file = "", ""  # the last one that events were in, and how it is written

    def start(self) -> None:
        """JSON lines have no header."""

    def write(self, event: Event) -> None:
        if isinstance(event, Signal):
            rest = self._rests.of(event)
            place = "" if event.place is None else self._place(event)
            time = "" if event.time is None else f'"time": "{utc(event.time)}", '
            self._lines.append(f'{_BEGINNING}{event.id}", {time}{place}{rest}')
        elif isinstance(event, Series):
            self._repeats(event)
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

    def _place(self, signal: Signal) -> str:
        """Where a signal is written, as part of its line."""
        place = signal.place
        if place is None or place.file is None or signal.places or not _is_of_text(place):
            written = json.dumps(fields_to_object(signal, _WHERE))[1:-1]
            return f"{written}, " if written else ""
        if place.file != self._file[0]:
            self._file = place.file, json.dumps(place.file)
        where = f'"line": {place.line}' if place.line else f'"offset": {place.offset}'
        return f'"place": {{"file": {self._file[1]}, {where}}}, '

    def _repeats(self, event: Series) -> None:
        own, rest = event.first.id.partition("-")[2], self._rests.of(event.first)
        for start in range(0, len(event), AT_ONCE):
            times = event.times()[start : start + AT_ONCE]
            heads = [
                f'{_BEGINNING}{time:x}-{own}", "time": "{text}", '
                for time, text in zip(times, utc_each(times))
            ]
            self._lines.append(rest.join([*heads, ""]))
            self._hand_over()


def _is_of_text(place: Place) -> bool:
    """Whether it is a line's, or a number of bytes, and nothing else."""
    is_apart = place.cursor is None and place.recording is None
    return is_apart and (place.line is None) is not (place.offset is None)


class Rest:
    """All of a signal's line but what is its own, joined from texts that are remembered: of each process, and of the
    words that go together."""

    def __init__(self) -> None:
        self._processes: Bounded[int, tuple[str, Process]] = Bounded(KEPT_MAX)
        self._words: list[Bounded[Any, str]] = [Bounded(KEPT_MAX) for _ in _PARTS]

    def of(self, signal: Signal) -> str:
        parts = []
        for (name, fields, values), words in zip(_PARTS, self._words):
            if name == "asked":
                if signal.asked is not None:
                    parts.append(f'"asked": {signal.asked}')
            elif name:
                process = getattr(signal, name)
                if process is not None:
                    text = self._process(process)
                    if text != "{}":
                        parts.append(f'"{name}": {text}')
            else:
                key = values(signal)
                known = words.get(key)
                if known is None:
                    known = words[key] = json.dumps(fields_to_object(signal, fields))[1:-1]
                if known:
                    parts.append(known)
        return ", ".join(parts) + "}\n"

    def _process(self, process: Process) -> str:
        known = self._processes.get(id(process))
        if known is None:
            text = json.dumps(fields_to_object(process, PROCESS))
            known = self._processes[id(process)] = text, process
        return known[0]


def _parts() -> list[tuple[str, tuple[Field, ...], Any]]:
    """The fields of a signal that are its own object or number, by name, and what stands between them, in order."""
    made: list[tuple[str, tuple[Field, ...], Any]] = []
    words: list[Field] = []
    for field in (*[one for one in SIGNAL if one.name not in OWN], None):
        if field is not None and field.kind != "process" and field.name != "asked":
            words.append(field)
            continue
        if words:
            # One name alone would give a value without a tuple.
            names = [one.name for one in words]
            made.append(("", tuple(words), attrgetter(*names, "number")))
            words = []
        if field is not None:
            made.append((field.name, (field,), None))
    return made


_PARTS = _parts()
