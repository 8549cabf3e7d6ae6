"""A source read once a second, and sooner where it fills."""

from __future__ import annotations

import pytest

from tracer.flow import pace
from tracer.flow.pace import MUCH, OFTEN, REST, SELDOM, Paced


class Source:
    name, grace, keeps = "core", 0.25, ()

    def __init__(self) -> None:
        self.events: list[int] = []
        self.filling = False
        self.reads = 0

    def is_filling(self) -> bool:
        return self.filling

    def descriptors(self):
        return [(0, 1)]

    def due(self):
        return None

    def read(self, last=False):
        self.reads += 1
        told, self.events = self.events, []
        yield from told


@pytest.fixture
def now(monkeypatch):
    moment = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: moment[0])
    return moment


def test_it_sleeps_until_something_comes_or_the_sink_wants_something(now):
    source = Source()
    assert Paced(source, lambda: None).due() is None
    assert Paced(source, lambda: 7.0).due() == 7.0
    assert list(Paced(source, lambda: None).descriptors()) == [(0, 1)]


def test_after_a_read_it_rests(now):
    source = Source()
    paced = Paced(source, lambda: None)
    source.events = [1]
    assert list(paced.read()) == [1]
    source.events = [2]
    assert list(paced.descriptors()) == []
    assert paced.due() == SELDOM
    assert list(paced.read()) == []
    now[0] += REST
    assert list(paced.read()) == [2]
    assert source.reads == 2


def test_a_read_of_nothing_needs_no_rest(now):
    paced = Paced(Source(), lambda: None)
    assert list(paced.read()) == []
    assert list(paced.descriptors()) == [(0, 1)]


def test_a_buffer_that_fills_is_read_at_once_and_looked_at_more_often(now):
    source = Source()
    paced = Paced(source, lambda: None)
    source.events = list(range(MUCH + 1))
    assert len(list(paced.read())) == MUCH + 1
    assert paced.due() == OFTEN
    source.events, source.filling = [1], True
    assert list(paced.read()) == [1]


def test_the_end_is_read_whatever_the_rest(now):
    source = Source()
    paced = Paced(source, lambda: None)
    source.events = [1]
    list(paced.read())
    source.events = [2]
    assert list(paced.read(last=True)) == [2]


def test_a_source_that_cannot_say_whether_it_fills_is_read_at_once(now):
    class Plain(Source):
        is_filling = None  # type: ignore[assignment]

    source = Plain()
    paced = Paced(source, lambda: None)
    source.events = [1]
    list(paced.read())
    assert list(paced.descriptors()) == [(0, 1)]
