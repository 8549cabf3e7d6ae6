"""Births that accounting tells too late, for the host slept: whose end is told by others is one death, by the end's time."""

from __future__ import annotations

import itertools

import pytest
from told import died

from tracer.model.event import Process, Signal
from tracer.model.times import SECOND
from tracer.model.witness import ACCOUNTING
from tracer.why.deaths import deaths_in

END = 40_000
BORN = 500 * SECOND + 7
FAULT = Signal(died(END, "SEGV").time, "f", "kernel log", 11, origin="fault", host="web3",
               target=Process(tid=2231))  # fmt: skip


def recorded(end=END):
    return died(end, "SEGV", process=Process(2231, start=BORN))


def accounted(end=END):
    late = died(end, "SEGV").time - 60 * SECOND
    return died(end, "SEGV", process=Process(2231, ppid=9, start=late), source=ACCOUNTING)


@pytest.mark.parametrize(
    "order", list(itertools.permutations((FAULT, recorded(END + 0.3), accounted())))
)
def test_all_tellings_of_one_end_are_one_death(order):
    (death,) = deaths_in(order)
    assert (death.process.start, death.process.ppid) == (BORN, 9)
    assert len(death.tellings) == 3


@pytest.mark.parametrize("after", [-3, 3])
def test_a_number_that_was_used_again_is_another_death(after):
    assert len(deaths_in([recorded(), accounted(END + after)])) == 2


def test_two_records_of_accounting_are_two_deaths():
    assert len(deaths_in([accounted(), accounted(END + 1)])) == 2
