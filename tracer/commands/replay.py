"""``sigtrace replay``: what logs and recordings tell, shown as if it happened now."""

from __future__ import annotations

from importlib import import_module

from tracer.options import meaning
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
    meaning.one_place(options.root, options.files, recorded=options.recorded)
    return int(import_module(_reader_of(options)).run(options))


def _reader_of(options: Options) -> str:
    """The module that reads what is named; a mixture is logs', which merges all of it."""
    for medium, is_one, module in MEDIA:
        which = [is_one(path) for path in options.files]
        if (which and all(which)) or (medium == "recording" and options.recorded):
            return module
    return LOGS
