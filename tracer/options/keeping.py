"""What the options of ``sigtrace record`` mean for what is kept. Raises Problem naming a bad one."""

from __future__ import annotations

from tracer.model.errors import Problem
from tracer.model.numbers import whole
from tracer.options import meaning
from tracer.recording.store import SMALLEST, Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.record import Keeping


def limits_of(options: Keeping) -> Limits:
    """``--max-size``, ``--max-age`` and ``--min-free``."""
    usual = Limits()
    size, free, share = usual.max_size, usual.min_free, usual.free_share
    if options.max_size is not None:
        size = meaning.size_of(options.max_size, "--max-size", SMALLEST)
    if options.min_free is not None:
        text = options.min_free.strip()
        if text.endswith("%") and (percent := whole(text[:-1], 2)) is not None:
            free, share = 0, percent
        elif text.endswith("%"):
            raise Problem(
                f"--min-free {text!r} is not understood",
                "what is left free of a file system is from 0% to 99% of it",
                "5%, or a size: 1G",
            )
        else:
            free, share = meaning.size_of(text, "--min-free", 0), 0
    return Limits(size, meaning.age_of(options.max_age, "--max-age"), free, share)
