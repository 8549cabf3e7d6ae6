"""Deaths and escalations: what is joined, and what is not invented."""

from __future__ import annotations

from tracer.flow.filter import Filter
from tracer.flow.join import Joiner
from tracer.model.event import Earlier, Exit, Process, Signal, lost

MS = 1_000_000
TARGET = Process(20, 20, b"app", start=5)


def signal(time, number, outcome="delivered", target=TARGET, **fields):
    return Signal(
        time, f"id{time}", "test", number, outcome=outcome, target=target, origin="kill", **fields
    )


def ended(time, number=None, status=None, process=TARGET):
    return Exit(time, "x", "test", process, number=number, status=status)


def joined(*events):
    joiner = Joiner(Filter())
    return [joiner.join(event) for event in events][-1]


def test_a_death_names_its_signal_and_the_time_between():
    end = joined(signal(10 * MS, 9), ended(12 * MS, 9))
    assert (end.cause, end.after_ns) == (f"id{10 * MS}", 2 * MS)


def test_the_first_signal_that_nothing_held_back_is_the_cause():
    assert joined(signal(1, 15), signal(2, 15, "coalesced"), ended(3, 15)).cause == "id1"
    assert joined(signal(1, 15, "blocked"), signal(2, 15), ended(3, 15)).cause == "id2"
    assert joined(signal(1, 15, "blocked"), ended(3, 15)).cause == "id1"


def test_a_signal_that_was_ignored_or_handled_is_no_cause():
    assert joined(signal(1, 15, "ignored"), ended(2, 15)).cause is None
    assert joined(signal(1, 15, "handled"), ended(2, 15)).cause is None


def test_an_exit_after_a_handler_says_so():
    end = joined(signal(1, 15, "handled"), ended(4, status=143))
    assert (end.cause, end.handled, end.after_ns) == (None, "id1", 3)


def test_a_death_of_another_signal_has_no_invented_cause():
    end = joined(signal(1, 15, "handled"), ended(4, 11))
    assert end.number == 11
    assert (end.cause, end.after_ns) == (None, None)


def test_who_was_sent_nothing_dies_unseen():
    assert joined(ended(1, 9)) is None
    assert joined(signal(1, 9), ended(2, 9, process=Process(20, 20, b"app", start=6))) is None


def test_an_exit_has_nothing_to_do_with_a_harmless_signal():
    assert joined(signal(1, 17, "ignored"), ended(2, status=0)) is None


def test_escalation():
    kill = joined(signal(1, 15, "handled"), signal(5_000, 9))
    assert kill.escalates == Earlier("id1", 15, 4_999)


def test_no_escalation_without_a_milder_signal_or_to_a_zombie():
    assert joined(signal(1, 10, "handled"), signal(2, 9)).escalates is None
    assert joined(signal(1, 15), signal(2, 9, "ignored")).escalates is None
    assert joined(signal(1, 15, "ignored", why="exiting"), signal(2, 9)).escalates is None


def test_losses_pass():
    loss = lost(1, "test", 2, "ring")
    assert joined(loss) is loss


def test_expects_death_until_it_is_seen():
    joiner = Joiner(Filter())
    joiner.join(signal(1, 9))
    assert joiner.expects_death()
    joiner.join(ended(2, 9))
    assert not joiner.expects_death()
