"""From what a verdict is, in words: witnesses, and the lines where a file can be opened at them."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import saw, unit_died

from tracer.model.event import Place
from tracer.model.verdict import Evidence, Negative, Verdict
from tracer.recording.names import name_of
from tracer.why.proof import ranges, sources, sure

PIECE = "/var/lib/sigtrace/" + name_of("web3", "cd" * 16, 1_764_000_000_000_000_000)


def of(*places):
    return sources(Evidence(str(at), 0, one, "audit", "text") for at, one in enumerate(places))


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([None], "audit"),
        ([Place(file="/var/log/messages", line=3), Place(file="/var/log/messages", line=4)], "messages:3-4"),
        ([Place(file="-", line=3)], "standard input:3"),
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


def open_by(*whys, cause="unknown", confidence="open", **more):
    negatives = tuple(Negative(kind, why) for kind, why in zip(("oom", "killed"), whys))
    return sure(Verdict(0, cause, confidence, cannot_rule_out=negatives, **more))


def test_files_that_lack_lines_are_named_once_and_without_their_folders():
    one, two = (
        "lines may be missing from /var/log/kern.log",
        "lines may be missing from /var/log/messages",
    )
    assert open_by(f"{one}; {two}", f"{two}; no record", fits=("oom", "killed")) == (
        "open: it may be the OOM killer or a signal from a process; none of these can be ruled out: "
        "lines may be missing from kern.log and messages; no record"
    )


def test_a_cause_is_not_among_those_that_could_not_be_ruled_out():
    told = open_by("a", "b", cause="killed", confidence="likely", doubts=("joined by time",))
    assert told == "likely: joined by time; not ruled out: the OOM killer"


def test_what_is_left_by_exclusion_says_which_others_were_looked_for():
    (verdict,) = verdicts([unit_died(0, "KILL")], saw("oom", "statements"))
    assert sure(verdict) == (
        "likely: nothing tells of the OOM killer or a stop that took too long "
        "(kernel log would show it), so a process sent it"
    )
