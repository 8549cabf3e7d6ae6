"""Records of the kernel's ring as /dev/kmsg gives them, one a read(2).

The form is ``PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,MORE];TEXT``, and lines of a dictionary behind it that begin with a
blank; what is no printable ASCII, and the backslash, stands as ``\\xNN`` (Documentation/ABI/testing/dev-kmsg).
"""

from __future__ import annotations

import re

from tracer.lines.entry import Entry
from tracer.lines.prefix import KMSG
from tracer.model.event import Place
from tracer.model.frozen import frozen

_RECORD = re.compile(rb"(\d{1,4}),(\d{1,20}),(\d{1,17}),[^;\n]*;([^\n]*)")
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
_FACILITY = 3  # bits of the priority below it (syslog(3))
_MICROSECOND = 1000


@frozen
class Record:
    """``since_boot`` in ns, by the kernel's own clock, which stands still while the host sleeps. ``by_kernel``: nobody
    else has written it, for who writes to /dev/kmsg is given another facility (devkmsg_write(), kernel/printk/printk.c)."""

    sequence: int
    since_boot: int
    by_kernel: bool
    text: bytes


def record_of(raw: bytes) -> Record | None:
    """The record that one read(2) gave; None if it is of no such form."""
    match = _RECORD.match(raw)
    if match is None:
        return None
    text = _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), match[4])
    priority, sequence, moment = int(match[1]), int(match[2]), int(match[3])
    return Record(sequence, moment * _MICROSECOND, priority >> _FACILITY == 0, text)


def entries_of_record(record: Record, time: int | None, file: str) -> list[Entry]:
    """A record's lines, each an entry; ``time`` in ns since the epoch, None where that is not known."""
    return [
        _entry(line, record, time, Place(file=file, line=record.sequence + 1))
        for line in record.text.split(b"\n")
    ]


def _entry(line: bytes, record: Record, time: int | None, place: Place) -> Entry:
    if record.by_kernel:
        return Entry(line, place, time, record.since_boot, None, b"kernel", None, True)
    own = KMSG.match(line)
    if own is None:
        # It is not the kernel that says so, and nobody else says his name.
        return Entry(line, place, time, record.since_boot, believed=False)
    return Entry(
        line[own.end() :], place, time, record.since_boot, None, own["tag"], int(own["pid"])
    )
