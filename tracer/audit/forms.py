"""The ways in which whole lines of audit records are written, and how text is cut into chunks of one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Callable, Optional

from tracer.audit import usual
from tracer.audit.known import Users
from tracer.audit.usual import Row
from tracer.lines.dates import DateStyle
from tracer.model.frozen import frozen

CHUNK = 1 << 16  # of so much text the form is decided at once
Taken = tuple[bytes, Optional[list[Row]]]
# A line that begins like this is no rest of another.
_BEGINNINGS = (b"\ntype=", b"\nnode=", b"\n----", b"\n{")


@frozen
class Form:
    """``begins``: what text of this form begins with. ``ends``: where an event mostly ends, the best place first.
    ``rows``: what is in whole lines; None if something is unusual, so that they are read line by line. ``is_bare``: each
    of its lines is a record or stands around some. ``is_local``: its dates are local ones."""

    begins: re.Pattern[bytes]
    ends: tuple[bytes, ...]
    rows: Callable[[bytes, DateStyle, Users], list[Row] | None]
    is_bare: bool = True
    is_local: bool = False


def _shown(chunk: bytes, style: DateStyle, users: Users) -> list[Row] | None:
    # Most logs are auditd's.
    from tracer.audit import shown

    return shown.rows_of(chunk, style, users)


def _laurel(chunk: bytes, style: DateStyle, users: Users) -> list[Row] | None:
    from tracer.audit import laurel

    return laurel.rows_of(chunk)


FORMS = (
    Form(
        re.compile(
            rb"(?:----\n(?:time->[\w :]+\n)?)?(?:node=\S+ )?type=[\w\[\]]+ msg=audit\(\d{1,10}\.\d{3}:"
        ),
        (b"\ntype=SYSCALL msg=",),
        lambda chunk, style, users: usual.rows_of(chunk),
    ),
    Form(
        re.compile(rb"(?:----\n)?(?:node=\S+ )?type=\w+ msg=audit\(\d{1,4}[/.-]\d{1,2}[/.-]"),
        (b"\n----\n", b"\ntype=SYSCALL msg="),
        _shown,
        is_local=True,
    ),
    Form(re.compile(rb'\{"ID":'), (b'\n{"ID":',), _laurel, is_bare=False),
)


def form_of(text: bytes, start: int = 0) -> Form | None:
    """The form of what begins here; None: it is read line by line."""
    return next((form for form in FORMS if form.begins.match(text, start)), None)


def taken(text: bytes, style: DateStyle, users: Users, *, more: bool) -> Iterator[Taken]:
    """Whole lines in chunks, with what is in those of one form. ``more``: the last line may go on in what comes next."""
    start, last = 0, _last_beginning(text, 0, len(text)) if more else len(text)
    while start < len(text):
        form = form_of(text, start) if start < last else None
        stop, is_sure = _chunk_end(text, start, last, form)
        chunk = text[start:stop]
        yield chunk, form.rows(chunk, style, users) if form and is_sure else None
        start = stop


def _last_beginning(text: bytes, start: int, stop: int) -> int:
    """Where the last line begins that is surely not the rest of another; ``start`` if none does."""
    return max(max(text.rfind(mark, start, stop) for mark in _BEGINNINGS) + 1, start)


def _chunk_end(text: bytes, start: int, last: int, form: Form | None) -> tuple[int, bool]:
    """Where a chunk ends, and whether what follows is surely no rest of its last line."""
    if start >= last:
        return len(text), False
    if last - start <= CHUNK:
        return last, True
    stop = start + CHUNK
    for mark in form.ends if form else ():
        end = text.rfind(mark, start, stop)
        if end > start:
            return end + 1, True
    end = _last_beginning(text, start, stop)
    if end > start:
        return end, True
    end = text.rfind(b"\n", start, stop)
    if end <= start:
        end = text.find(b"\n", start)
    return (len(text) if end < 0 else end + 1), False
