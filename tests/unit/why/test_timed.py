"""Whose timer was behind it."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import PKILL, died, sent

from tracer.model.event import Ancestor
from tracer.model.frozen import replace
from tracer.model.spelling import to_object
from tracer.why.timed import with_timer
from tracer.why.words import labels

TIDY = replace(
    PKILL, unit=b"tidy.service", loginuid=None, ancestors=(Ancestor(980, b"tidy-workers"),)
)
TIMERS = {b"tidy.service": b"tidy.timer"}


def explained(sender):
    (verdict,) = verdicts([sent(0, "KILL", sender), died(0.1, "KILL", cause="s0")])
    found = with_timer(verdict, TIMERS.get)
    return found, dict(labels(found, 0))["who"].replace("\xa0", " ")


def test_the_unit_and_its_timer_are_named():
    verdict, who = explained(TIDY)
    assert (verdict.who.via, verdict.who.timer) == ("timer", b"tidy.timer")
    assert who.endswith("← tidy-workers[980] ← tidy.service, which tidy.timer starts")
    assert to_object(verdict)["who"]["timer"] == "tidy.timer"


@pytest.mark.parametrize(
    ("sender", "via", "end"),
    [
        (replace(TIDY, unit=b"other.service"), "unit", "← other.service"),
        (replace(TIDY, unit=b"pkill.service"), "unit", "tidy-workers[980]"),  # its name says so
        (PKILL, "cron", "← cron[970]"),
        (replace(TIDY, container=b"4f5e6d7c8b9a" * 5), "container", "← container 4f5e6d7c8b9a"),
    ],
    ids=["another unit", "of the same name", "cron", "a container"],
)  # fmt: skip
def test_what_its_parents_lead_to_is_named(sender, via, end):
    verdict, who = explained(sender)
    assert verdict.who.via == via
    assert who.endswith(end)
