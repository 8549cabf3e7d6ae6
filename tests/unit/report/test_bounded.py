"""A report is a fold over a stream: what is kept does not grow with it, and what is told is the same."""

from __future__ import annotations

import tracemalloc
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.scene import OUTAGE, report
from report.test_size import Life, word
from why.told import NOON, S, at, died, saw, sent

from tracer.flow.ends import parse_terms
from tracer.flow.filter import Filter
from tracer.model.event import Ancestor, Process, Statement
from tracer.model.frozen import replace
from tracer.report import data, judge
from tracer.report.markdown import markdown
from tracer.report.page import page
from tracer.report.window import RIPE


@pytest.fixture
def often(monkeypatch):
    """Deaths are looked for after every few events."""
    monkeypatch.setattr(judge, "SOME", 7)


def lives(deaths):
    """The events of (number of its kind, turn) in the order of their times."""
    life = Life()
    for number, turn in deaths:
        life.death(number, turn)
    return sorted(life.events, key=lambda one: one.time)


FILTERS = [Filter(), Filter(sender=tuple(parse_terms(word(2, "tidy"), "--from")))]


@settings(max_examples=40, deadline=None)
@given(
    deaths=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), max_size=60, unique=True),
    filter_=st.sampled_from(FILTERS),
)
def test_it_is_the_same_however_often_deaths_are_looked_for(deaths, filter_):
    events, sight = lives(deaths), saw("sends", "oom", "deaths")
    whole = report(events, sight, filter_)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "SOME", 7)
        assert report(events, sight, filter_) == whole


def test_whom_a_sender_killed_is_found_among_many_others(often, monkeypatch):
    """Others do not take its place: who was behind a death is known before it is left out."""
    monkeypatch.setattr(judge, "JUDGED_MAX", 60)
    events = lives((number, turn) for number in range(24) for turn in range(20))
    made = report(events, filter_=FILTERS[1])
    assert {kind["by"] for kind in made["kinds"]} == {word(2, "tidy")}
    assert made["counts"]["deaths"] == 3 * 20


def test_the_outage_is_the_same(often):
    told = sorted(OUTAGE["story"]().events, key=lambda one: one.time)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "SOME", 1 << 40)
        whole = report(told)
    assert report(told) == whole


def test_hosts_may_be_told_one_after_the_other(often):
    """As the pieces of a fleet's recordings are: each of some hours, by their beginnings."""
    mine = lives((number, turn) for number in range(24) for turn in range(20))
    others = [replace(one, host="db1") for one in lives((number, turn) for number in range(24, 48) for turn in range(20))]  # fmt: skip
    hours = sorted({(one.time - NOON) // (7200 * S) for one in [*mine, *others]})
    pieces = [
        one
        for hour in hours
        for events in (mine, others)
        for one in events
        if (one.time - NOON) // (7200 * S) == hour
    ]
    mixed = sorted([*mine, *others], key=lambda one: one.time)
    found, whole = report(pieces), report(mixed)
    assert [one["headline"] for one in found["kinds"]] == [
        one["headline"] for one in whole["kinds"]
    ]
    assert found["counts"] == whole["counts"]
    assert found["counts"]["deaths"] == 2 * 24 * 20


def test_no_death_is_lost_or_told_twice_where_a_clock_is_set(often):
    steps = [*range(0, 4000, 10), *range(1000, 5000, 10)]
    told = [died(second + 0.1 * (at_ > 400), "KILL", Process(1000 + at_, comm=b"job")) for at_, second in enumerate(steps)]  # fmt: skip
    counts = report(told)["counts"]
    assert [counts["deaths"], counts["not_judged"], counts["forgotten"]] == [len(told), 0, 0]


def test_what_comes_a_quarter_of_an_hour_later_still_counts(often):
    """The manager's request before it, and its words behind it, are found though hundreds of others ended between."""
    unit = b"slow.service"
    target = Process(77, comm=b"slow", unit=unit, ppid=1)
    init = Process(1, comm=b"systemd")
    request, signal = sent(0, "TERM", init, target), sent(890, "KILL", init, target)
    death = died(890.01, "KILL", target, cause=signal.id)
    later = Statement(at(1000), "again", "journal", "started", init, Process(unit=unit), host="web3")  # fmt: skip
    others = [died(second, "SEGV", Process(9000 + second, comm=b"other")) for second in range(1, 6000, 3)]  # fmt: skip
    told = sorted([request, signal, death, later, *others], key=lambda one: one.time)
    (kind,) = [one for one in report(told)["kinds"] if one["unit"] == "slow.service"]
    assert kind["cause"] == "stop timeout"
    steps = [step["what"] for step in kind["deaths"][0]["steps"]]
    assert steps == ["signal", "kill", "again"]


def busy(seconds=7):
    """Without end: each process is another one, with its own command line and parents; the kinds are a few."""
    second, pid = 0.0, 1000
    while True:
        for form in ("crash", "asked", "loop", "handled"):
            second, pid = second + seconds, pid + 1
            process = Process(
                pid, comm=b"worker", unit=b"%d.service" % (pid % 30), argv=(b"worker", b"--job=%d" % (pid * 7919) * 8),
                ancestors=(Ancestor(pid - 1, b"parent-%d" % pid, argv=(b"parent", b"%d" % pid * 8)),), start=at(second) - S,
            )  # fmt: skip
            sender = None if form == "crash" else replace(process, pid=pid + 1, comm=b"killer")
            name = {"crash": "SEGV", "loop": "ABRT"}.get(form, "TERM")
            own = replace(sent(second, name, sender, process), outcome="handled" if form == "handled" else "delivered")  # fmt: skip
            yield own
            if form != "handled":
                yield replace(died(second + 0.01, name, process, cause=own.id), id=f"x{pid}")


def peak(count):
    """What a report on so many events holds at most, in bytes."""
    tracemalloc.start()
    try:
        made = report(islice(busy(), count))
        assert made["counts"]["events"] == count
        return tracemalloc.get_traced_memory()[1], made
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_events(monkeypatch):
    monkeypatch.setattr(judge, "SOME", 500)
    monkeypatch.setattr(judge, "JUDGED_MAX", 200)
    once, few = peak(8_000)
    four_times, many = peak(32_000)
    assert four_times < 1.15 * once
    counts = [made["counts"] for made in (few, many)]
    ended = [one["deaths"] + one["not_judged"] + one["ended_well"] for one in counts]
    told = [len({one.id for one in islice(busy(), count) if one.id[0] == "x"}) for count in (8_000, 32_000)]  # fmt: skip
    assert ended == told
    # Of what is alike it is told, once, how many more there were.
    assert many["counts"]["forgotten"] == 0
    assert sum(kind["not_judged"] for kind in many["kinds"]) == many["counts"]["not_judged"]


def test_what_comes_too_thick_is_counted_judged_and_told(monkeypatch):
    monkeypatch.setattr(judge, "SOME", 50)
    monkeypatch.setattr(judge, "KEPT_MAX", 400)
    count = 5000
    assert count * 0.001 * S < RIPE
    made = report(islice(busy(0.001), count))
    counts = made["counts"]
    assert counts["forgotten"] > 0
    assert counts["deaths"] + counts["not_judged"] == sum(one.id[0] == "x" for one in islice(busy(0.001), count))  # fmt: skip
    assert "came too thick" in page(made)


def test_kinds_that_have_no_room_are_counted_as_what_they_are(monkeypatch):
    """On the page and in a ticket; nobody ordered them, though they are not told."""
    monkeypatch.setattr(data, "KINDS_MAX", 3)
    made = report(died(second, "SEGV", Process(9000 + second, comm=b"%d" % second)) for second in range(8))  # fmt: skip
    counts = made["counts"]
    assert [counts["deaths"], counts["unordered"], counts["kinds_left_out"]] == [8, 8, 5]
    assert all("5 older kinds of death were left out" in form(made) for form in (page, markdown))
