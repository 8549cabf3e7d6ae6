"""A file written whole or not at all."""

from __future__ import annotations

import os
import stat

from tracer.model.errors import Problem


def write_whole(path: str, text: str) -> None:
    """Replaces what is there once all of it is written. Raises Problem."""
    if not path:
        raise Problem(
            "no file is named", "its name is empty", "-o outage.html, --perfetto trace.json"
        )
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "w", encoding="utf-8") as stream:  # A pipe, a terminal.
                stream.write(text)
            return
        target = os.path.realpath(path)
        beside = f"{target}.{os.getpid()}.new"
        try:
            with open(beside, "x", encoding="utf-8") as stream:
                stream.write(text)
            os.replace(beside, target)
        except OSError:
            if os.path.exists(beside):
                os.unlink(beside)
            raise
    except OSError as error:
        why = (error.strerror or "").lower()
        raise Problem(f"cannot write {path!r}", why, "a FILE in a folder of yours") from error
