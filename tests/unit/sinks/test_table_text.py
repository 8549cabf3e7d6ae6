"""Names and command lines of anybody's in the table: nothing raw, nothing that looks like ours, within its columns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sinks.screen import CRON, screen, signal
from tracer.model.event import Ancestor, Process
from tracer.model.text import columns
from tracer.sinks import ends, words

pytestmark = pytest.mark.usefixtures("noon")

HOSTILE = Process(
    66, 67, b"\x1b[2J\n\xff", thread_comm=b"\x07\r", argv=(b"\x1b]0;x\x07", b"a\nb"), user="x"
)


@given(st.binary(max_size=16), st.lists(st.binary(max_size=30), max_size=4))
def test_no_name_reaches_the_terminal_raw(comm, argv):
    process = Process(1, 2, comm, thread_comm=comm, argv=tuple(argv), exe=comm, tty=comm, unit=comm)
    text = screen(signal(sender=process, target=process), width=100, wide=True)
    assert all(letter.isprintable() for letter in text.replace("\n", ""))
    assert all(line[0] in " 1T" for line in text.splitlines())


OURS = (
    *(
        "escalation:",
        "still",
        "alive",
        "2.0",
        "s",
        "after",
        "SIGTERM",
        "forged:",
        "•",
        "└",
        "←",
        "→",
        "to",
    ),
    *("while", "systemd[1]", "ran", "because", "this", "parent", "died", "-", "…", "(uid", "0)"),
)
WORDS = st.one_of(st.sampled_from([word.encode() for word in OURS]), st.binary(max_size=8))


@given(WORDS, st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=3))
def test_no_text_of_theirs_makes_a_remark_or_an_ancestor(comm, argv, parents):
    """Whatever they call themselves: as many remarks, parents and lines as there are, each of ours."""
    ancestors = tuple(Ancestor(7 + at, name) for at, name in enumerate(parents))
    sender = Process(66, 66, comm, uid=0, argv=tuple(argv), exe=comm, tty=comm, ancestors=ancestors)
    event = signal(sender=sender, target=sender)
    lines = screen(event).splitlines()[1:]
    remarks = [line for line in lines if line.lstrip().startswith("•")]
    assert len(remarks) == len(words.remarks(event))
    assert len(lines) == 1 + len(remarks) + ends.tells_more(sender)
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", "".join(lines[1 : len(lines) - len(remarks)]))
    assert bare.count("←") == len(ancestors)
    assert bare.count("→") == (ends.target(sender) is not None)
    assert bare.count("[") == len(ancestors) + (ends.tells_more(sender) and not argv)


def test_hostile_names_are_shown_escaped():
    text = screen(signal(sender=HOSTILE, target=HOSTILE), width=120)
    assert r"'\x1b[2J\x0a\xff'[66]" in text


@given(st.integers(20, 300), st.text("abcdefgh", max_size=15))
def test_lines_fit_the_terminal(width, comm):
    process = Process(4194304, 4194304, comm.encode(), user="a-very-long-user", argv=(b"x" * 500,))
    event = signal(
        number=64, sender=process, target=process, outcome="ignored", why="protected init"
    )
    for line in screen(event, width=width).splitlines():
        assert len(line) <= max(width, 80)
        if "SIGRTMAX" in line:
            assert "[4194304]" in line, "a cut name keeps its pid"


WIDE_LETTERS = "進程名字試"  # two columns each


def test_wide_letters_and_accents_keep_the_columns():
    plain = screen(signal(), width=80, brief=True).splitlines()[1]
    for comm, size in ((WIDE_LETTERS, 10), ("e\u0301tat", 4)):
        process = Process(24067, 24067, comm.encode(), user="deploy")
        row = screen(signal(sender=process, target=process), width=80, brief=True).splitlines()[1]
        _, _, after = row.partition("[24067]")
        assert after.startswith(" " * (17 - size - len("[24067]")) + " deploy")
        assert row.endswith(" delivered")
        assert columns(row) == columns(plain)


def test_wide_letters_are_cut_to_the_terminal():
    process = Process(9, 9, b"sh", argv=(b"sh", (WIDE_LETTERS * 40).encode()), ancestors=CRON)
    for line in screen(signal(sender=process, target=process), width=80).splitlines():
        assert columns(line) <= 80
