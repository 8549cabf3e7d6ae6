"""An end is told after the signal that it is of, whichever of the two was heard of first."""

from __future__ import annotations

import pytest

from tracer.host.process_connector import Ended
from tracer.model.event import Process
from tracer.sources.audit.ends import GONE, KEPT, WAIT, Ends

TARGET = Process(pid=7)


def test_the_signal_comes_first():
    ends = Ends()
    ends.sent(TARGET, 10)
    ends.add([Ended(7, 20, 9)])
    assert list(ends.due(20 + WAIT, last=False)) == []
    assert ends
    assert list(ends.due(21 + WAIT, last=False)) == [(Ended(7, 20, 9), TARGET)]
    assert not ends


def test_the_end_comes_first_and_waits():
    ends = Ends()
    ends.add([Ended(7, 20, 9)])
    ends.sent(TARGET, 10)
    assert list(ends.due(21 + WAIT, last=False)) == [(Ended(7, 20, 9), TARGET)]


def test_the_signal_comes_when_the_end_has_waited_in_vain():
    ends = Ends()
    ends.add([Ended(7, 20, 9)])
    assert list(ends.due(21 + WAIT, last=False)) == [(Ended(7, 20, 9), None)]
    ends.sent(TARGET, 10)
    assert list(ends.due(21 + WAIT, last=False)) == [(Ended(7, 20, 9), TARGET)]
    assert list(ends.due(21 + WAIT, last=False)) == []


def test_those_that_have_waited_in_vain_keep_their_order():
    ends = Ends()
    ends.add([Ended(7, 20, 9), Ended(8, 21, 9)])
    list(ends.due(22 + WAIT, last=False))
    for pid in (8, 7):
        ends.sent(Process(pid=pid), 10)
    assert ends
    told = ends.due(22 + WAIT, last=False)
    assert [(end.pid, process.pid) for end, process in told] == [(7, 7), (8, 8)]
    assert not ends


def test_a_later_process_of_that_pid_has_not_ended():
    ends = Ends()
    ends.add([Ended(7, 20, 9)])
    list(ends.due(0, last=True))
    ends.sent(TARGET, 30)
    assert list(ends.due(0, last=True)) == []


def test_memory_is_bounded():
    ends = Ends()
    ends.add(Ended(pid, pid, 9) for pid in range(1, KEPT + 2))
    assert len(list(ends.due(0, last=True))) == KEPT + 1
    newest = [KEPT // 2 + 2, KEPT + 1]
    for pid in (1, *newest):
        ends.sent(Process(pid=pid), 0)
    assert sorted(end.pid for end, _ in ends.due(0, last=True)) == newest


@pytest.mark.parametrize("at", [20, 30])
def test_what_a_zombie_is_sent_is_not_what_it_died_of(at):
    """Though the records' clock cannot tell which was first."""
    ends, zombie = Ends(), Process(pid=7, comm=b"zombie")
    ends.sent(TARGET, 10)
    ends.add([Ended(7, 20, 9)])
    ends.sent(zombie, at)
    assert list(ends.due(21 + WAIT, last=False)) == [(Ended(7, 20, 9), TARGET)]
    assert list(ends.due(22 + WAIT, last=True)) == []


def test_the_next_owner_of_the_pid_has_its_own_end():
    """However soon it comes; and a zombie's last signal is not put to it later."""
    ends, second = Ends(), Process(pid=7, comm=b"second")
    ends.sent(TARGET, 10)
    ends.add([Ended(7, 20, 9)])
    ends.sent(second, 30)
    ends.add([Ended(7, 40, 15)])
    told = list(ends.due(0, last=True))
    assert told == [(Ended(7, 20, 9), TARGET), (Ended(7, 40, 15), second)]
    ends.sent(second, 50)
    ends.add([Ended(7, 50 + GONE + 1, 0)])
    assert [target for _, target in ends.due(0, last=True)] == [None]


def test_whose_birth_is_known_may_live_long():
    ends, old = Ends(), Process(pid=7, start=5)
    ends.sent(old, 10)
    ends.add([Ended(7, 10 + 60 * GONE, 0)])
    assert [target for _, target in ends.due(0, last=True)] == [old]


def test_where_ends_were_missed_nobody_has_ended_for_sure():
    ends = Ends()
    ends.sent(TARGET, 10)
    ends.forget()
    ends.add([Ended(7, 20, 9)])
    assert [target for _, target in ends.due(0, last=True)] == [None]
