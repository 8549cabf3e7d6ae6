"""--evidence: every line that the answer stands on, as it is in the file."""

from __future__ import annotations

import gzip
import io
import json
import random
from pathlib import Path

import pytest

from tracer import cli
from tracer.lines.mend import lines_in
from tracer.model.errors import Problem
from tracer.model.event import Place
from tracer.model.verdict import Evidence, Verdict
from tracer.sources.logs.files import open_log
from tracer.why.quotes import quoted, with_lines

LOG = Path(__file__).parents[2] / "deaths/told/stop-timeout/messages"


def shown(capsys, *words):
    assert cli.main(["why", "--year", "2026", "webshop", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("packed", [False, True])
def test_every_line_is_quoted_as_it_stands_there(tmp_path, capsys, packed):
    """The first five: who asked and when it began to be stopped are read off lines, too."""
    log = tmp_path / ("messages.gz" if packed else "messages")
    log.write_bytes(gzip.compress(LOG.read_bytes()) if packed else LOG.read_bytes())
    told = shown(capsys, "--evidence", str(log))
    places = [told.index(f"    {line}\n") for line in LOG.read_text().splitlines()[:5]]
    assert len(places) == 5
    assert places == sorted(places)


def test_as_json_each_has_its_line(capsys):
    (verdict,) = shown(capsys, "--json", "--evidence", str(LOG)).splitlines()
    evidence = {one["place"]["line"]: one["line"] for one in json.loads(verdict)["evidence"]}
    assert evidence == dict(enumerate(LOG.read_text().splitlines()[:5], 1))
    (verdict,) = shown(capsys, "--json", str(LOG)).splitlines()
    assert not any("line" in one for one in json.loads(verdict)["evidence"])


def test_what_story_tells_is_in_the_evidence(capsys):
    (verdict,) = shown(capsys, "--json", str(LOG)).splitlines()
    told = json.loads(verdict)
    assert set(told["story"]) <= {one["id"] for one in told["evidence"]}


def test_of_an_image_nothing_outside_is_read(tmp_path):
    outside, root = tmp_path / "messages", tmp_path / "root"
    outside.write_text("a secret\n")
    root.mkdir()
    (root / "messages").symlink_to(outside)
    (root / "own").write_text("its own\n")
    found = with_lines(
        Verdict(1, "exit", "yes", evidence=tuple(
            Evidence(place=Place(str(path), 1)) for path in (root / "messages", root / "own", outside, root / "gone")
        )),
        open_log, str(root),
    )  # fmt: skip
    assert [one.line for one in found.evidence] == [None, "its own", None, None]


def test_what_is_quoted_does_nothing_to_a_terminal(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\x1b[31mred\x1b]0;title\x07 \xe2\x80\xae\n")
    found = with_lines(
        Verdict(1, "exit", "yes", evidence=(Evidence(place=Place(str(path), 1)),)), open_log
    )
    assert "\x1b" not in "".join(quoted(found.evidence))
    assert "\u202e" not in "".join(quoted(found.evidence))


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo", [b"one", b"two"]),
        (b"one\r\n\ntwo\n", [b"one", b"", b"two"]),
        (b"a" * (5 << 20) + b"\ntwo\n", [b"a" * (1 << 20), b"two"]),
        (b"a" * (1 << 20) + b"\n", [b"a" * (1 << 20)]),
    ],
    ids=["nothing", "no end", "empty ones", "a long one", "one that just fits"],
)
def test_lines_of_a_stream(data, lines):
    assert list(lines_in(io.BytesIO(data))) == lines


@pytest.mark.parametrize("option", ["--evidence", "--context"])
def test_what_is_damaged_is_quoted_as_far_as_it_goes(tmp_path, capfd, option):
    """A packed log whose end is missing ended the answer with a traceback."""
    whole = LOG.read_bytes() + random.Random(7).randbytes(40_000).hex().encode()
    log, packed = tmp_path / "messages", tmp_path / "messages.gz"
    log.write_bytes(LOG.read_bytes())
    packed.write_bytes(gzip.compress(whole)[:-9000])
    words = [option, str(packed)] if option == "--context" else [option]
    files = [str(log)] if option == "--context" else [str(packed)]
    assert cli.main(["why", "--year", "2026", *words, "webshop", *files]) == 0
    out, err = capfd.readouterr()
    assert "webshop" in out
    assert "mistake" not in err
    assert "damaged" in err or option == "--evidence"


def test_what_is_gone_by_now_is_not_quoted(tmp_path):
    def gone(path):
        raise Problem(f"cannot read {path!r}", "no such file", "ls")

    log = tmp_path / "messages"
    log.write_text("a line\n")
    verdict = Verdict(1, "exit", "yes", evidence=(Evidence(place=Place(str(log), 1)),))
    assert with_lines(verdict, gone).evidence[0].line is None
