"""``sigtrace replay``: what logs and recordings tell, shown as if it happened now."""

from __future__ import annotations

from importlib import import_module

from tracer.model.errors import Problem
from tracer.options.replay import EPILOG
from tracer.options.replay import Replay as Options
from tracer.sources.recording.files import looks_like_recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EPILOG", "Options", "run"]

# What a file or folder can be, how it is known, and the module that reads it. All else is a log.
MEDIA: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("recording", looks_like_recording, "tracer.commands.recorded"),
)
LOGS = "tracer.commands.logs"


def run(options: Options) -> int:
    """Read to the end, or to a limit or Ctrl-C. Returns the exit status; raises Problem."""
    return int(import_module(_reader_of(options)).run(options))


def _reader_of(options: Options) -> str:
    """The module that reads what is named. Raises Problem for a mixture, and where nothing is named."""
    if options.recorded:
        return MEDIA[0][2]
    if not options.files:
        why = "a log is a FILE, a recording a DIR"
        raise Problem("nothing to replay is named", why, "sigtrace replay --help")
    for medium, is_one, module in MEDIA:
        which = [is_one(path) for path in options.files]
        if all(which):
            return module
        if any(which):
            raise Problem(
                f"cannot read {medium}s and other logs in one run",
                f"{options.files[which.index(True)]!r} is a {medium}, {options.files[which.index(False)]!r} is none",
                "sigtrace replay, once for each",
            )
    return LOGS
