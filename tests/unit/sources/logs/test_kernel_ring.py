"""The kernel's ring: what /dev/kmsg's records tell, from text; which of them are lost; what their times are worth."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.audit.entries import AuditTeller
from tracer.flow.source import every
from tracer.lines.kmsg import entries_of_record, record_of
from tracer.model.event import Exit, Loss, Place, Signal, Statement
from tracer.model.times import SECOND
from tracer.sources.logs.kernel_ring import Clock, KernelRing
from tracer.statements.tables import index
from tracer.statements.teller import Teller

BASE = 1_700_000_000 * SECOND
AWAKE = Clock(BASE, 0)
FAULT = b"web[%d]: segfault at 0 ip 000055 sp 0007 error 4 in web[400000+1000]"
KILLED = b"Out of memory: Killed process 812 (java) total-vm:1kB, anon-rss:2kB, file-rss:3kB, shmem-rss:4kB"


def record(sequence, text, seconds=None, priority=6):
    moment = sequence if seconds is None else seconds
    return b"%d,%d,%d,-;%b\n SUBSYSTEM=none\n" % (priority, sequence, moment * 1_000_000, text)


@pytest.fixture
def ring():
    """A descriptor that gives a record a read, as /dev/kmsg does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    os.set_blocking(theirs.fileno(), False)
    yield ours, theirs.detach()
    ours.close()


def source_of(ring, records, clock=AWAKE, **more):
    writer, fd = ring
    for one in records:
        writer.send(one)
    tables = index()
    return KernelRing(Teller(tables), AuditTeller(), fd, measure=lambda: clock, **more)


def told(ring, records, clock=AWAKE):
    source = source_of(ring, records, clock)
    events = list(every(source))
    (sight,) = source.coverage()
    source.close()
    return events, source, sight


def test_what_the_kernel_says_is_told_with_its_time_and_is_believed(ring):
    events, source, sight = told(ring, [record(5, FAULT % 7), record(6, KILLED)])
    said = [one for one in events if isinstance(one, Statement)]
    assert [(one.what, one.believed, one.source) for one in said] == [
        ("fault", True, "kernel log"),
        ("oom report", True, "kernel log"),
    ]
    assert [(one.number, one.time) for one in events if isinstance(one, Signal)] == [
        (11, BASE + 5 * SECOND),
        (9, BASE + 6 * SECOND),
    ]
    assert (source.entries, source.has_records()) == (2, True)
    assert (sight.spans[0].began, sight.spans[0].ended) == (BASE + 5 * SECOND, BASE + 6 * SECOND)
    assert not sight.gaps


def test_records_that_were_overwritten_are_a_loss_where_they_were(ring):
    events, _, sight = told(ring, [record(5, FAULT % 7), record(9, FAULT % 8)])
    kinds = [type(one) for one in events]
    assert kinds == [Statement, Signal, Loss, Statement, Signal]
    assert events[2].count == 3
    assert [gap.count for gap in sight.gaps] == [3]


def test_the_first_number_is_no_loss(ring):
    """The ring holds what it holds: before that nothing was in sight."""
    events, _, _ = told(ring, [record(90_000, FAULT % 7)])
    assert not any(isinstance(one, Loss) for one in events)


@pytest.mark.parametrize(
    "woke", [b"PM: suspend exit", b"PM: hibernation: hibernation exit", b"PM: hibernation exit"]
)
def test_what_was_written_before_the_host_last_woke_has_no_time(ring, woke):
    records = [record(1, FAULT % 7), record(2, woke), record(3, woke), record(4, FAULT % 8)]
    events, source, _ = told(ring, records, Clock(BASE, 3600 * SECOND))
    signals = [one for one in events if isinstance(one, Signal)]
    assert [one.time for one in signals] == [None, BASE + 4 * SECOND]
    assert [one.since_boot_ns for one in signals] == [SECOND, 4 * SECOND]
    assert "2 from before it last woke have none" in source.title


def test_a_host_that_woke_long_ago_has_all_its_times(ring):
    events, source, _ = told(ring, [record(4, FAULT % 8)], Clock(BASE, 3600 * SECOND))
    assert all(one.time == BASE + 4 * SECOND for one in events)
    assert "woke" not in source.title


def test_who_writes_to_the_device_is_not_the_kernel(ring):
    """The facility is the kernel's to give: a program's words under its name are its own."""
    events, _, _ = told(ring, [record(1, FAULT % 7, priority=14), record(2, FAULT % 8)])
    assert [one.target.tid for one in events if isinstance(one, Signal)] == [8]
    own = b"systemd[1]: web.service: Failed with result 'timeout'."
    entry = entries_of_record(record_of(record(1, own, priority=30)), None, "x")[0]
    assert (entry.tag, entry.pid, entry.believed) == (b"systemd", 1, None)


def test_audit_records_that_nobody_takes_are_in_the_ring(ring):
    text = b'audit: type=1701 audit(1700000003.500:7): auid=0 uid=0 gid=0 ses=1 pid=55 comm="web" exe="/bin/web" sig=11 res=1'
    events, _, _ = told(ring, [record(3, text), record(4, text, priority=14)])
    (end,) = [one for one in events if isinstance(one, Exit)]
    assert (end.process.pid, end.number) == (55, 11)
    assert end.place == Place(file="/dev/kmsg", line=4)


def test_what_is_escaped_is_turned_back():
    one = record_of(record(1, rb"a\x0ab \x5cx \xc3\xa4"))
    assert one.text == b"a\nb \\x \xc3\xa4"
    assert [entry.text for entry in entries_of_record(one, None, "x")] == [b"a", b"b \\x \xc3\xa4"]


def test_a_ring_that_is_followed_goes_on(ring):
    source = source_of(ring, [record(1, FAULT % 7)], follow=True)
    assert [type(one) for one in source.read()] == [Statement, Signal]
    assert not source.is_over()
    assert source.descriptors()
    ring[0].send(record(3, FAULT % 8))
    assert [type(one) for one in source.read()] == [Loss, Statement, Signal]
    list(source.read(last=True))
    assert source.is_over()
    source.close()


def test_a_copy_without_numbers_is_read_as_text():
    text = b"<6>[    5.000000] %b\n<6>[    6.000000] %b\n" % (FAULT % 7, KILLED)
    source = KernelRing(Teller(index()), AuditTeller(), text, measure=lambda: AWAKE, follow=True)
    events = list(every(source))
    assert [(one.number, one.time) for one in events if isinstance(one, Signal)] == [
        (11, BASE + 5 * SECOND),
        (9, BASE + 6 * SECOND),
    ]
    source.close()


@given(st.lists(st.one_of(st.binary(max_size=60), st.builds(record, st.integers(0, 9), st.binary(max_size=40))), max_size=6))  # fmt: skip
def test_records_of_any_form_are_survived(records):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    os.set_blocking(theirs.fileno(), False)
    source = source_of((ours, theirs.detach()), [one for one in records if one])
    list(every(source))
    source.close()
    ours.close()
