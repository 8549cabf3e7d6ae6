"""Work done on two CPUs: in order, each piece once, whatever becomes of the child."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from tracer.sources.two import Two


def two_of(count, done=None):
    def do(number):
        if done is not None:
            done.append(number)
        return number * number

    return Two(count, do, lambda made: b"%d" % made, int, parallel=True)


def children():
    """How many this process has."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return len(file.read().split())


def test_everything_comes_in_order_and_no_child_stays():
    before = children()
    two = two_of(300)
    assert [two.next() for _ in range(300)] == [number * number for number in range(300)]
    assert children() == before + 1
    two.close()
    assert children() == before


@pytest.mark.parametrize(("left", "ends"), [(0, 0), (300, signal.SIGKILL)])
def test_a_child_with_nothing_left_to_do_is_not_killed(left, ends, monkeypatch):
    """A recorder at work would tell of it."""
    asleep = threading.Event()
    do = (lambda _number: asleep.wait(60)) if left else lambda _number: True
    two = Two(300, do, lambda _made: b"1", int, parallel=True)
    statuses = []
    waitpid = os.waitpid
    monkeypatch.setattr(os, "waitpid", lambda *asked: statuses.append(waitpid(*asked)[1]))
    for _ in range(300 - left):
        two.next()
    two.close()
    assert statuses == [ends]


@pytest.mark.parametrize("after", [0, 1, 7])
def test_what_a_killed_child_had_taken_is_done_again(after):
    two = two_of(300)
    made = [two.next() for _ in range(after)]
    os.kill(two._child._pid, signal.SIGKILL)
    made += [two.next() for _ in range(300 - after)]
    assert made == [number * number for number in range(300)]
    two.close()


def test_without_a_child_one_does_it_all():
    done: list[int] = []
    two = Two(5, lambda number: done.append(number) or number, bytes, int, parallel=False)
    assert [two.next() for _ in range(5)] == done == list(range(5))


def test_an_error_of_the_child_is_told_where_the_piece_is_wanted():
    def do(number):
        if number == 3:
            raise OSError("gone")
        return number

    two = Two(6, do, lambda made: b"%d" % made, int, parallel=True)
    with pytest.raises(OSError, match="gone"):
        [two.next() for _ in range(6)]
    two.close()
