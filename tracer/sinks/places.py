"""Where something is written, in words for people."""

from __future__ import annotations

from tracer.recording.names import piece_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Place

_PIECES = "sigtrace's recording"


def file_and_line(place: Place) -> tuple[str, int | None] | None:
    """A file's name without its folders, and the line; of the pieces of a recording, whose names are long, neither.
    None of what is in no file."""
    path = place.recording or place.file
    if not path:
        return None
    name = file_name(path)
    return (name, place.line) if piece_of(name, 0) is None else (_PIECES, None)


def file_name(path: str) -> str:
    """Without its folders; "-" is standard input."""
    return "standard input" if path == "-" else path.rstrip("/").rpartition("/")[2]
