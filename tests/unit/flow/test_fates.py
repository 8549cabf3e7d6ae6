"""What came of a signal's target: told when it is known, and nothing is lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow.fates import SURVIVED, Fates
from tracer.flow.filter import Filter
from tracer.model.event import Exit, Process, Signal, lost

WEB = Process(7, comm=b"web")
TERM = Signal(100, "term", "core", 15, outcome="handled", target=WEB)
KILL = Signal(200, "kill", "core", 9, outcome="delivered", target=WEB)
DIED = Exit(210, "x", "core", WEB, number=9, cause="kill", after_ns=10)
EXITED = Exit(220, "y", "core", WEB, status=0, handled="term", after_ns=120)
LOSS = lost(205, "core", 3, "ring")
EARLY, LATE = TERM, Signal(100 + SURVIVED + 1, "late", "core", 1, outcome="delivered", target=WEB)


def shown(fates, events, outcomes=()):
    stage = Fates(Filter(fates=frozenset(fates), outcomes=frozenset(outcomes)))
    made = [one for event in events for one in stage.feed(event)]
    return made + list(stage.end())


@pytest.mark.parametrize(
    ("fates", "events", "wanted"),
    [
        ((), [TERM, KILL, DIED], [TERM, KILL, DIED]),
        (("died",), [TERM, KILL, DIED], [KILL, DIED]),
        (("died",), [TERM, EXITED], []),
        (("exited",), [TERM, EXITED], [TERM, EXITED]),
        (("exited",), [KILL, DIED], []),
        (("survived",), [TERM, KILL, DIED], [TERM]),
        (("survived",), [EARLY, LATE], [EARLY, LATE]),
        (("died", "exited"), [TERM, KILL, DIED, EXITED], [KILL, DIED, TERM, EXITED]),
        (("died",), [KILL, LOSS], [LOSS]),
    ],
)
def test_fates(fates, events, wanted):
    assert shown(fates, events) == wanted


def test_words_of_both_kinds_are_alternatives():
    assert shown(["died"], [TERM, KILL, DIED], ["handled"]) == [TERM, KILL, DIED]


def test_victims_of_a_wide_kill_have_their_own_fates():
    other = Signal(200, "kill", "core", 9, outcome="delivered", target=Process(8))
    assert shown(["died"], [KILL, other, DIED]) == [KILL, DIED]
    assert shown(["survived"], [KILL, other, DIED]) == [other]


EVENTS = st.lists(st.sampled_from([TERM, KILL, DIED, EXITED, LOSS, LATE]), max_size=12)


@given(EVENTS)
def test_every_signal_has_one_fate(events):
    told = [one for fate in ("died", "exited", "survived") for one in shown([fate], events)]
    signals = [one for one in events if isinstance(one, Signal)]
    assert sorted(one.id for one in told if isinstance(one, Signal)) == sorted(
        one.id for one in signals
    )
