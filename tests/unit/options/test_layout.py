"""Help at the width there is: no word is broken, no line is wider, and what a table was is still one."""

from __future__ import annotations

import importlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer import cli
from tracer.options.commands import COMMANDS, EXAMPLES
from tracer.options.layout import laid_out
from tracer.options.option import options_of
from tracer.options.table import Live

ROWS = """\
first some words about it
and more of them

examples:
  sigtrace why                what died in the last hour
  sigtrace why webapp --root /mnt/disk --evidence
after it
"""


def help_of(name, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        cli.main([*([name] if name else []), "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_no_word_is_broken_and_no_line_is_wider(name, width, monkeypatch, capsys):
    text = help_of(name, width, monkeypatch, capsys)
    command = importlib.import_module(COMMANDS[name].module) if name else None
    kind, epilog = (Live, EXAMPLES) if command is None else (command.Options, command.EPILOG)
    words = set(text.split())
    for option in options_of(kind).values():
        # argparse writes %% for a percent sign.
        assert set(option.help.replace("%%", "%").split()) <= words
    assert set(epilog.split()) <= words
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", range(40, 90, 3))
def test_a_command_is_broken_between_its_words_alone(width):
    command = "sigtrace replay --recorded --since '2 h ago' --to 'php-fpm*' --from '!my own'"
    pasted = "\n".join(laid_out(f"  {command}", width))
    assert shlex.split(pasted.replace("\\\n", " ")) == shlex.split(command)


def test_as_it_is_where_there_is_room():
    joined = ROWS.replace("about it\nand", "about it and")
    assert "\n".join(laid_out(ROWS, 100)) + "\n" == joined


def test_rows_keep_their_columns_and_commands_can_be_pasted():
    assert laid_out(ROWS, 44) == [
        "first some words about it and more of them",
        "",
        "examples:",
        "  sigtrace why  what died in the last hour",
        "  sigtrace why webapp --root /mnt/disk \\",
        "      --evidence",
        "after it",
    ]


def test_what_has_no_room_beside_stands_below():
    assert laid_out("  sigtrace report -o outage.html   what this host keeps\n", 40) == [
        "  sigtrace report -o outage.html",
        "      what this host keeps",
    ]


WORDS = st.text("abc-/", min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
TEXTS = st.lists(
    st.one_of(
        LINES,
        LINES.map("  ".__add__),
        st.tuples(LINES, LINES).map(lambda pair: "  " + "   ".join(pair)),
        st.just(""),
    ),
    min_size=1,
    max_size=10,
).map("\n".join)


@given(TEXTS, st.integers(40, 120))
def test_nothing_is_lost_and_nothing_is_wider(text, width):
    lines = laid_out(text, width)
    assert [word for line in lines for word in line.split() if word != "\\"] == text.split()
    assert max(map(len, lines)) <= width
