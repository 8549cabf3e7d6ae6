"""From what a verdict is, in words: witnesses, and the lines where a file can be opened at them."""

from __future__ import annotations

import pytest

from tracer.model.event import Place
from tracer.model.verdict import Evidence
from tracer.recording.names import name_of
from tracer.why.proof import ranges, sources

PIECE = "/var/lib/sigtrace/" + name_of("web3", "cd" * 16, 1_764_000_000_000_000_000)


def of(*places):
    return sources(Evidence(str(at), 0, one, "audit", "text") for at, one in enumerate(places))


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([None], "audit"),
        ([Place(file="/var/log/messages", line=3), Place(file="/var/log/messages", line=4)], "messages:3-4"),
        ([Place(recording="/tmp/outage.jsonl", line=9)], "outage.jsonl:9"),
        ([Place(recording=PIECE, line=9), Place(recording=PIECE, line=10)], "sigtrace's recording"),
        ([Place(recording="/tmp/a\x1b[2Jb", line=1)], "a\\x1b[2Jb:1"),
        ([Place(file="/x/kern.log", line=2), Place(cursor="s=1")], "kern.log:2, audit"),
    ],
)  # fmt: skip
def test_sources(places, told):
    assert of(*places) == told


def test_ranges():
    assert ranges([3, 18, 21, 22, 23]) == "3,18,21-23"
