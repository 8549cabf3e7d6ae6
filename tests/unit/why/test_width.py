"""Whatever why prints is as wide as is asked: verdicts, deaths at a glance, who lives, and what is said of nobody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer import cli
from tracer.model.event import Process
from tracer.model.text import columns
from tracer.model.verdict import Living
from tracer.why import tell, words

DEATHS = Path(__file__).parents[2] / "deaths"
FILES = [str(DEATHS / "told/stop-timeout/messages")]


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("COLUMNS", raising=False)


def fits(text, width):
    """Lines that are wider hold no two words beside what begins them."""
    return all(columns(line) <= width or len(line.split()) <= 2 for line in text.splitlines())


ASKED = {
    "a verdict": ["webshop", *FILES],
    "at a glance": FILES,
    "nobody": ["nosuchname", *FILES],
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("width", [48, 60, 100, 200])
def test_what_columns_says_holds_of_a_pipe(name, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    cli.main(["why", "--year", "2026", *ASKED[name]])
    out, err = capsys.readouterr()
    assert (out + err).strip()
    assert fits(out, width)


def test_a_wide_one_is_used(monkeypatch, capsys):
    def lines():
        cli.main(["why", "--year", "2026", *ASKED["a verdict"]])
        return capsys.readouterr().out.splitlines()

    piped = lines()
    assert max(map(columns, piped)) <= words.WIDTH
    monkeypatch.setenv("COLUMNS", "200")
    assert len(lines()) < len(piped)
    monkeypatch.setenv("COLUMNS", "40")
    assert len(lines()) > len(piped)


@pytest.mark.parametrize("width", [40, 60, 200])
def test_who_lives_too(width, capsys):
    one = Living(
        Process(os.getpid(), comm=b"webapp"), "web3", tuple(["it waits in the kernel"] * 9)
    )
    tell.living([one], tell.Style(width=width))
    out = capsys.readouterr().out
    assert fits(out, width)
    assert width == 40 or max(map(columns, out.splitlines())) > width - 10
