"""The arguments of a process, from its EXECVE and PROCTITLE records.

EXECVE has all of them (audit_log_execve_info(), kernel/auditsc.c: a long one in pieces a1[0]=, a1[1]=);
PROCTITLE has the first 128 bytes of what the process shows as its arguments, which it may have changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tracer.audit.fields import decimal, text
from tracer.audit.record import EXECVE, PROCTITLE, Record

Argv = tuple[bytes, ...]
PROCTITLE_MAX = 128
_ARGUMENT = re.compile(rb'(?:^|\s)a(\d{1,7})(?:\[(\d+)\])?=("[^"]*"|[^\s"]*)')
_ARGUMENTS_MAX = 10_000


def argv_of(records: Sequence[Record]) -> tuple[Argv | None, bool]:
    """The arguments of an exec event, and whether some are missing."""
    bodies = [one.body for one in records if one.type == EXECVE and not one.interpreted]
    if not bodies:
        return title_of(records)
    pieces: dict[int, bytes] = {}
    for number, _, value in (found for body in bodies for found in _ARGUMENT.findall(body)):
        if len(pieces) < _ARGUMENTS_MAX:
            pieces[int(number)] = pieces.get(int(number), b"") + (text(value) or b"")
    count = max(filter(None, (_argc(body) for body in bodies)), default=len(pieces))
    argv = tuple(pieces[n] for n in sorted(pieces))
    return (argv or None), count > len(argv)


def title_of(records: Sequence[Record]) -> tuple[Argv | None, bool]:
    """The arguments in PROCTITLE, and whether they may have been cut at its 128 bytes.

    ausearch -i has put blanks for the NULs between arguments: there they cannot be told apart any
    more, and stay one text.
    """
    for one in records:
        if one.type == PROCTITLE:
            _, _, value = one.body.partition(b"proctitle=")
            title = text(
                value.strip(b" \r\n\t") if one.interpreted else value.split(b"\x1d")[0].strip(),
                one.interpreted,
            )
            if title and one.interpreted:
                return (title,), len(title) >= PROCTITLE_MAX - 1
            if title:
                return words_of(title)
    return None, False


def words_of(title: bytes) -> tuple[Argv, bool]:
    """The arguments that a title is, and whether they may have been cut."""
    whole = title[:-1] if title.endswith(b"\0") else title
    return tuple(whole.split(b"\0")), len(title) >= PROCTITLE_MAX - 1


def _argc(body: bytes) -> int | None:
    found = re.search(rb"argc=(\d{1,7})(?:\s|$)", body)
    return decimal(found[1]) if found else None
