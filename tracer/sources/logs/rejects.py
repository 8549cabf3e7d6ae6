"""The file of ``--errors``: the lines that could not be understood, each with the place it came from."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from tracer.model.errors import Problem
from tracer.sources.logs.files import STDIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.lines.tally import Keep
    from tracer.sources.logs.files import LogSet


class Rejects:
    """``path`` None: nothing is kept. Raises Problem where the file cannot be written, or is one of the logs."""

    def __init__(self, path: str | None, logs: Iterable[LogSet]) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        if path is not None:
            _check_is_no_log(path, logs)

    @property
    def keep(self) -> Keep | None:
        """What a reader tells its rejects."""
        return None if self._path is None else self._keep

    def __enter__(self) -> Rejects:
        if self._path is not None:
            try:
                self._file = open(self._path, "wb")
            except OSError as error:
                raise Problem(
                    f"cannot write {self._path!r}", (error.strerror or "").lower(), "--errors FILE"
                ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _keep(self, log: str, number: int, line: bytes, why: str) -> None:
        if self._file is not None:
            head = f"# {log}:{number}: {why}\n".encode("utf-8", "surrogateescape")
            self._file.write(head + line + b"\n")


def _check_is_no_log(path: str, logs: Iterable[LogSet]) -> None:
    """Writing to ``path`` would empty a log that is to be read."""
    for log in (log for name in logs for log in name.paths if log != STDIN):
        if os.path.exists(path) and os.path.exists(log) and os.path.samefile(path, log):
            raise Problem(
                f"cannot keep errors in {path!r}", "it is a log to be read", "--errors another-file"
            )
