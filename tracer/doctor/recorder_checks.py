"""Whether a flight recorder is at work on this host, how much it holds, and what it has lost."""

from __future__ import annotations

import os

from tracer.doctor.finding import MISSING, OK, REFUSED, Finding
from tracer.model.event import Loss, Mark
from tracer.model.spelling import from_object
from tracer.model.text import counted, typed
from tracer.model.times import utc
from tracer.recording.names import pieces_in
from tracer.recording.tail import last_line_of, object_of
from tracer.sources.recording import elsewhere as others
from tracer.sources.recording.alive import recorder_of
from tracer.sources.recording.files import FOLDER, lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Event

# Where a package, or make install-service, puts the service: systemd.unit(5).
UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_UNIT = "sigtrace-record.service"


def how_to_start() -> str:
    """What starts a recorder: the service only where there is one."""
    if any(os.path.exists(os.path.join(folder, _UNIT)) for folder in UNITS):
        return "sudo systemctl enable --now sigtrace-record"
    return "sudo sigtrace record; as a service: make install-service"


def place() -> str:
    """Where the recorder writes; where several do, the usual folder, else the first by name."""
    found = [] if recorder_of(FOLDER) is not None else others.elsewhere()
    return found[0].folder if found else FOLDER


def recorder(folder: str | None = None) -> Finding:
    """Whether it runs, since when, and through which source. No ``folder``: that of ``place``."""
    folder = folder or place()
    pid = recorder_of(folder)
    try:
        pieces, _ = pieces_in(folder)
    except PermissionError:
        return Finding(
            REFUSED, f"{folder} cannot be read", "sudo sigtrace doctor, or be in the group adm"
        )
    except OSError:
        pieces = []
    if pid is None:
        ago = (
            f"; it recorded until {_moment(pieces[-1].last or pieces[-1].first)}" if pieces else ""
        )
        return Finding(MISSING, f"none is at work in {folder}{ago}", how_to_start())
    head = _mark(next(iter(lines_of(pieces[-1].path)), b"")) if pieces else None
    where = typed(folder)
    read = "" if folder == FOLDER else f"; in {where}: sigtrace why NAME {where} reads it"
    if head is None:
        return Finding(OK, f"pid {pid}{read}")
    details = head.details or {}
    kinds = details.get("kinds")
    blind = "" if not isinstance(kinds, list) or "commands" in kinds else "; it sees no commands"
    return Finding(
        OK,
        f"pid {pid}, source {details.get('source')}{blind}; this file since {_moment(head.time)}{read}",
    )


def holds(folder: str | None = None) -> Finding:
    """How much there is, from when to when."""
    folder = folder or place()
    try:
        pieces, foreign = pieces_in(folder)
    except OSError as error:
        return Finding(MISSING, f"{folder}: {(error.strerror or '').lower()}", how_to_start())
    if not pieces:
        return Finding(MISSING, f"nothing in {folder}", how_to_start())
    size = sum(piece.size for piece in pieces) >> 10
    others = f"; {len(foreign)} files of others" if foreign else ""
    return Finding(
        OK,
        f"{size:,} KiB in {counted(len(pieces), 'file')} since {_moment(pieces[0].first)}{others}",
    )


def lost(folder: str | None = None) -> Finding:
    """What the recorder at work has lost since it began; else what the newest file tells."""
    try:
        pieces, _ = pieces_in(folder or place())
        newest = pieces[-1]
        told = _lost_at_last(newest.path) if newest.last is None else _lost_in(newest.path)
    except (OSError, IndexError):
        return Finding(MISSING, "nothing is recorded", how_to_start())
    if told:
        return Finding(
            MISSING,
            f"{told:,} by the last count",
            "sigtrace replay --recorded tells when; --buffer with more",
        )
    return Finding(OK, "nothing by the last count")


def _lost_at_last(path: str) -> int:
    """By the last mark of a file that is being written, which comes every minute."""
    mark = _mark(last_line_of(path)[1])
    return _count(mark) if mark is not None and "lost" in (mark.details or {}) else _lost_in(path)


def _lost_in(path: str) -> int:
    marks = 0
    for line in lines_of(path):
        event = _event(line)
        if isinstance(event, Mark) and "lost" in (event.details or {}):
            marks = _count(event)
        elif isinstance(event, Loss):
            marks += event.count or 1
    return marks


def _count(mark: Mark) -> int:
    found = (mark.details or {}).get("lost")
    return found if isinstance(found, int) else 0


def _mark(line: object) -> Mark | None:
    event = _event(line)
    return event if isinstance(event, Mark) else None


def _event(line: object) -> Event | None:
    made = object_of(line) if isinstance(line, bytes) else None
    try:
        return None if made is None else from_object(made)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _moment(time: int) -> str:
    return utc(time)[:19] + "Z"
