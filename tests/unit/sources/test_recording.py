"""A recording read: every event with its place, whatever else is in the files, and what was seen when."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow.source import every
from tracer.model.coverage import lacking
from tracer.model.errors import Problem
from tracer.model.event import Exit, Loss, Mark, Place, Process, Signal
from tracer.model.frozen import replace
from tracer.model.spelling import to_object
from tracer.model.times import SECOND
from tracer.recording.names import name_of, piece_of
from tracer.recording.store import Limits, Store
from tracer.sources.recording.files import Cut, lines_of, looks_like_recording
from tracer.sources.recording.report import account
from tracer.sources.recording.source import Recording

BOOT = "cd" * 16
NOON = 1_764_000_000 * SECOND
KINDS = ["sends", "deaths", "oom"]


def signal(time: int) -> Signal:
    return Signal(time, f"{time:x}-2", "core", 9, target=Process(2), host="web")


def mark(what: str, time: int, **details) -> Mark:
    return Mark(time, f"{time:x}-{what}", "recorder", what, details or None, "web")


def text_of(*events) -> bytes:
    return b"".join(json.dumps(to_object(event)).encode() + b"\n" for event in events)


def begin(time: int, what: str = "begin", **details) -> Mark:
    return mark(what, time, kinds=KINDS, unseen=["oom: nobody looked"], **details)


def piece(folder: Path, text: bytes, first: int, last: int | None = None) -> Path:
    path = folder / name_of("web", BOOT, first, last)
    path.write_bytes(text if last is None else gzip.compress(text))
    return path


def read(*paths: Path, **period) -> tuple[Recording, list]:
    source = Recording(map(str, paths), **period)
    return source, list(every(source))


def test_each_event_is_told_with_its_line(tmp_path: Path) -> None:
    events = [begin(NOON), signal(NOON + 1), Exit(NOON + 2, "e", "core", Process(2), number=9)]
    path = piece(tmp_path, text_of(*events), NOON, NOON + 2)
    _, told = read(tmp_path)
    assert [event.place for event in told] == [
        Place(recording=str(path), line=number) for number in (1, 2, 3)
    ]
    assert [replace(event, place=None) for event in told] == events


def test_what_json_printed_is_read_too_and_keeps_where_it_came_from(tmp_path: Path) -> None:
    place = Place(file="audit.log", line=7)
    path = tmp_path / "kept"
    path.write_bytes(text_of(replace(signal(NOON), place=place)))
    assert looks_like_recording(str(path))
    _, (told,) = read(path)
    assert told.place == Place(recording=str(path), line=1)
    assert told.places == (told.place, place)


@pytest.mark.parametrize(
    "text", [b"", b"type=SYSCALL msg=audit(1:2)", b"{}", b"\x1f\x8b\x08", b'{"a": 1}\n']
)
def test_other_files_do_not_look_like_it(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(text)
    assert not looks_like_recording(str(path))
    assert not looks_like_recording(str(tmp_path))
    assert not looks_like_recording(str(tmp_path / "missing"))


def test_pieces_of_other_times_are_not_opened(tmp_path: Path) -> None:
    for hour in range(24):
        moment = NOON + hour * 3600 * SECOND
        path = piece(
            tmp_path,
            text_of(begin(moment, "rotate"), signal(moment + 1)),
            moment,
            moment + 60 * SECOND,
        )
        if hour != 5:
            path.write_bytes(b"not to be read")
    since = NOON + 5 * 3600 * SECOND
    source, told = read(tmp_path, since=since, until=since + 60 * SECOND)
    assert [event.time for event in told] == [since, since + 1]
    assert not source.passed


def test_a_time_that_it_does_not_reach_is_told(tmp_path: Path) -> None:
    """Zero rows of a recording that ended an hour ago said neither when it was, nor that it was another time."""
    name = name_of("web", BOOT, NOON, NOON + SECOND)
    (tmp_path / name).write_bytes(gzip.compress(text_of(mark("begin", NOON, kinds=KINDS))))
    recording = Recording([str(tmp_path)], since=NOON + 3600 * SECOND)
    assert list(every(recording)) == []
    assert list(account(recording, 0))[1:] == [
        "the recording has nothing of that time: it reaches from 2025-11-24T16:00:00Z to 2025-11-24T16:00:01Z"
    ]


def test_lines_before_since_are_passed_over_but_not_what_marks_say(tmp_path: Path) -> None:
    piece(
        tmp_path,
        text_of(begin(NOON), *(signal(NOON + n * SECOND) for n in range(100))),
        NOON,
        NOON + 99 * SECOND,
    )
    source, told = read(tmp_path, since=NOON + 90 * SECOND)
    assert [type(event).__name__ for event in told] == ["Mark", *["Signal"] * 10]
    assert source.coverage()[0].kinds == tuple(KINDS)


def test_a_torn_line_a_cut_member_and_foreign_lines_are_counted(tmp_path: Path) -> None:
    whole = text_of(begin(NOON), *(signal(NOON + n) for n in range(200)))
    piece(tmp_path, b"", NOON - 5, NOON - 4).write_bytes(gzip.compress(whole)[:-40])
    piece(tmp_path, whole + b"hello\n[1]\n{}\n" + text_of(signal(NOON + 500))[:-20], NOON)
    source, told = read(tmp_path)
    assert len(told) > 201
    assert source.passed["a packed file without an end"] == 1
    assert source.passed["a line without an end"] == 1
    assert source.passed["no line of JSON"] == 2
    assert source.passed["no event of ours"] == 1


@pytest.mark.parametrize(
    "damage", [lambda line: line[: len(line) // 2] + b"\n", lambda line: b"\0" * len(line) + b"\n"]
)
def test_what_a_damaged_line_may_have_told_is_not_denied(tmp_path: Path, damage) -> None:
    events = [
        text_of(one) for one in (begin(NOON), *(signal(NOON + n * SECOND) for n in range(1, 9)))
    ]
    events[4] = damage(events[4])
    piece(
        tmp_path,
        b"".join(
            [*events, b"a line of another program\n", text_of(mark("end", NOON + 9 * SECOND))]
        ),
        NOON,
    )
    source, told = read(tmp_path)
    (loss,) = [one for one in told if isinstance(one, Loss)]
    assert (loss.time, loss.count, loss.host) == (NOON + 5 * SECOND, 1, "web")
    (sight,) = source.coverage()
    assert lacking([sight], "sends", NOON + 4 * SECOND, NOON + 4 * SECOND)
    assert not lacking([sight], "sends", NOON + 6 * SECOND, NOON + 7 * SECOND)


def test_behind_a_damaged_last_line_nothing_was_seen(tmp_path: Path) -> None:
    piece(tmp_path, text_of(begin(NOON), signal(NOON + SECOND)) + b'{"v": 1, "event": "sig\n', NOON)
    source, _ = read(tmp_path)
    assert lacking(source.coverage(), "sends", NOON + SECOND, NOON + 2 * SECOND)


def test_recordings_of_other_versions(tmp_path: Path) -> None:
    later = {**to_object(signal(NOON)), "v": 2, "colour": "blue"}
    later["target"] = {**later["target"], "mood": "calm"}
    unknown = {"v": 2, "event": "dream", "time": "2031-01-01T00:00:00.000000000Z", "id": "d"}
    earlier = to_object(signal(NOON + 1))
    del earlier["host"]
    path = tmp_path / "kept.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in (later, unknown, earlier)))
    source, told = read(path)
    assert [replace(event, place=None) for event in told] == [
        signal(NOON),
        replace(signal(NOON + 1), host=None),
    ]
    assert source.passed == {"events of a kind that this version does not know": 1}


def test_what_was_not_recorded_is_not_denied(tmp_path: Path) -> None:
    first = text_of(begin(NOON), signal(NOON + 10 * SECOND), mark("end", NOON + 60 * SECOND))
    cut = text_of(begin(NOON + 100 * SECOND), mark("state", NOON + 160 * SECOND))
    again = text_of(begin(NOON + 300 * SECOND), mark("end", NOON + 400 * SECOND))
    for number, text in enumerate((first, cut, again)):
        at = NOON + number * 100 * SECOND
        piece(tmp_path, text, at, at + SECOND)
    source, _ = read(tmp_path)
    sights = source.coverage()

    def is_seen(kind: str, since: int, until: int) -> bool:
        return not lacking(sights, kind, NOON + since * SECOND, NOON + until * SECOND)

    assert is_seen("sends", 0, 60)
    assert is_seen("deaths", 110, 160)
    assert not is_seen("sends", 50, 110)  # Nobody was there.
    assert not is_seen("sends", 150, 170)  # It was killed at some time after 160.
    assert not is_seen("oom", 10, 20)
    assert not is_seen("refused", 10, 20)


def test_a_loss_is_a_gap(tmp_path: Path) -> None:
    events = [
        *(begin(NOON), signal(NOON + SECOND)),
        Loss(NOON + 5 * SECOND, "l", "core", 3, "ring buffer", "web"),
        mark("end", NOON + 60 * SECOND),
    ]
    piece(tmp_path, text_of(*events), NOON, NOON + 60 * SECOND)
    source, _ = read(tmp_path)
    assert lacking(source.coverage(), "sends", NOON + 2 * SECOND, NOON + 4 * SECOND)
    assert not lacking(source.coverage(), "sends", NOON + 6 * SECOND, NOON + 50 * SECOND)


def test_a_recorder_at_work_has_seen_that_nothing_happened_since(tmp_path: Path) -> None:
    now = time.time_ns()
    store = Store(str(tmp_path), "web", BOOT, Limits(free_share=0))
    store.open()
    store.append(text_of(begin(now - 50 * SECOND)), now - 50 * SECOND, now - 50 * SECOND)
    store.sync()
    source, _ = read(tmp_path)
    assert not lacking(source.coverage(), "sends", now - 40 * SECOND, now - SECOND)
    store.close()
    source, _ = read(tmp_path)
    assert lacking(source.coverage(), "sends", now - 40 * SECOND, now - SECOND)


def test_a_folder_without_a_recording_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no recording in"):
        read(tmp_path)
    with pytest.raises(Problem, match="cannot read"):
        read(tmp_path / "missing")


@given(st.binary(max_size=300), st.booleans())
def test_no_input_makes_it_raise(tmp_path_factory, noise: bytes, packed: bool) -> None:
    folder = tmp_path_factory.mktemp("noise")
    text = text_of(signal(NOON)) + noise
    path = folder / "kept.jsonl"
    path.write_bytes(gzip.compress(text)[:-3] + noise if packed else text)
    _, told = read(path)
    assert len(told) <= 2


def test_members_one_after_another_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"a\nb\n") + gzip.compress(b"c\n"))
    assert list(lines_of(str(path))) == [b"a", b"b", b"c"]
    path.write_bytes(gzip.compress(b"a\nb\n") + gzip.compress(b"c\n")[:-9])
    assert isinstance(list(lines_of(str(path)))[-1], Cut)


def test_a_piece_that_is_packed_before_it_is_read_is_found(tmp_path: Path) -> None:
    text = text_of(begin(NOON), signal(NOON + 1))
    plain = piece(tmp_path, text, NOON)
    source = Recording([str(tmp_path)])
    plain.unlink()
    packed = piece(tmp_path, text, NOON, NOON + 1)
    assert piece_of(str(packed), 0) is not None
    assert len(list(every(source))) == 2


def test_pieces_read_on_two_cpus_tell_the_same_as_on_one(tmp_path: Path, monkeypatch) -> None:
    """Whatever is wrong with some of them."""
    for number in range(9):
        first = NOON + number * SECOND
        lines = text_of(
            mark("begin" if number == 0 else "rotate", first, kinds=KINDS),
            *(signal(first + at) for at in range(40)),
        )
        lines += b"what is this\n" * (number == 4) + b'{"v": 1, "event": "of tomorrow"}\n' * (
            number == 5
        )
        packed = gzip.compress(lines)
        path = tmp_path / name_of("web", BOOT, first, first + 40)
        path.write_bytes(packed[:-30] if number == 6 else packed)
    (tmp_path / name_of("web", BOOT, NOON + 10 * SECOND)).write_bytes(
        text_of(signal(NOON + 10 * SECOND))
    )
    told = []
    for cpus in ({0, 1}, {0}):
        monkeypatch.setattr("os.sched_getaffinity", lambda _pid, cpus=cpus: cpus)
        source = Recording([str(tmp_path)])
        told.append((list(every(source)), source.lines, source.passed, source.coverage()))
        source.close()
    assert told[0] == told[1]
    assert len(told[0][0]) > 300


def test_a_piece_larger_than_memory_should_hold_is_read_line_by_line(tmp_path: Path, monkeypatch) -> None:  # fmt: skip
    monkeypatch.setattr("tracer.sources.recording.source.WHOLE_MAX", 1000)
    for number in range(5):
        first = NOON + number * SECOND
        packed = gzip.compress(text_of(*(signal(first + at) for at in range(90))))
        (tmp_path / name_of("web", BOOT, first, first + 90)).write_bytes(packed)
    source = Recording([str(tmp_path)])
    assert [event.time for event in every(source)] == [
        NOON + number * SECOND + at for number in range(5) for at in range(90)
    ]
    assert source.lines == 450


def test_an_id_with_escapes_in_it_is_passed_over(tmp_path: Path) -> None:
    """The JSON sink would write it to the terminal, a line of its own and all."""
    forged = to_object(replace(signal(NOON + 1), id='x\x1b]0;t\x07\n{"v": 1, "event": "exit"}'))
    lines = text_of(signal(NOON)) + json.dumps(forged).encode() + b"\n"
    source, told = read(piece(tmp_path, lines, NOON))
    assert [event.id for event in told] == [signal(NOON).id]
    assert source.passed["no event of ours"] == 1
