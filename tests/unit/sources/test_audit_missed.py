"""How much of the audit records was not told: by the numbers that are missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracer.sources.audit.missed import Overflow, Serials, Untold
from tracer.sources.audit.source import record_of

SYSCALL, OBJ_PID = 1300, 1318


@st.composite
def overflown(draw):
    """Serials as they come: some lost in one piece, those near each other out of order."""
    first, count, after = draw(st.tuples(*[st.integers(1, 300)] * 3))
    before = list(range(1, first + 1))
    behind = list(range(first + count + 1, first + count + after + 1))
    for part in (before, behind):
        for at in draw(st.lists(st.integers(0, 300), max_size=20)):
            if at + 1 < len(part):
                part[at], part[at + 1] = part[at + 1], part[at]
    return before, behind, count


@given(overflown())
def test_what_an_overflow_has_cost(serials):
    before, behind, count = serials
    counted, found = Serials(), []
    counted.overflow()
    for serial in [*before, *behind]:
        counted.feed(serial)
        found.append(counted.settled(last=False))
    found.append(counted.settled(last=True))
    assert [one for one in found if one] == [Overflow(count)]


def test_without_a_number_behind_it_nobody_knows():
    counted = Serials()
    counted.feed(5)
    counted.overflow()
    counted.feed(6)
    assert counted.is_open()
    assert counted.settled(last=False) is None
    assert counted.settled(last=True) == Overflow(None)


def test_gaps_without_an_overflow_are_not_ours_to_tell():
    counted = Serials()
    for serial in (1, 2, 50, 51):
        counted.feed(serial)
    assert counted.settled(last=True) is None


def told(*records):
    untold = Untold()
    for kind, serial, body in records:
        untold.add(record_of(kind, b"audit(1700000000.000:%d): %s" % (serial, body)))
    return untold.signals


KILL = b"arch=c000003e syscall=62 success=yes exit=0 a0=3039"


def test_signals_that_nobody_has_the_time_to_tell():
    assert told((SYSCALL, 1, KILL)) == 1
    assert told((SYSCALL, 1, KILL), (OBJ_PID, 1, b"opid=7"), (SYSCALL, 2, KILL)) == 2
    assert told((SYSCALL, 1, KILL), *[(OBJ_PID, 1, b"opid=7")] * 5) == 5
    assert told((SYSCALL, 1, KILL.replace(b"syscall=62", b"syscall=2"))) == 0
    assert told((SYSCALL, 1, KILL.replace(b"yes", b"no"))) == 0
    assert told((OBJ_PID, 1, b"opid=7")) == 0
