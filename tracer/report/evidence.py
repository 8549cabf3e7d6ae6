"""One event, as it is told below the row that stands on it: when, by which source, where it is written, its words."""

from __future__ import annotations

from tracer.model.event import Exec, Exit, Failed, Signal, Statement
from tracer.model.text import command_line, plain
from tracer.report.veil import bare_words
from tracer.sinks import words
from tracer.sinks.hide import hidden
from tracer.why.evidence import evidence_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracer.model.event import Place, Process
    from tracer.report.witnesses import Told


def evidence_row(event: Told, hide_arguments: bool) -> dict[str, Any]:
    """One event, as it is told below the row that stands on it."""
    by = _by(event)
    by = hidden(by) if by is not None and hide_arguments else by
    if hide_arguments:
        text = bare_words(event)
    elif isinstance(event, Failed):
        text = f"{words.signal_name(event)} refused: {words.outcome(event)}"
    else:
        text = evidence_of(event).text if isinstance(event, _WITNESSES) else None
    parents = [] if by is None else [f"{_comm(step.comm)}[{step.pid}]" for step in by.ancestors]
    return {
        "time": event.time,
        "source": event.source,
        "place": _place(event.place),
        "text": text,
        "command": None if by is None or not by.argv else command_line(by.argv, by.argv_cut),
        "parents": parents,
    }


_WITNESSES = (Signal, Exit, Statement, Exec)


def _by(event: Told) -> Process | None:
    """Who is behind it: whose command line and parents are told."""
    if isinstance(event, (Signal, Failed)):
        return event.sender
    return event.process if isinstance(event, (Exec, Exit)) else None


def _comm(comm: bytes | None) -> str:
    return "-" if comm is None else plain(comm)


def _place(place: Place | None) -> str | None:
    """FILE:LINE, or a journal's cursor."""
    if place is None:
        return None
    at = place.recording or place.file
    if at is None:
        return place.cursor
    where = place.line if place.line is not None else place.offset
    return at if where is None else f"{at}:{where}"
