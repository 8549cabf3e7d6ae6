"""A call to kill tells of an end by itself, but of one that would have been seen."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import WEBAPP, at, died, exited, saw, sent

from tracer.model.coverage import Gap
from tracer.model.event import Process
from tracer.model.frozen import replace

KILL = sent(0, "KILL", source="audit")


@pytest.mark.parametrize(
    ("more", "covered", "sure"),
    [
        ([], saw("sends"), "yes"),
        ([], saw("sends", "deaths"), "likely"),
        ([], [replace(saw("sends", "deaths")[0], gaps=(Gap(at(-1), at(1), 3, "lost"),))], "yes"),
        ([died(0.001, "KILL", source="audit", cause="s0")], saw("sends", "deaths"), "yes"),
    ],
)
def test_of_a_kill_whose_end_was_not_seen(more, covered, sure):
    (verdict,) = verdicts([KILL, *more], covered)
    assert (verdict.cause, verdict.confidence) == ("killed", sure)
    assert verdict.who.sender.pid == 991


@pytest.mark.parametrize(("start", "sure"), [(None, "likely"), (at(-20), "yes")])
def test_of_a_pid_that_had_ended_before(start, sure):
    """Of a zombie, or of another process: which, a start tells."""
    before = exited(-60, 3, Process(2231, comm=b"webapp"), "journal")
    kill = replace(KILL, target=replace(WEBAPP, start=start))
    verdict = verdicts([before, kill])[-1]
    assert (verdict.cause, verdict.confidence) == ("killed", sure)
