"""Every row of every table reads its line, and nothing is read from lines that tell nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statement_cases import CASES

from tracer.lines.entry import Entry
from tracer.model.event import Exit, Failed, Place, Process, Signal, Statement
from tracer.statements.make import MAKERS, number_of
from tracer.statements.tables import TABLES, index
from tracer.statements.teller import Teller
from tracer.statements.whats import WHATS

INDEX = index()
TIME = 1_700_000_000_000_000_000


def entry_of(tag, text, **more):
    pid = None if tag in (None, b"kernel") else 1
    raw = text.encode() if isinstance(text, str) else text
    given = {"time": TIME, "host": b"box", "place": Place(file="messages", line=7), **more}
    return Entry(raw, tag=tag, pid=pid, **given)


def told(*entries):
    return list(Teller(INDEX).told(entries))


def word(event):
    if isinstance(event, Signal):
        return f"Signal {event.number}"
    if isinstance(event, Failed):
        return f"Failed {event.error}"
    how = f"status {event.status}" if event.status is not None else str(event.number)
    return f"Exit {how}" + (" core" if event.core and event.number is None else "")


_LINES = [
    text.encode() if isinstance(text, str) else text
    for text in (case[1] for case in CASES)
]  # fmt: skip


@given(st.lists(st.sampled_from([b"", b"exit=0 a0=1", b"Started cron.service.", *INDEX.literals, *_LINES]), max_size=9))  # fmt: skip
def test_lines_are_as_silent_in_a_text_as_by_themselves(lines):
    is_silent = INDEX.silence_of(b"\n".join(lines))
    assert [is_silent(line) for line in lines] == [INDEX.is_silent(line) for line in lines]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1][:60])
def test_a_row_reads_its_line(case):
    tag, text, what, about, details, others = case
    events = told(entry_of(tag, text))
    if others is None:
        assert events == []
        return
    said = [event for event in events if isinstance(event, Statement)]
    assert [one.what for one in said] == ([] if what is None else [what])
    assert [word(event) for event in events if not isinstance(event, Statement)] == others
    for event in events:
        assert event.host == "box"
        assert event.place == Place(file="messages", line=7)
    expected = dict(about or {})
    number = expected.pop("signal", None)
    for event in events:
        spoken_of = event.about if isinstance(event, Statement) else None
        if isinstance(event, (Signal, Failed)) and what is None:
            spoken_of = event.target
        if isinstance(event, Exit):
            spoken_of = event.process
        if spoken_of is None:
            assert not isinstance(event, Statement) or about is None or not expected
            continue
        for name, value in expected.items():
            raw = value.encode() if isinstance(value, str) and name != "pod" else value
            raw = raw.encode() if name == "pod" else raw
            assert getattr(spoken_of, name) == raw, name
    for one in said:
        assert one.number == number or number is None
        for key, value in details.items():
            assert (one.details or {})[key] == value
        assert set(one.details or {}) <= set(WHATS[what].details), "docs/statements.md has all keys"


def test_every_row_has_a_case():
    """By its words; what has only a MESSAGE_ID or CODE_FUNC is in test_statement_fields.py."""
    read = set()
    for tag, text, *_ in CASES:
        found = INDEX.find(entry_of(tag, text))
        if found is not None:
            read.add(id(found.row))
    rows = [row for table in TABLES for row in table.rows if row.pattern]
    parts = {
        "invoked",
        "caller",
        "limit",
        "usage",
        "swap",
        "summary",
        "intent",
        "zone",
        "swap space",
    }
    left = [
        row.pattern
        for row in rows
        if id(row) not in read and (row.fixed or {}).get("part") not in parts
    ]
    assert left == []


def test_the_tables_use_only_words_that_are_known():
    for table in TABLES:
        for row in table.rows:
            assert row.what in WHATS or "says" not in row.makes, row
            assert set(row.makes) <= {*MAKERS, "report"}
            assert bool(row.pattern) == bool(row.literal)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1][:60])
def test_a_wrong_speaker_makes_no_signal_and_no_death(case):
    tag, text, *_ = case
    owned = tag in {speaker for table in TABLES for speaker in table.speakers or ()}
    if not owned:
        return
    for event in told(entry_of(b"my-app", text)):
        if INDEX.find(entry_of(b"my-app", text)).rightful:
            continue  # A supervisor's words, which anybody may say.
        assert isinstance(event, Statement)
        assert event.believed is False


NOTHING = [
    (b"systemd", "Reached target Shutdown."),
    (b"kernel", "usb 1-1: new high-speed USB device number 2"),
    (b"web", "the request timed out. Trying again."),
    (b"web", "will kill process 12 (foo) soon: it is killing me"),
    (b"node-problem-detector", 'oom event: "Memory cgroup out of memory: Killed process 9 (x)"'),
    (b"kernel", "Out of memory is a nice book"),
    (None, "Stopping at the filesystem's border"),
    (b"sshd", "Received disconnect from 192.0.2.7 port 1: 11: disconnected by user"),
    (b"web", "Received signal strength 9"),
    (b"CRON", "pam_unix(cron:session): session opened for user root"),
]


@pytest.mark.parametrize(("tag", "text"), NOTHING)
def test_lines_that_tell_nothing(tag, text):
    assert told(entry_of(tag, text)) == []


def test_a_line_without_a_time_has_none():
    line = entry_of(None, "web.service: Main process exited, code=killed, status=9/KILL", time=None)
    said, end = told(line)
    assert said.time is None
    assert end.time is None
    assert end.process == Process(unit=b"web.service")


def test_the_same_line_has_the_same_id_wherever_it_is_read():
    one = entry_of(b"kernel", CASES[60][1])
    two = entry_of(b"kernel", CASES[60][1], place=Place(file="syslog", line=1))
    assert [event.id for event in told(one)] == [event.id for event in told(two)]
    assert all(re.fullmatch(r"[0-9a-f]+-[\w-]+", event.id) for event in told(one))


# int() of more digits raises ValueError (sys.int_info.default_max_str_digits).
TOO_MANY = "9" * 4400


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1][:60])
def test_a_number_of_too_many_digits_is_none(case):
    """Anybody may write them: the line is read without that number, and nothing breaks."""
    tag, text, *_ = case
    text = text if isinstance(text, str) else text.decode("latin-1")
    for digits in re.finditer(r"\d+", text):
        longer = text[: digits.start()] + TOO_MANY + text[digits.end() :]
        for event in told(entry_of(tag, longer)):
            about = event.about if isinstance(event, Statement) else None
            assert about is None or about.pid is None or about.pid < 1 << 64
            details = event.details if isinstance(event, Statement) else None
            assert all(type(one) is not int or one < 1 << 64 for one in (details or {}).values())


@pytest.mark.parametrize("word", [b"\xb2", b"SIGRTMIN+\xb2", b"RTMIN+99", b"9" * 4400])
def test_what_is_no_signal_is_none(word):
    assert number_of(word) is None
