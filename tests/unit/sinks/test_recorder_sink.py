"""What the recorder writes: the lines of --json, marks of its own sight, and what it has lost."""

from __future__ import annotations

import errno
import gzip
import io
import json
from pathlib import Path

import pytest

from tracer.model.errors import Problem
from tracer.model.event import Ancestor, Exec, Exit, Process, Series, Signal
from tracer.model.times import SECOND
from tracer.recording import store as store_module
from tracer.recording.names import pieces_in
from tracer.recording.store import Limits, Store
from tracer.sinks.hide import Hiding
from tracer.sinks.json import JsonSink
from tracer.sinks.recorder import Recorder

BOOT = "ab" * 16
NOON = 1_764_000_000 * SECOND


class Clock:
    def __init__(self) -> None:
        self.wall, self.boot = NOON, 77 * SECOND

    def pass_(self, seconds: float) -> None:
        self.wall += round(seconds * SECOND)
        self.boot += round(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder(tmp_path: Path, clock: Clock) -> Recorder:
    store = Store(str(tmp_path), "web-01", BOOT, Limits(free_share=0))
    about = {"version": "1.0.0", "source": "core"}

    def opened():
        store.open()
        return {"before": "none"}

    return Recorder(store, "web-01", lambda: about, opened, lambda: clock.wall, lambda: clock.boot)


def signal(time: int) -> Signal:
    target = Process(2, comm=b"nginx", argv=(b"nginx", b"--secret", b"x"))
    sender = Process(
        1,
        comm=b"kill",
        argv=(b"kill", b"-9", b"2"),
        ancestors=(Ancestor(9, b"sh", argv=(b"sh", b"-x")),),
    )
    return Signal(time, f"{time:x}-2", "core", 9, sender=sender, target=target, host="web-01")


def lines_in(folder: Path) -> list[dict]:
    pieces, _ = pieces_in(str(folder))
    text = b"".join(
        gzip.decompress(Path(piece.path).read_bytes())
        if piece.is_packed
        else Path(piece.path).read_bytes()
        for piece in pieces
    )
    return [json.loads(line) for line in text.splitlines()]


def marks(folder: Path) -> list[str]:
    return [line["what"] for line in lines_in(folder) if line["event"] == "mark"]


def test_events_are_written_as_json_has_them(recorder: Recorder, tmp_path: Path) -> None:
    first = signal(NOON + 5)
    events = [
        first,
        Series(signal(NOON + 7), [NOON + 8, NOON + 9]),
        Exit(NOON + 10, "e", "core", Process(2), number=9),
    ]
    shown = io.StringIO()
    sink = JsonSink(shown)
    recorder.start()
    for event in events:
        sink.write(event)
        recorder.write(event)
    sink.flush()
    recorder.close()
    written = [line for line in lines_in(tmp_path) if line["event"] != "mark"]
    assert written == [json.loads(line) for line in shown.getvalue().splitlines()]
    pieces, _ = pieces_in(str(tmp_path))
    raw = gzip.decompress(Path(pieces[0].path).read_bytes()).decode()
    assert shown.getvalue() in raw


def test_a_beginning_and_a_clean_end_are_marked(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start()
    assert marks(tmp_path) == ["begin", "state"]  # On disk before anything happens.
    recorder.close()
    assert marks(tmp_path) == ["begin", "state", "end"]
    begin = lines_in(tmp_path)[0]
    assert begin["details"] == {"version": "1.0.0", "source": "core", "before": "none"}


def test_each_piece_begins_by_telling_what_can_be_seen_in_it(
    recorder: Recorder, tmp_path: Path, clock: Clock
) -> None:
    recorder.start()
    clock.pass_(2 * 86_400)
    recorder.flush()
    recorder.write(signal(clock.wall))
    recorder.close()
    pieces, _ = pieces_in(str(tmp_path))
    heads = [
        json.loads(gzip.decompress(Path(piece.path).read_bytes()).splitlines()[0])
        for piece in pieces
    ]
    assert [head["what"] for head in heads] == ["begin", "rotate"]
    assert heads[1]["details"] == {"version": "1.0.0", "source": "core"}


def test_how_things_stand_is_marked_every_minute(
    recorder: Recorder, tmp_path: Path, clock: Clock
) -> None:
    recorder.start()
    assert 59 < recorder.due() <= 60
    recorder.write(signal(clock.wall))
    clock.pass_(60)
    assert recorder.due() == 0
    recorder.flush()
    last = lines_in(tmp_path)[-1]
    assert (last["what"], last["details"]["events"], last["details"]["lost"]) == ("state", 1, 0)


def test_lines_are_on_disk_a_second_after_they_came(
    recorder: Recorder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.start()
    synced = []
    real = store_module.os.fdatasync
    monkeypatch.setattr(
        store_module.os, "fdatasync", lambda fd: (synced.append(clock.boot), real(fd))
    )
    for _ in range(100):
        clock.pass_(0.1)
        recorder.write(signal(clock.wall))
        recorder.flush()
    pauses = [round((b - a) / SECOND, 1) for a, b in zip(synced, synced[1:])]
    assert set(pauses) == {1.0}
    assert len(synced) == 10
    recorder.write(signal(clock.wall))
    recorder.flush()
    assert recorder.due() <= 1


def test_a_step_of_the_clock_is_marked(recorder: Recorder, tmp_path: Path, clock: Clock) -> None:
    recorder.start()
    clock.wall -= 3600 * SECOND
    clock.pass_(1)
    recorder.write(signal(clock.wall))
    recorder.flush()
    clock.pass_(1)
    recorder.write(signal(clock.wall))
    recorder.close()
    steps = [line["details"] for line in lines_in(tmp_path) if line.get("what") == "clock step"]
    assert steps == [{"by_ns": -3600 * SECOND}]


def test_what_found_no_room_is_told_when_there_is_room_again(
    recorder: Recorder, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.start()

    def write(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store_module.os, "write", write)
        for _ in range(3):
            clock.pass_(1)
            recorder.write(signal(clock.wall))
            recorder.flush()
    clock.pass_(1)
    recorder.write(signal(clock.wall))
    recorder.close()
    losses = [line for line in lines_in(tmp_path) if line["event"] == "loss"]
    assert [(loss["count"], loss["where"]) for loss in losses] == [(3, "no room on the disk")]
    assert sum(line["event"] == "signal" for line in lines_in(tmp_path)) == 1
    assert lines_in(tmp_path)[-1]["details"]["lost"] == 3


def test_a_disk_that_cannot_be_written_stops_it(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.start()

    def write(fd: int, data: bytes) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(store_module.os, "write", write)
    recorder.write(signal(NOON))
    with pytest.raises(Problem, match="cannot record"):
        recorder.flush()


def test_hidden_arguments_leave_the_names(recorder: Recorder, tmp_path: Path) -> None:
    recorder.start()
    sink = Hiding(recorder)
    sink.write(signal(NOON + 1))
    sink.write(Series(signal(NOON + 2), [NOON + 3]))
    sink.write(Exec(NOON + 4, "x", "core", Process(3, argv=(b"systemctl", b"stop", b"nginx"))))
    sink.close()
    kept = [line for line in lines_in(tmp_path) if line["event"] != "mark"]
    assert [line["target"]["argv"] for line in kept[:3]] == [["nginx"]] * 3
    assert kept[0]["sender"]["ancestors"][0]["argv"] == ["sh"]
    assert kept[3]["process"]["argv"] == ["systemctl"]
    assert kept[3]["process"]["argv_cut"] is True
    assert "secret" not in json.dumps(kept)
