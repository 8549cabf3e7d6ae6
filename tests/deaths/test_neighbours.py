"""Out of everything a verdict picks what concerns one death: with its neighbours alone it is the same."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tracer.flow.filter import Filter
from tracer.flow.source import every
from tracer.sources.found import found_by_names
from tracer.sources.replayed import Asked, reading_of
from tracer.why.ask import Heard
from tracer.why.deaths import deaths_in
from tracer.why.neighbours import Neighbours
from tracer.why.verdict import verdict_of

HERE = Path(__file__).parent


def test_the_verdict_is_the_same(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    events, coverages = [], []
    for right in sorted(HERE.glob("*/*/right.json")):
        files = [str(path) for path in sorted(right.parent.iterdir()) if path.suffix != ".json"]
        reading = reading_of(found_by_names(files), Asked(quiet=True, filter_=Filter(), year=2026))
        with closing(reading.source) as source:
            events += Heard(every(source)).events
            coverages += source.coverage()
    deaths = deaths_in(events)
    near = Neighbours(events, deaths)
    assert len(deaths) > 100
    for death in deaths:
        whole = verdict_of(death, sorted_by_time(events), coverages, deaths)
        assert (
            verdict_of(death, near.events_of(death), coverages, near.deaths_of(death), near.logins)
            == whole
        )


def sorted_by_time(events):
    return sorted((one for one in events if one.time is not None), key=lambda one: one.time)
