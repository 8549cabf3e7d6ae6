"""Whose manager speaks of a unit: the system's and a user's may have one of the same name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Exit, Process, Signal


def may_be_one_managers(signal: Signal, end: Exit) -> bool:
    """Whether one manager can have told of both, where both tell of a unit and not of a pid. What a user's own manager
    writes into a journal is told with the uid (tracer.statements.make), and in a text with its pid: that of who speaks, and of
    the parent of whom it has waited for."""
    speaker = signal.sender
    if speaker is not None and speaker.comm == b"systemd" and not is_of(end.process, speaker.pid):
        return False
    mine, theirs = _uid(signal.target), _uid(end.process)
    told = (mine, end.source), (theirs, signal.source)
    return mine == theirs or not any(
        uid is not None and source == "journal" for uid, source in told
    )


def is_of(process: Process, manager: int | None) -> bool:
    """Whether who ended may be a child of the manager with that pid, where its manager tells of it and no pid."""
    return process.pid is not None or None in (process.ppid, manager) or process.ppid == manager


def _uid(process: Process | None) -> int | None:
    return None if process is None or process.pid is not None else process.uid or None
