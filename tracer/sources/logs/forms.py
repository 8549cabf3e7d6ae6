"""Of what form a file is, told by its first bytes and by the marks of records in it: which reader it is for."""

from __future__ import annotations

import re

from tracer.model.errors import Problem
from tracer.sources.logs.files import Proceed, always, open_log, read_blocks, unreadable

# In each line that an audit record stands in, whatever passed it on (tracer.audit.lines).
MARK = b"audit"
_AUDITS_OWN = re.compile(rb"\s*(?:----\s+)?(?:time->[^\n]{0,80}\s+)?(?:node=\S+ )?type=\w")
__all__ = ["has_audit", "head_of", "is_audits_own", "unreadable", "why_unreadable"]
_OVERLAP = len(MARK)


def is_audits_own(head: bytes) -> bool:
    """Whether a text begins as auditd and ausearch write: nobody else's lines are in it."""
    return _AUDITS_OWN.match(head) is not None


def has_audit(path: str, proceed: Proceed = always) -> bool:
    """Whether a record may be in the file, as far as ``proceed`` lets it be read. Raises Problem if it cannot be opened."""
    tail = b""
    with open_log(path, proceed) as stream:
        try:
            for block in read_blocks(stream, proceed):
                if MARK in block or MARK in tail + block[:_OVERLAP]:
                    return True
                tail = block[-_OVERLAP:]
        except EOFError:
            pass
    return False


def head_of(path: str) -> bytes:
    """The first bytes of a file, unpacked; b"" if it is empty or a damaged archive. Raises Problem."""
    with open_log(path) as stream:
        try:
            return next(read_blocks(stream), b"")
        except EOFError:
            return b""


def why_unreadable(path: str) -> str | None:
    """Why a file cannot be read, None if it can."""
    try:
        with open_log(path):
            return None
    except Problem as problem:
        return problem.why
