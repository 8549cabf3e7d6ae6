"""Kinds of death: what is alike is one, and what is not stays apart."""

from __future__ import annotations

import re

import pytest
from report.scene import report
from why.told import PKILL, WEBAPP, died, exited, saw, sent

from tracer.flow.ends import parse_terms
from tracer.flow.filter import Filter
from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.report import judge
from tracer.report.markdown import markdown
from tracer.report.page import page
from tracer.report.timeline import timeline


def killed(seconds, pid, sender=PKILL):
    target = replace(WEBAPP, pid=pid)
    signal = sent(seconds, "KILL", sender, target)
    return [signal, died(seconds + 0.01, "KILL", target, cause=signal.id)]


def test_repeats_are_one_kind_with_a_rhythm():
    data = report([event for turn in range(20) for event in killed(20 * turn, 100 + turn)])
    (kind,) = data["kinds"]
    assert kind["count"] == 20
    assert kind["every_ns"] == 20_000_000_000
    assert len(kind["times"]) == 20


def test_another_killer_is_another_kind():
    other = Process(5, comm=b"killall", uid=0)
    data = report([*killed(1, 100), *killed(2, 101, other), *killed(3, 102)])
    assert [(kind["by"], kind["count"]) for kind in data["kinds"]] == [("killall", 1), ("pkill", 2)]


def test_too_many_are_told_and_not_judged(monkeypatch):
    monkeypatch.setattr(judge, "JUDGED_MAX", 5)
    rare = died(1000, "SEGV", Process(7, comm=b"rare"))
    data = report([*(event for turn in range(20) for event in killed(turn, 100 + turn)), rare])
    assert data["counts"]["not_judged"] == 16
    assert data["counts"]["deaths"] == 5
    assert {kind["subject"] for kind in data["kinds"]} == {"webapp", "rare"}


def test_what_nobody_judged_is_nobodys_doing(monkeypatch):
    """Beside a sender's arrow its own deaths are counted; how many more were alike is told once, of all who share them."""
    monkeypatch.setattr(judge, "JUDGED_MAX", 6)
    other = Process(5, comm=b"killall", uid=0)
    unjudged = [event for turn in range(14) for event in killed(turn, 100 + turn)]
    judged = [event for turn in range(20, 26) for event in killed(turn, 100 + turn, other if turn < 24 else PKILL)]  # fmt: skip
    data = report([*unjudged, *judged])
    assert [(kind["by"], kind["count"], kind["not_judged"]) for kind in data["kinds"]] == [("killall", 4, 0), ("pkill", 2, 14)]  # fmt: skip
    assert [re.search(rf"KILL, {count}×", timeline(data)) is not None for count in (4, 2, 16, 18)] == [True, True, False, False]  # fmt: skip
    for form in (page(data), markdown(data)):
        assert "14 more alike not judged" in form
    assert markdown(data).count("more alike not judged") == 1


def test_plain_ends_are_counted_alone():
    data = report([exited(1, 0), exited(2, 3, Process(9, comm=b"job"))])
    assert data["counts"]["ended_well"] == 1
    assert [kind["subject"] for kind in data["kinds"]] == ["job"]


def test_only_what_is_asked_for():
    terms = tuple(parse_terms("job", "--to"))
    events = [*killed(1, 100), died(2, "SEGV", Process(9, comm=b"job"))]
    data = report(events, filter_=Filter(target=terms))
    assert [kind["subject"] for kind in data["kinds"]] == ["job"]
    assert data["tables"]["whom"]["rows"] == []


def test_what_is_of_another_time_is_left_out():
    first, last = killed(1, 100), killed(500, 101)
    data = report([*first, *last], filter_=Filter(since=last[0].time))
    assert [kind["count"] for kind in data["kinds"]] == [1]
    assert data["began"] == last[0].time


def test_a_death_without_a_sender_is_told_as_such():
    (kind,) = report([died(1, "KILL")], saw("deaths"))["kinds"]
    assert kind["sender_unknown"]
    assert kind["by"] is None


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("handled", "ended with status 1"),
        ("dropped", "no signal that it took was involved (SIGUSR1: dropped)"),
    ],
)
def test_what_a_process_took_that_asks_for_no_end_may_be_why_it_ended(outcome, told):
    data = report([sent(-8, "USR1", outcome=outcome), exited(0, 1)], saw("sends"))
    assert data["kinds"][0]["headline"].endswith(told)
