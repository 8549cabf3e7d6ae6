"""Of a long recording ``why`` reads what may have to do with a death, and says the same as of all of it."""

from __future__ import annotations

import json

import pytest

from bench.why import events
from tracer import cli
from tracer.model.times import SECOND
from tracer.recording.store import Limits, Store
from tracer.sources.recording import narrow

BEGIN = 1_795_000_000 * SECOND


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Half a day with a death of the victim every six hours, in several pieces."""
    folder = tmp_path_factory.mktemp("recording")
    store = Store(
        str(folder), "web3", "ab" * 16, Limits(max_size=20 << 20, min_free=0, free_share=0)
    )
    store.open()
    for moment, event in events(BEGIN, 13 * 60):
        store.append(json.dumps(event).encode() + b"\n", moment, moment)
        if event["id"].endswith("0-3e8"):
            store.rotate()
    store.close()
    return str(folder)


def why(capsys, *words):
    status = cli.main(["why", "--json", *words])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "words", [("orders-api",), ("orders-api", "-n", "3"), ("orders-api.service",), ("daemon7",), ("4600",), ("nobody",)]
)  # fmt: skip
def test_the_verdict_is_that_of_all_of_it(recording, capsys, monkeypatch, words):
    narrowed = why(capsys, *words, recording)
    monkeypatch.setattr("tracer.commands.why.narrowed", lambda *_: narrow.Narrow())
    whole = why(capsys, *words, recording)
    for one in (*narrowed[1], *whole[1]):
        one.pop("again", None)
    assert narrowed == whole


def ends(what):
    return narrow.Ends(what, lambda one, _: one.comm == b"orders-api")


def test_most_lines_are_not_read(recording):
    found = narrow.narrowed([recording], ends(b"orders-api"), None, None)
    pieces = narrow.find_pieces([recording], None, None)
    lines = [line for piece in pieces for line in narrow._lines(piece)]
    picked = [line for line in lines if found.pick(line)]
    assert 0 < len(picked) < len(lines) / 10


@pytest.mark.parametrize("what", [b"", b"caf\xc3\xa9", b'"', b"\\", b"a\nb"])
def test_a_name_that_is_written_otherwise_is_looked_for_in_everything(recording, what):
    assert narrow.narrowed([recording], ends(what), None, None) == narrow.Narrow()
