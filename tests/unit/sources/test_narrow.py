"""Of a long recording ``why`` reads what may have to do with a death, and says the same as of all of it."""

from __future__ import annotations

import json

import pytest

from bench.why import events
from tracer import cli
from tracer.model.event import Exit, Process
from tracer.model.spelling import to_object
from tracer.model.times import SECOND, utc
from tracer.recording.names import Piece, name_of
from tracer.recording.store import Limits, Store
from tracer.sources.recording import narrow
from tracer.sources.recording.mention import Mention
from tracer.sources.recording.sieve import Sieve

NAME = b"orders-api-server"
BEGIN = 1_795_000_000 * SECOND


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Half a day with a death of the victim every six hours, in several pieces."""
    folder = tmp_path_factory.mktemp("recording")
    store = Store(
        str(folder), "web3", "ab" * 16, Limits(max_size=20 << 20, min_free=0, free_share=0)
    )
    store.open()
    for event in events(BEGIN, 13 * 60):
        line = json.dumps(to_object(event)).encode() + b"\n"
        store.append(line, event.time, event.time)
        if event.id.endswith("0-3e8"):
            store.rotate()
    store.close()
    return str(folder)


def why(capsys, *words):
    status = cli.main(["why", "--json", *words])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


HOUR = 3600
# Deaths of orders-api are at 0, 6 and 12 hours. 3 hours are as far from two of them.
ASKED_FOR = [
    *((words, None) for words in ("orders-api", "orders-api -n 3", "orders-api.service", "daemon7", "4600", "nobody")),
    *(("orders-api", at) for at in (-HOUR, 0, 3 * HOUR, 3 * HOUR + 1, 6 * HOUR - 1, 10 * HOUR, 100 * HOUR)),
    ("orders-api -n 2", 5 * HOUR), ("orders-api.service", 3 * HOUR), ("daemon7", 7 * HOUR), ("4600", HOUR), ("nobody", 2 * HOUR),
]  # fmt: skip


@pytest.mark.parametrize(("words", "at"), ASKED_FOR)
def test_the_verdict_is_that_of_all_of_it(recording, capsys, monkeypatch, words, at):
    words = [*words.split(), *([] if at is None else ["--at", utc(BEGIN + at * SECOND)])]
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


@pytest.mark.parametrize("what", [b"", b"caf\xc3", b"\\", b"a\\"])
def test_a_name_that_what_follows_may_change_is_looked_for_in_everything(recording, what):
    assert narrow.narrowed([recording], ends(what), None, None) == narrow.Narrow()


PIECES = [Piece(f"{at}", "a", "b", at * 100 * SECOND, (at * 100 + 90) * SECOND, 1) for at in range(10)]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "looked_at"),
    [(None, [9, 8, 7]), (0, [0, 1, 2]), (450, [4, 5, 3, 6, 2, 7]), (393, [3, 4, 2, 5]), (10_000, [9, 8, 7])],
)  # fmt: skip
def test_pieces_are_looked_at_from_the_nearest_until_the_rest_is_farther_than_what_was_found(
    monkeypatch, at, looked_at
):
    """Of ten pieces two have an end, at their beginning: 2 and 7."""
    looked = []

    def ends_in(piece, *_):
        looked.append(int(piece.path))
        end = Exit(id="1", time=piece.first, source="core", process=Process(pid=1))
        return [end] if int(piece.path) in (2, 7) else []

    monkeypatch.setattr(narrow, "_ends", ends_in)
    moment = None if at is None else at * SECOND
    asked = narrow.Ends(b"nginx", lambda *_: True, 1, moment)
    mention = Mention(b"nginx")
    narrow._nearest(PIECES, Sieve(mention), mention, asked, 0, 1 << 63)
    assert looked == looked_at


@pytest.fixture(scope="module")
def by_comm(tmp_path_factory):
    """A recording of many pieces. In its first one comm alone is known of who ended, as the kernel has cut it."""
    folder = tmp_path_factory.mktemp("by_comm")
    limits = Limits(max_size=20 << 20, min_free=0, free_share=0)
    store = Store(str(folder), "web3", "ab" * 16, limits)
    store.open()
    for at in range(2 * narrow.LOOK_BACK):
        time = BEGIN + at * narrow.AROUND
        who = Process(7, comm=NAME[:15]) if at == 0 else Process(8, comm=NAME[:15], exe=b"/x")
        end = Exit(time, f"{at}", "core", who, number=9)
        store.append(json.dumps(to_object(end)).encode() + b"\n", time, time)
        store.rotate()
    store.close()
    return str(folder)


def test_why_tells_of_a_name_that_the_kernel_has_cut(by_comm, capsys, monkeypatch):
    narrowed = why(capsys, NAME.decode(), by_comm)
    monkeypatch.setattr("tracer.commands.why.narrowed", lambda *_: narrow.Narrow())
    assert narrowed == why(capsys, NAME.decode(), by_comm)
    assert narrowed[1][0]["process"]["pid"] == 7


def test_of_a_name_that_never_ended_what_it_survived_is_told_where_it_lives(recording):
    pieces = narrow.find_pieces([recording], None, None)
    lines = (line for piece in pieces for line in narrow._lines(piece) if b'"SIGUSR1"' in line)
    mention = Mention(b"daemon7.service")
    line = next(line for line in lines if mention.is_in(line))
    pid = json.loads(line)["target"]["pid"]
    assert not narrow._wanted(mention, frozenset)(line)
    assert not narrow._wanted(mention, lambda: [pid + 1])(line)
    assert narrow._wanted(mention, lambda: [pid])(line)


@pytest.mark.parametrize("name", ["orders-api", "nobody"])
def test_of_a_damaged_line_it_is_told_that_it_was_passed_over(tmp_path, capsys, name):
    """After a power loss a file may have NULs where lines were: whose end stood there nobody knows."""
    ends_ = [
        Exit(BEGIN + at, f"{at}", "core", Process(10 + at, comm=b"orders-api"), 9)
        for at in range(9)
    ]
    lines = [json.dumps(to_object(one)).encode() for one in ends_]
    whole, middle = b"\n".join(lines) + b"\n", len(lines[0]) * 4
    path = tmp_path / name_of("web3", "ab" * 16, BEGIN, BEGIN + 9)
    path.write_bytes(whole)
    cli.main(["why", name, str(tmp_path)])
    assert "passed over" not in capsys.readouterr().err
    path.write_bytes(whole[:middle] + bytes(4096) + whole[middle + 9 :])
    cli.main(["why", name, str(tmp_path)])
    assert "recording: passed over: no line of JSON: 1" in capsys.readouterr().err
