"""Command lines hidden: of each argv the name alone, and of a line of a log what it says in words of its own."""

from __future__ import annotations

from tracer.model.ends import with_ends
from tracer.model.event import Process, Statement
from tracer.model.frozen import replace
from tracer.model.memo import Bounded
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracer.model.event import Event

_KEPT_MAX = 4096
# Details of a statement that are command lines.
_COMMANDS = ("command", "command_line")


class Hiding(Sink):
    """Goes before another sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        # By identity, with the process itself, so that no id() is given to another.
        self._hidden: Bounded[int, tuple[Process, Process]] = Bounded(_KEPT_MAX)

    def start(self) -> None:
        self._sink.start()

    def write(self, event: Event) -> None:
        self._sink.write(_unworded(with_ends(event, self._of)))

    def flush(self) -> None:
        self._sink.flush()

    def due(self) -> float | None:
        return self._sink.due()

    def close(self) -> None:
        self._sink.close()

    def _of(self, process: Process) -> Process:
        known = self._hidden.get(id(process))
        if known is None:
            known = self._hidden[id(process)] = process, hidden(process)
        return known[1]


def _unworded(event: Event) -> Event:
    """What a line says is left out, and details that are command lines."""
    if not isinstance(event, Statement):
        return event
    details = event.details and {
        name: value for name, value in event.details.items() if name not in _COMMANDS
    }
    return replace(event, text=None, details=details)


def hidden(process: Process) -> Process:
    """A process without the words after argv[0], its own and its ancestors'."""
    argv = process.argv and process.argv[:1]
    cut = process.argv_cut or (process.argv is not None and len(process.argv) > 1)
    ancestors = tuple(
        step if step.argv is None else replace(step, argv=step.argv[:1])
        for step in process.ancestors
    )
    return replace(process, argv=argv, argv_cut=cut, ancestors=ancestors)


# Keys of JSON under which command lines, and the words of other people's logs, stand.
_WORDS_OF = {"statement": ("text",), "verdict": ("evidence", "said", "why", "prove")}


def hidden_line(made: dict[str, Any]) -> dict[str, Any]:
    """The same for an event as JSON has it."""
    dropped = _WORDS_OF.get(made.get("event", ""), ())
    return {key: _hidden_value(key, value) for key, value in made.items() if key not in dropped}


def _hidden_value(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        inner = {name: _hidden_value(name, one) for name, one in value.items() if not (key == "details" and name in _COMMANDS)}  # fmt: skip
        argv = value.get("argv")
        return {**inner, "argv_cut": True} if _is_cut(key, argv) else inner
    if key == "argv":
        return value[:1] if isinstance(value, list) else None
    return [_hidden_value("", one) for one in value] if isinstance(value, list) else value


def _is_cut(key: str, argv: Any) -> bool:
    """An ancestor, which stands in a list, does not say so."""
    return bool(key) and isinstance(argv, list) and len(argv) > 1
