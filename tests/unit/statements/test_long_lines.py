"""A line is as long as whoever wrote it likes: to look at one takes as long as it is, and not the square of that."""

from __future__ import annotations

import time

import pytest
from test_statement_tables import INDEX, entry_of

from tracer.sources.logs.forms import is_audits_own

SHORT, LONG = 2_000, 16_000
# As eight times as long a line takes eight times as long, or 64.
RATIO = 24


def cpu(look, line):
    """The least of three."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        look(line)
        taken.append(time.process_time() - begin)
    return max(min(taken), 1e-5)


def row(line):
    return INDEX.find(entry_of(b"kernel", line))


SEGFAULT = b"web[7]: segfault at 0 ip 00007f69e59efd7d sp 00007ffff8da8b50 error 6 in"


@pytest.mark.parametrize(
    ("look", "before", "filling", "behind"),
    [
        (row, SEGFAULT, b" ", b""),
        (row, SEGFAULT, b" ", b"libc.so.6[7f69+1000] likely on"),
        (row, SEGFAULT + b" ", b"[a", b""),
        (row, b"web[7]: unhandled exception: DABT (lower EL), ESR 0x9", b" ", b"2"),
        (row, b"web[7]: unhandled exception: DABT", b" in a", b""),
        (row, b"Shutdown scheduled for Fri", b" ", b"."),
        (row, b"kill failed: Operation", b" ", b"not permitted"),
        (row, b'"Killing container with a grace period" pod="ns/web-0" podUID="', b"-", b""),
        (row, b"container oom 0123456789ab (image=shop", b", a", b""),
        (is_audits_own, b"time->Thu May  8", b" ", b"15:01:40 2025"),
        (is_audits_own, b"----", b"\n", b"time->"),
    ],
    ids=[
        "behind in",
        "before a file",
        "brackets",
        "an exception",
        "files",
        "an end",
        "an error",
        "a pod",
        "a container",
        "ausearch's time",
        "ausearch's lines",
    ],
)
def test_a_long_line_takes_as_long_as_it_is(look, before, filling, behind):
    tries = [
        cpu(look, before + filling * LONG + behind) / cpu(look, before + filling * SHORT + behind)
        for _ in range(3)
    ]
    assert min(tries) < RATIO
