"""Process accounting among the logs that are read: which files are it, and what reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from tracer.model.errors import Problem
from tracer.sources.accounting.pick import Pick
from tracer.sources.accounting.record import is_record, older_version
from tracer.sources.accounting.source import Accounting, Reader
from tracer.sources.logs import forms
from tracer.sources.logs.files import (
    STDIN,
    LogSet,
    Proceed,
    is_pipe,
    open_log,
    open_pipe,
    read_blocks,
)
from tracer.sources.logs.kept import is_accounting

if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.sources.recording.narrow import Ends

__all__ = ["accounting_of", "is_accounted", "reader_of", "understood"]


# Ends by a signal of others than who is asked for, and of all where nobody is: a verdict on each is made then.
OTHERS_MAX, GLANCE_MAX = 20_000, 1_000


def is_accounted(log: LogSet, head: bytes) -> bool:
    """Whether a log is process accounting, by its first bytes or by its name: it may be empty yet."""
    return is_record(head) or is_accounting(os.path.basename(log.paths[-1]))


def reader_of(ends: Ends | None, filter_: Filter) -> Reader:
    """What reads it: ends by a signal, and of who is asked for all."""
    if ends is None:
        return Reader(Pick(since=filter_.since, until=filter_.until))
    latest = GLANCE_MAX if ends.what is None else OTHERS_MAX
    return Reader(Pick(ends.what, ends.fits, filter_.since, filter_.until, latest))


def understood(log: LogSet, *, named: bool) -> tuple[LogSet, list[tuple[str, str]]]:
    """Of its files those that have pids, and the others with the reason. Raises Problem for one that is ``named``."""
    paths, others = [], []
    for path in log.paths:
        version = None if path == STDIN else older_version(forms.head_of(path))
        if version is None:
            paths.append(path)
            continue
        why = f"it is process accounting of version {version}, which has no pids"
        if named:
            raise Problem(f"cannot read {path!r}", why, "a kernel with CONFIG_BSD_PROCESS_ACCT_V3=y, which writes version 3")  # fmt: skip
        others.append((path, why))
    return LogSet(log.name, tuple(paths)), others


def accounting_of(log: LogSet, begun: bytes, reader: Reader, proceed: Proceed) -> Accounting:
    """The source of these files; ``begun`` was read of a pipe already."""

    def blocks(path: str) -> Iterator[bytes]:
        if is_pipe(path):
            return chain([begun], read_blocks(open_pipe(), proceed))
        return _blocks_of(path, proceed)

    files = ((path, blocks(path)) for path in log.paths)
    return Accounting(log.name, files, reader)


def _blocks_of(path: str, proceed: Proceed) -> Iterator[bytes]:
    with open_log(path, proceed) as stream:
        yield from read_blocks(stream, proceed)
