"""One JSON object a line, as docs/sigtrace.schema.json has it. What is not known is left out."""

from __future__ import annotations

import json

from tracer.model.event import Repeats, Series, Signal
from tracer.model.fields import OWN
from tracer.model.spelling import VERSION, to_object
from tracer.model.times import utc, utc_each
from tracer.sinks.remembered import Remembered
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from tracer.model.event import Event

AT_ONCE = 64  # lines held before they are written: more of them no longer fit the CPU's cache

_BEGINNING = f'{{"v": {VERSION}, "event": "signal", "id": "'


class JsonSink(Sink):
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
            place = "" if event.place is None else _place(event)
            self._lines.append(
                f'{_BEGINNING}{event.id}", "time": "{utc(event.time)}", {place}{rest}'
            )
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


def _place(signal: Signal) -> str:
    """Where a signal is written, as part of its line."""
    fields = to_object(signal)
    places = {name: fields[name] for name in ("place", "places") if name in fields}
    return json.dumps(places)[1:-1] + ", "


def _rest(signal: Signal) -> str:
    """All of a signal's line but what is its own."""
    fields = to_object(signal)
    for name in ("v", "event", *OWN):
        fields.pop(name, None)
    return json.dumps(fields)[1:] + "\n"
