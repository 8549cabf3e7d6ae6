"""A witness's word as evidence: where it is written, and what it says."""

from __future__ import annotations

from tracer.model.event import Exec, Exit, Statement
from tracer.model.signals import name_of
from tracer.model.text import plain
from tracer.model.verdict import Evidence
from tracer.sinks import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.why.finding import Witness


def evidence_of(one: Witness) -> Evidence:
    return Evidence(one.id, one.time, one.place, one.source, says(one))


def says(one: Witness) -> str:
    """What a witness says, in its own words where it has any."""
    if isinstance(one, Statement):
        return plain(one.text) if one.text is not None else one.what
    if isinstance(one, Exec):
        return words.sentence(one)
    if isinstance(one, Exit):
        return f"{words.name(one.process)} {words.death(one)}"
    sent = f"{name_of(one.number)} from {words.sender(one)} to {words.name(one.target)}"
    return f"{sent}, {one.outcome}" if one.outcome else sent
