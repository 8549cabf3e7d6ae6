"""Which events are open, as somebody who waits for their end has to know."""

from __future__ import annotations

import pytest

from tracer.audit import record
from tracer.audit.coalesce import Coalescer
from tracer.audit.record import Record, Stamp

USER = 1107
STAMP = Stamp(None, 1_000, 1)


def one(kind, body=b"a=1"):
    return Record(kind, STAMP, body)


def test_what_brings_nothing_that_is_kept_is_not_waited_for():
    """A message of a program has no end (EOE) of its own."""
    coalescer = Coalescer()
    assert not coalescer.feed(one(USER))
    assert not coalescer.is_open()


def test_a_change_of_the_rules_may_be_all_there_is():
    """As Linux 5.10 writes it for a rule that sigtrace adds."""
    coalescer = Coalescer()
    coalescer.feed(one(record.CONFIG_CHANGE))
    (group,) = coalescer.flush(complete_only=True)
    assert [kept.type for kept in group.records] == [record.CONFIG_CHANGE]
    assert not coalescer.is_open()


def test_what_begins_with_a_record_that_is_not_kept_is_told_all_the_same():
    coalescer = Coalescer()
    coalescer.feed(one(USER))
    list(coalescer.flush(complete_only=True))
    coalescer.feed(one(record.SYSCALL))
    assert list(coalescer.flush(complete_only=True)) == []
    assert coalescer.is_open()
    coalescer.feed(one(record.EOE))
    (group,) = coalescer.flush(complete_only=True)
    assert [kept.type for kept in group.records] == [record.SYSCALL]


def test_an_end_before_the_call_of_a_target_is_none():
    """In a log whose lines have changed places."""
    coalescer = Coalescer()
    for kind in (record.PROCTITLE, record.OBJ_PID, record.EOE):
        coalescer.feed(one(kind))
        assert list(coalescer.ready()) == []
    coalescer.feed(one(record.SYSCALL))
    (group,) = coalescer.ready()
    assert [kept.type for kept in group.records] == [
        record.PROCTITLE,
        record.OBJ_PID,
        record.SYSCALL,
    ]


@pytest.mark.parametrize("kind", [record.SECCOMP, record.ANOM_ABEND, record.CONFIG_CHANGE])
def test_from_the_kernel_what_comes_alone_holds_nothing_up(kind):
    """It has no EOE, and what comes behind it does not wait for one."""
    coalescer = Coalescer(at_ends=True)
    (group,) = coalescer.feed(one(kind))
    assert [kept.type for kept in group.records] == [kind]
    assert not coalescer.is_open()


def test_from_the_kernel_an_end_that_was_lost_holds_up_so_many_bytes():
    coalescer = Coalescer(at_ends=True, away=1000)
    first, later = Stamp(None, 1_000, 1), Stamp(None, 2_000, 2)
    assert not coalescer.feed(Record(record.SYSCALL, first, b"a=1"))
    assert not coalescer.feed(Record(record.SYSCALL, later, b"a=1", at=900))
    assert not coalescer.feed(Record(record.EOE, later, b"", at=1000))
    groups = coalescer.feed(Record(record.SYSCALL, Stamp(None, 3_000, 3), b"a=1", at=1001))
    assert [group.stamp for group in groups] == [first, later]
