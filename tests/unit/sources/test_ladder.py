"""The ladder chooses the first rung that holds, and says of each other why it does not."""

from __future__ import annotations

import pytest

from tracer.flow.filter import Filter, parse_origins, parse_outcomes
from tracer.flow.kernel_filter import KernelFilter
from tracer.model.errors import Problem
from tracer.sources import ladder
from tracer.sources.abilities import ABILITIES, SOURCES, unseen
from tracer.sources.wanted import Wanted

WANTED = Wanted(KernelFilter(frozenset({9}), frozenset({0})))


class Opened:
    def __init__(self, name):
        self.name = name


def rung(name, fails):
    def open_rung(_wanted):
        if fails:
            raise Problem(f"cannot trace through {name}", f"{name} is broken", f"mend {name}")
        return Opened(name)

    return open_rung


@pytest.fixture
def rungs(monkeypatch):
    def with_broken(*broken):
        made = {name: rung(name, name in broken) for name in SOURCES}
        monkeypatch.setattr(ladder, "RUNGS", made)

    return with_broken


@pytest.mark.parametrize(
    ("broken", "chosen"), [((), "core"), (("core",), "bcc"), (("core", "bcc"), "audit")]
)
def test_auto_takes_the_first_that_works(rungs, broken, chosen):
    rungs(*broken)
    source, failed = ladder.open_source("auto", WANTED, Filter())
    assert source.name == chosen
    assert tuple(failed) == broken


def test_a_rung_asked_for_is_the_only_one_tried(rungs):
    rungs("bcc")
    with pytest.raises(Problem, match="bcc is broken"):
        ladder.open_source("bcc", WANTED, Filter())


@pytest.mark.parametrize(
    "filter_",
    [Filter(outcomes=parse_outcomes("ignored")), Filter(origins=parse_origins("timer"))],
)
def test_what_a_source_never_tells_cannot_be_asked_of_it(rungs, filter_):
    rungs("core", "bcc")
    with pytest.raises(Problem, match="is never told by audit"):
        ladder.open_source("audit", WANTED, filter_)
    with pytest.raises(ladder.NoSource, match="audit records neither outcomes"):
        ladder.open_source("auto", WANTED, filter_)
    rungs()
    assert ladder.open_source("auto", WANTED, filter_)[0].name == "core"


def test_no_rung_holds(rungs):
    rungs(*SOURCES)
    with pytest.raises(Problem) as raised:
        ladder.open_source("auto", WANTED, Filter())
    text = str(raised.value)
    for name in SOURCES:
        assert f"{name}: cannot trace through {name}" in text
        assert f"why: {name} is broken" in text
        assert f"try: mend {name}" in text
    assert "sigtrace replay /var/log/audit/audit.log needs nothing" in text


def test_rungs_are_the_declared_sources():
    assert tuple(ladder.RUNGS) == SOURCES


def test_the_best_source_misses_nothing():
    assert unseen(SOURCES[0]) == []
    assert "outcome" in unseen("audit")
    assert len(set(ABILITIES)) == len(ABILITIES)
