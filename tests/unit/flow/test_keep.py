"""Which ends a recorder keeps, and which events a replay of its recording shows."""

from __future__ import annotations

import pytest

from tracer.flow.ends import parse_terms
from tracer.flow.filter import Filter
from tracer.flow.keep import OLD, Keeper
from tracer.flow.retold import Retold
from tracer.model.event import Exec, Exit, Mark, Process, Signal
from tracer.model.frozen import replace
from tracer.model.signals import EVERY, NOISY

NOON = 10**18
WORKER = Process(2, comm=b"worker", ppid=77, ns_pid=2, start=NOON)


def end(after: int = 1, status: int | None = 1, number: int | None = None, **changes) -> Exit:
    process = replace(WORKER, **changes)
    return Exit(NOON + after, "e", "core", process, status=status, number=number)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (end(), False),
        (end(after=OLD), True),
        (end(after=OLD, status=0), False),
        (end(ppid=1), True),
        (end(ppid=1, status=0), False),
        (end(ns_pid=1), True),
        (end(after=OLD, start=None), False),
        (end(status=None, number=9), True),
    ],
)
def test_ends_worth_a_line(told: Exit, kept: bool) -> None:
    assert (Keeper(Filter(), frozenset(), every_exit=False).join(told) is not None) == kept
    assert Keeper(Filter(), frozenset(), every_exit=True).join(told) == told


def test_an_end_that_the_kernel_tells_twice_is_kept_once() -> None:
    keeper = Keeper(Filter(), frozenset(), every_exit=True)
    assert [keeper.join(end(after=n)) is not None for n in (1, 2)] == [True, False]
    assert keeper.join(end(start=NOON + 1)) is not None  # Another process with that pid.


def test_an_end_is_joined_to_its_signal_as_in_a_live_trace() -> None:
    keeper = Keeper(Filter(), frozenset(), every_exit=False)
    sent = Signal(NOON, "s", "core", 9, outcome="delivered", target=WORKER)
    keeper.join(sent)
    joined = keeper.join(end(status=None, number=9))
    assert isinstance(joined, Exit)
    assert (joined.cause, joined.after_ns) == ("s", 1)


USUAL = EVERY - NOISY
SENT = Signal(NOON, "s", "core", 15, target=WORKER, sender=Process(5, comm=b"boss"), escalates=None)
DIED = replace(end(status=None, number=15), cause="s", after_ns=1)
FAILED = end(after=OLD)


def shown(filter_: Filter, *events, whole: bool = False) -> list:
    joiner = Retold(filter_, whole=whole)
    return [one for event in events if filter_.matches(event) and (one := joiner.join(event))]


def test_what_was_joined_is_told_as_it_was() -> None:
    assert shown(Filter(USUAL), SENT, DIED, FAILED) == [SENT, DIED, FAILED]


def test_an_end_is_shown_with_the_signal_that_it_followed() -> None:
    by_boss = Filter(USUAL, sender=parse_terms("boss", "--from"))
    by_other = Filter(USUAL, sender=parse_terms("other", "--from"))
    assert shown(by_boss, SENT, DIED, FAILED) == [SENT, DIED]
    assert shown(by_other, SENT, DIED, FAILED) == []


def test_an_end_by_itself_is_shown_where_its_process_is_wanted() -> None:
    to_worker = Filter(USUAL, target=parse_terms("worker", "--to"))
    to_other = Filter(USUAL, target=parse_terms("other", "--to"))
    assert shown(to_worker, FAILED) == [FAILED]
    assert shown(to_other, FAILED, DIED) == []
    lone = replace(DIED, cause=None, after_ns=None)
    assert shown(Filter(frozenset((15,))), lone, FAILED) == [lone]
    assert shown(Filter(frozenset((9,))), lone, FAILED) == []


def test_the_recorders_bookkeeping_is_shown_only_with_all_else() -> None:
    marks = [Mark(NOON, what, "recorder", what) for what in ("begin", "state", "rotate", "end")]
    asked = Exec(NOON, "x", "core", WORKER)
    assert [one.id for one in shown(Filter(USUAL), *marks, asked)] == ["begin", "end", "x"]
    assert shown(Filter(), *marks, whole=True) == marks
