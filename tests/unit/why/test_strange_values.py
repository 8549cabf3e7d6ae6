"""A recording is anybody's file: whatever stands where a number or a word of ours should, no command breaks, and nothing of
it reaches a terminal raw."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from told import NOON, SYSTEMD, UNIT, WEBAPP, died, exited, ran, said, sent

from tracer import cli
from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.model.numbers import size_of_kb
from tracer.model.spelling import from_object, to_object
from tracer.model.verdict import Verdict
from tracer.why import words

OOM = {
    "limit_kb": 40960, "anon_rss_kb": 30000, "free_kb": 3, "constraint": "CPUSET", "order": 0,
    "scope": "cgroup", "cgroup": "/a.slice", "invoker": "tar", "oom_score": 3,
}  # fmt: skip
FAULT = {"kind": "segfault", "address": "0", "ip": "b7", "error": "6", "file": "libc.so.6", "file_base": "a0", "file_size": "10"}  # fmt: skip
EVENTS = [
    sent(0, "TERM"), sent(5, "KILL"), died(5, "KILL", cause="s5"), exited(6, 143, handled="s0"),
    said(5, "oom report", WEBAPP, Process(comm=b"kernel"), text=b"Killed process", details=OOM),
    said(5, "fault", WEBAPP, Process(comm=b"kernel"), text=b"segfault", details=FAULT),
    said(4, "stop timeout", text=b"Killing."), said(1, "stop asked", by=SYSTEMD), ran(1),
    said(5, "unit failed", Process(unit=UNIT), details={"result": "oom-kill"}),
    said(3, "logged in", details={"address": "1.2.3.4", "user": "alice", "port": 22}),
    said(4.9, "command asked", details={"command": "/bin/kill -9 2231", "user": "bob", "as_user": "root", "tty": "pts/1"}),
]  # fmt: skip
OBJECTS = [to_object(one) for one in EVENTS]
STRANGE = st.sampled_from(
    [None, True, -1, 1.5, 1e308, float("nan"), float("inf"), 10**30, -(10**30), "", "0x", "1_0", "\x1b[31m\x07", "\u202e",
     "\ud800", [], {}, [[1]], {"a": [1]}, "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00.000000000Z", "\n", "\0"]
)  # fmt: skip


def places_in(value, path=()):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, one in pairs:
        yield (*path, key)
        yield from places_in(one, (*path, key))


PLACES = [(at, path) for at, one in enumerate(OBJECTS) for path in places_in(one)]
COMMANDS = (["why"], ["why", "webapp"], ["why", "--json", "2231"], ["report", "--markdown"], ["report", "--json"], ["replay", "--summary"], ["replay"])  # fmt: skip


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), STRANGE), min_size=1, max_size=3),
    st.sampled_from(COMMANDS),
)
def test_no_value_breaks_a_command(tmp_path, capfd, changes, command):
    objects = copy.deepcopy(OBJECTS)
    for (at, path), value in changes:
        part = objects[at]
        try:
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = copy.deepcopy(value)
        except (LookupError, TypeError):
            continue  # An earlier change took that away.
    file = tmp_path / "strange.jsonl"
    file.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in objects))
    assert cli.main([*command, str(file)]) in (0, 1, 2, 3)
    out, err = capfd.readouterr()
    assert "a mistake in sigtrace" not in err
    assert not {"\x1b", "\x07", "\0", "\u202e"} & {*out, *err}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("details", {"limit_kb": {}}), ("details", {"constraint": [[1]]}), ("since_boot_ns", 10**30),
        ("since_boot_ns", -(10**30)), ("source", None),
    ],
)  # fmt: skip
def test_what_is_neither_number_nor_word_is_no_event_of_ours(field, value):
    with pytest.raises((TypeError, OverflowError, KeyError)):
        from_object({**to_object(EVENTS[4]), field: value})


@pytest.mark.parametrize(
    ("at", "field"), [(0, "origin"), (0, "outcome"), (0, "scope"), (0, "source"), (4, "what")]
)
def test_a_word_of_ours_is_printable(at, field):
    with pytest.raises(ValueError, match="no word"):
        from_object({**to_object(EVENTS[at]), field: "\x1b[31mRED\x07"})


@pytest.mark.parametrize(
    ("value", "text"),
    [(512, "512 kB"), (2048, "2 MB"), ("3000000", "2.861 GB"), ("x", "-"), (float("nan"), "-"), (-1, "-"), (10**30, "-"), (None, "-")],
)  # fmt: skip
def test_a_size(value, text):
    assert size_of_kb(value) == text


@pytest.mark.parametrize("field", ["why", "contradicts", "then", "said"])
def test_no_sentence_reaches_a_terminal_raw(field):
    told = Verdict(NOON, "killed", "yes", WEBAPP)
    value = "it says \x1b[31mRED\x07"
    lines = words.lines_of(replace(told, **{field: value if field == "said" else (value,)}), NOON)
    assert "it says \\x1b[31mRED\\x07" in "\n".join(lines)
