"""JSON lines: the schema knows every field, and nothing unknown is written."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.event import (
    Ancestor,
    Claim,
    Earlier,
    Exec,
    Exit,
    Failed,
    Mark,
    Oom,
    Place,
    Probe,
    Process,
    Seccomp,
    Signal,
    Statement,
    lost,
)
from tracer.sinks.json import JsonSink, to_object

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/sigtrace.schema.json").read_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA)

FULL = Process(
    pid=1350,
    tid=1351,
    comm=b"bash",
    thread_comm=b"worker",
    uid=3010,
    user="deploy",
    euid=0,
    ppid=1349,
    exe=b"/bin/bash",
    argv=(b"bash", b"\xff"),
    argv_cut=True,
    loginuid=3010,
    session=3,
    tty=b"pts/0",
    cgroup=b"/user.slice",
    cgroup_id=7,
    unit=b"session-3.scope",
    container=b"ab" * 32,
    pod=b"1",
    ns_pid=5,
    start=1,
    ancestors=(Ancestor(1349, b"sshd", 1),),
)
SIGNAL = Signal(
    1795396445120345678,
    "abc",
    "core",
    9,
    code=0,
    origin="kill",
    outcome="ignored",
    why="SIG_IGN",
    scope="process",
    sender=FULL,
    target=FULL,
    current=FULL,
    call="kill",
    asked=-1,
    target_is_asked=True,
    address=0,
    claim=Claim(1, 0),
    oom=Oom("cgroup", b"/web"),
    escalates=Earlier("x", 15, 3),
)
EVENTS = [
    SIGNAL,
    Signal(0, "1", "test", 64),
    Signal(None, "1", "kernel log", 9, since_boot_ns=5),
    Exit(None, "1", "kernel log", FULL, number=9, since_boot_ns=5),
    Failed(None, "1", "kernel log", None, "EPERM", since_boot_ns=5),
    *(
        Signal(0, "1", "test", 9, place=place)
        for place in (
            Place(),
            Place("a", 1),
            Place("a", offset=0),
            Place("-"),
            Place("-", cursor="s=1"),
            Place(cursor="s=1"),
            Place("a", 1, recording="r"),
        )
    ),
    Exit(1, "x", "core", FULL, number=11, core=True, cause="abc", after_ns=5),
    Exit(1, "x", "core", FULL, number=9, core=False),
    Exit(
        *(1, "x", "journal", FULL),
        place=Place("a", 1),
        places=(Place("a", 1), Place(cursor="s=1")),
        number=31,
        causes=("a", "b"),
        seccomp=Seccomp("kill", "ptrace", 5),
        origin="seccomp",
        tracer=Process(5),
    ),
    Exit(1, "x", "core", FULL, status=3, answers=Earlier("x", 15, 3, Process(1, comm=b"init"))),
    Exec(1, "x", "core", FULL, "web3"),
    Mark(1, "x", "recorder", "state", {"events": 1, "kinds": ["sends"]}, "web3"),
    Statement(
        1,
        "x",
        "journal",
        "stop timeout",
        by=Process(1),
        about=Process(None),
        details={"a": 1},
        text=b"\xff",
        believed=False,
    ),
    Exit(1, "x", "core", FULL, status=0, handled="abc", after_ns=5),
    Failed(1, "abc", "core", "tgkill", "EPERM", 9, FULL, FULL, 5, True),
    Failed(1, "abc", "audit log", None, None),
    Probe(1, "abc", "core", "kill", FULL, FULL, 5),
    lost(1, "core", 12, "ring buffer"),
    lost(None, "audit log", None, "cut file"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_as_the_schema_has_it(event):
    CHECK.validate(to_object(event))


def test_the_sink_writes_the_same_object():
    stream = io.StringIO()
    sink = JsonSink(stream)
    for event in EVENTS * 2:
        sink.write(event)
    sink.flush()
    lines = stream.getvalue().splitlines()
    assert list(map(json.loads, lines)) == [to_object(event) for event in EVENTS * 2]
    others = [pair for pair in zip(lines, EVENTS * 2) if not isinstance(pair[1], Signal)]
    assert [line for line, _ in others] == [json.dumps(to_object(event)) for _, event in others]


def test_the_first_fields_are_those_of_every_line():
    assert list(to_object(SIGNAL))[:6] == ["v", "event", "id", "time", "source", "signal"]
    assert to_object(SIGNAL)["time"] == "2026-11-23T01:14:05.120345678Z"


def test_unknown_is_absent_and_zero_is_not():
    bare = to_object(Signal(0, "1", "test", 9, sender=Process(5, uid=0)))
    assert set(bare) == {"v", "event", "id", "time", "source", "signal", "sender"}
    assert bare["sender"] == {"pid": 5, "uid": 0}
    assert to_object(Exit(0, "x", "t", Process(5), status=0))["status"] == 0
    assert to_object(Exit(0, "x", "t", Process(5), number=9, core=False))["core"] is False


def test_the_end_of_a_process_of_which_nothing_is_known():
    """A damaged ANOM_ABEND record: hypothesis made one (test_audit_fuzz.py)."""
    bare = to_object(Exit(0, "x", "t", Process(None), number=11))
    CHECK.validate(bare)
    assert bare["process"] == {}


@given(st.binary(max_size=40), st.lists(st.binary(max_size=20), max_size=3))
def test_no_bytes_break_a_line(comm, argv):
    process = Process(1, 1, comm, exe=comm, argv=tuple(argv), cgroup=comm, tty=comm)
    stream = io.StringIO()
    sink = JsonSink(stream)
    sink.write(Signal(0, "1", "test", 9, sender=process))
    sink.flush()
    text = stream.getvalue()
    assert text.isascii()
    assert text.count("\n") == 1
    assert text[:-1].isprintable()
    CHECK.validate(json.loads(text))
