"""One JSON object a line, as docs/sigtrace.schema.json has it. What is not known is left out."""

from __future__ import annotations

import json
from _operator import attrgetter  # operator itself is 0.2 ms of what a trace waits for first

from tracer.model.event import Probe, Series, Signal
from tracer.model.fields import EVENTS, OWN, PROCESS, SIGNAL
from tracer.model.memo import Bounded
from tracer.model.spelling import VERSION, fields_to_object, to_object
from tracer.model.times import utc, utc_each
from tracer.model.written import text_of
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

    from tracer.model.event import Event, Place, Process
    from tracer.model.fields import Field

_WHERE = tuple([field for field in SIGNAL if field.name in ("place", "places")])
KEPT_MAX = 256  # processes, and words that go together, some 1 KB each
AT_ONCE = 24  # lines held before they are written: more of them no longer fit the CPU's cache

_BEGINNING = f'{{"v": {VERSION}, "event": "signal", "id": "'


class JsonSink(Sink):
    """Writes events to a text stream. The stream is ASCII: every other character is escaped."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._rests = Rest()
        self._lines: list[str] = []
        self._others: dict[type, tuple[str, Callable[[Any], str]]] = {}
        self._file = "", ""  # the last one that events were in, and how it is written

    def start(self) -> None:
        """JSON lines have no header."""

    def write(self, event: Event) -> None:
        super().write(event)
        if len(self._lines) > AT_ONCE:
            self._hand_over()

    def signal(self, signal: Signal) -> None:
        rest = self._rests.of(signal)
        place = "" if signal.place is None else self._place(signal)
        time = "" if signal.time is None else f'"time": "{utc(signal.time)}", '
        self._lines.append(f'{_BEGINNING}{signal.id}", {time}{place}{rest}')

    def tell(self, event: Event) -> None:
        self._lines.append(self._other(event))

    def flush(self) -> None:
        self._hand_over()
        self._stream.flush()

    def _hand_over(self) -> None:
        self._stream.write("".join(self._lines))
        self._lines.clear()

    def _other(self, event: Event) -> str:
        """The line of an event that is no signal."""
        known = self._others.get(type(event))
        if known is None:
            if isinstance(event, Probe):  # Its signal, which is none, stands among its fields.
                return json.dumps(to_object(event)) + "\n"
            known = self._others[type(event)] = self._writer_of(type(event))
        begin, write = known
        return f"{begin}{write(event)}}}\n"

    def _writer_of(self, cls: type) -> tuple[str, Callable[[Any], str]]:
        word, fields = next(
            (word, fields) for word, (one, fields, _) in EVENTS.items() if one is cls
        )
        given = {"process": self._rests.object_of}
        return f'{{"v": {VERSION}, "event": "{word}", ', text_of(fields, given)

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

    def series(self, event: Series) -> None:
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
        self._processes: dict[int, tuple[str, Process]] = {}
        self._words: Bounded[tuple[object, ...], tuple[str, ...]] = Bounded(KEPT_MAX)

    def of(self, signal: Signal) -> str:
        key = _words_of(signal)
        words = self._words.get(key)
        if words is None:
            words = self._words[key] = tuple(
                [json.dumps(fields_to_object(signal, fields))[1:-1] for _, fields in _PARTS]
            )
        parts = []
        for (name, _), text, value in zip(_PARTS, words, (*_own_of(signal), None)):
            if text:
                parts.append(text)
            if value is None:
                continue
            if name == "asked":
                parts.append(f'"asked": {value}')
            elif text := self._process(value):
                parts.append(f'"{name}": {{{text}}}')
        return ", ".join(parts) + "}\n"

    def object_of(self, process: Process) -> str:
        """A process as JSON has it."""
        return f"{{{self._process(process)}}}"

    def _process(self, process: Process) -> str:
        known = self._processes.get(id(process))
        if known is None:
            if len(self._processes) >= KEPT_MAX:
                self._processes.clear()
            known = self._processes[id(process)] = _text_of_process(process), process
        return known[0]


_text_of_process = text_of(PROCESS)


def _parts() -> tuple[tuple[str, tuple[Field, ...]], ...]:
    """The fields of a signal that are its own object or number, by name, each with the fields before it."""
    made: list[tuple[str, tuple[Field, ...]]] = []
    words: list[Field] = []
    for field in [one for one in SIGNAL if one.name not in OWN]:
        if field.kind == "process" or field.name == "asked":
            made.append((field.name, tuple(words)))
            words = []
        else:
            words.append(field)
    return (*made, ("", tuple(words)))


_PARTS = _parts()
_words_of = attrgetter(*[field.name for _, fields in _PARTS for field in fields])
_own_of = attrgetter(*[name for name, _ in _PARTS if name])
