"""The demo outage, and reports of events, short to write."""

from __future__ import annotations

import runpy
from html.parser import HTMLParser
from pathlib import Path

from tracer.flow.filter import Filter
from tracer.report.data import Hide, data_of
from tracer.report.gather import Gathered
from tracer.report.judge import Judge
from tracer.report.make import Wanted

ROOT = Path(__file__).parents[3]
OUTAGE = runpy.run_path(str(ROOT / "examples/outage.py"))
VOID = frozenset(("meta", "br", "input"))


def report(events, coverages=(), filter_=None, hide=None, read=()):
    """The data of a report on these events, each heard once."""
    filter_ = filter_ or Filter()
    gathered, judge = Gathered(filter_), Judge(Wanted(filter_))
    judge.hear(gathered.passing(events))
    return data_of(gathered, judge.judgement(coverages), coverages, read, hide=hide or Hide())


class Seen(HTMLParser):
    """What a reader of the page meets; a tag that does not fit raises."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.attributes = [], [], [], set(), []
        self.words = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.handle_startendtag(tag, attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if tag == "a" else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)
