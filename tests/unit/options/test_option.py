"""A plain command line means to us what it means to argparse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.commands import replay
from tracer.model.errors import Problem
from tracer.options import commands, option
from tracer.options.option import names_of, read_plain
from tracer.options.table import Live

NAMES = sorted({*names_of(Live), *names_of(replay.Options)})
VALUES = ["9", "TERM,KILL", "!CHLD", "", "core", "bcc", "-1", "--all", "nginx", "a=b", "--", "-vv"]
WORDS = st.one_of(
    st.sampled_from([*NAMES, *VALUES, "--bogus", "-s9", "--sig", "-nv"]),
    st.builds("{}={}".format, st.sampled_from(NAMES), st.sampled_from(VALUES)),
)


@given(st.lists(WORDS, max_size=6))
def test_what_is_read_is_what_argparse_reads(words):
    plain = read_plain(Live, words)
    if plain is not None:
        assert vars(plain) == vars(commands.parse(commands.live_parser(), Live, words))


@given(st.lists(st.one_of(WORDS, st.sampled_from(["audit.log", "-", "files"])), max_size=6))
def test_what_is_read_for_a_command_is_what_argparse_reads(words):
    plain = read_plain(replay.Options, words)
    if plain is not None:
        parser = commands.command_parser("replay", replay.Options, replay.EPILOG)
        assert vars(plain) == vars(commands.parse(parser, replay.Options, words))


def test_files_and_options_mix():
    plain = read_plain(replay.Options, ["a", "--json", "-", "--signal", "9", "b"])
    assert plain is not None
    assert (plain.files, plain.json, plain.signal) == (["a", "-", "b"], True, "9")


class Named(option.Choices):
    title = "what is named"

    files = option.words(help="at least one", metavar="FILE")
    json = option.flag("--json", help="how to show it")


def test_a_command_without_its_words_is_argparses():
    assert read_plain(Named, ["--json"]) is None
    assert read_plain(replay.Options, ["--recorded"]).recorded


@pytest.mark.parametrize(
    "words",
    [
        ["--signal", "9"],
        ["-s", "TERM", "--signal", "KILL", "--json", "-n", "1", "--duration=1h"],
        ["--from", "!systemd", "--from=cron", "--pid", "1350", "--uid", "0", "-v", "-v"],
        [
            "--source",
            "core",
            "--ready-fd",
            "3",
            "--buffer",
            "64M",
            "--failed",
            "--outcome",
            "ignored",
        ],
    ],
)
def test_what_people_type_is_plain(words):
    assert read_plain(Live, words) is not None


@pytest.mark.parametrize(
    "words",
    [["-vv"], ["--help"], ["--signal"], ["--all=1"], ["--source", "x"], ["--to", "-1"], ["x"]],
)
def test_the_rest_is_argparses(words):
    assert read_plain(Live, words) is None


def test_a_mistake_is_told_all_the_same():
    with pytest.raises(Problem, match="--source"):
        commands.choose(["--source", "x"])
