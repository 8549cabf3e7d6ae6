"""Who is meant by a word: pids, names, scripts, paths, patterns, lists of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow.ends import parse_terms, parse_values
from tracer.flow.filter import Filter, words_of
from tracer.model.event import Ancestor, Process, Signal

CRASHY = Process(
    7,
    comm=b"python3",
    argv=(b"/usr/bin/python3", b"-u", b"/srv/crashy.py", b"--port", b"80"),
    exe=b"/usr/bin/python3.11",
    uid=0,
    user="root",
    ancestors=(Ancestor(5, b"bash"), Ancestor(3, b"nginx")),
)
LONG = Process(8, comm=b"a-name-that-is-", argv=(b"/opt/a-name-that-is-long",))
TITLE = Process(9, comm=b"nginx", argv=(b"nginx: worker process",))


@pytest.mark.parametrize(
    ("text", "process", "fits"),
    [
        ("7", CRASHY, True),
        ("8", CRASHY, False),
        ("python3", CRASHY, True),
        ("crashy.py", CRASHY, True),
        ("/srv/crashy.py", CRASHY, True),
        ("/usr/bin/python3.11", CRASHY, True),
        ("*/crashy*", CRASHY, True),
        ("crashy*", CRASHY, True),
        ("crashy", CRASHY, False),
        ("--port", CRASHY, False),
        ("nginx,crashy.py", CRASHY, True),
        ("nginx,webapp", CRASHY, False),
        ("!crashy.py", CRASHY, False),
        ("!nginx", CRASHY, True),
        ("!nginx,!crashy.py", CRASHY, False),
        ("python*,!crashy.py", CRASHY, False),
        ("a-name-that-is-long", LONG, True),
        ("a-name-that-is-long-and-other", LONG, True),
        ("a-name-that", LONG, False),
        ("nginx", TITLE, True),
    ],
)
def test_an_end(text, process, fits):
    event = Signal(1, "a", "test", 9, target=process)
    assert Filter(target=parse_terms(text, "--to")).matches(event) is fits


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("arg", "crashy", True),
        ("arg", "--port 80", True),
        ("arg", "*--port*", True),
        ("arg", "--port*", False),
        ("arg", "a,b", False),
        ("uid", "0", True),
        ("uid", "root", True),
        ("uid", "!root", False),
        ("uid", "www-data,root", True),
        ("user", "root,deploy", True),
        ("children-of", "nginx", True),
        ("children-of", "ngin*", True),
        ("children-of", "cron", False),
        ("children-of", "3,77", True),
        ("children-of", "!nginx", False),
    ],
)
def test_a_value(kind, text, fits):
    event = Signal(1, "a", "test", 9, sender=CRASHY)
    assert Filter(values=parse_values(kind, text)).matches(event) is fits


def test_a_filter_in_words():
    filter_ = Filter(
        sender=parse_terms("!systemd", "--from"),
        target=parse_terms("nginx,7", "--to"),
        values=parse_values("unit", "cron"),
    )
    assert words_of(filter_) == ["not from systemd", "to nginx, 7", "unit cron"]


@given(
    st.lists(st.text(st.characters(codec="ascii"), max_size=6), max_size=4), st.binary(max_size=9)
)
def test_any_word_is_a_term_or_a_problem(words, comm):
    from tracer.model.errors import Problem

    try:
        terms = parse_terms(",".join(words), "--to")
    except Problem:
        return
    Filter(target=terms).matches(Signal(1, "a", "test", 9, target=Process(1, comm=comm)))
