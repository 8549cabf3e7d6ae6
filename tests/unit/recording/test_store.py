"""The store: what it holds, what it never exceeds, and what it does when the disk does not want it."""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.model.errors import Problem
from tracer.model.times import SECOND, utc
from tracer.recording import store as store_module
from tracer.recording.names import LOCK, name_of, piece_of, pieces_in
from tracer.recording.store import Limits, Store

BOOT = "0123456789abcdef" * 2
NOON = 1_764_000_000 * SECOND


def line(moment: int, filler: str = "") -> bytes:
    return json.dumps({"v": 1, "event": "x", "time": utc(moment), "f": filler}).encode() + b"\n"


def store_in(folder: Path, **limits: int) -> Store:
    made = Store(str(folder), "web-01", BOOT, Limits(free_share=0, **limits))
    made.open()
    return made


def text_of(folder: Path) -> bytes:
    pieces, _ = pieces_in(str(folder))
    raw = [(piece, Path(piece.path).read_bytes()) for piece in pieces]
    return b"".join(gzip.decompress(one) if piece.is_packed else one for piece, one in raw)


def bytes_in(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(folder))


@given(
    host=st.text(min_size=1, max_size=80),
    first=st.integers(0, 1 << 61),
    after=st.none() | st.integers(0, 1 << 40),
)
def test_a_name_tells_what_it_was_made_of(host: str, first: int, after: int | None) -> None:
    last = None if after is None else first + after
    name = name_of(host, BOOT, first, last)
    piece = piece_of("/somewhere/" + name, 7)

    assert "/" not in name
    assert piece is not None
    assert (piece.boot, piece.first, piece.last) == (BOOT, first, last)
    assert piece.is_packed == (last is not None)


@pytest.mark.parametrize(
    "name",
    ["x.jsonl", "a-b-c.jsonl.gz", LOCK, f"h-{BOOT}-20261340T000000.000000000Z.jsonl", "audit.log"],
)
def test_a_foreign_name_is_no_piece(name: str) -> None:
    assert piece_of(name, 1) is None


def test_what_is_appended_is_read_back_and_packed_at_the_end(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for second in range(5):
        assert not store.append(
            line(NOON + second * SECOND), NOON + second * SECOND, NOON + second * SECOND
        )
    store.sync()
    (open_,) = pieces_in(str(tmp_path))[0]
    assert open_.last is None
    assert open_.path.endswith(".jsonl")
    store.close()

    (packed,) = pieces_in(str(tmp_path))[0]
    assert (packed.first, packed.last) == (NOON, NOON + 4 * SECOND)
    shown = subprocess.run(["zcat", packed.path], check=True, capture_output=True).stdout
    assert shown == b"".join(line(NOON + second * SECOND) for second in range(5))


def test_what_grows_slowly_is_packed_thoroughly(tmp_path: Path) -> None:
    """A quick packing costs room, a thorough one time, of which there is enough where little happens."""
    chance, sizes = random.Random(22), []
    words = [line(NOON, chance.choice("abc") * chance.randrange(9)) for _ in range(3000)]
    for name, span in (("fast", SECOND), ("slow", 86_400 * SECOND)):
        (tmp_path / name).mkdir()
        store = store_in(tmp_path / name)
        store.append(b"".join(words), NOON, NOON + span)
        store.close()
        assert text_of(tmp_path / name) == b"".join(words)
        sizes.append(store.size)
    assert sizes[1] < sizes[0]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 40), st.integers(0, 30_000)),
        st.tuples(st.just("rotate"), st.just(0), st.just(0)),
        st.tuples(st.just("sync"), st.just(0), st.just(0)),
        st.tuples(st.just("clock"), st.integers(-3600, 3600), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("crash"), st.just(0), st.integers(0, 50)),
    ),
    max_size=40,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(operations=OPERATIONS, seed=st.integers(0, 1 << 20))
def test_the_newest_lines_are_kept_in_order_and_the_cap_holds(
    operations: list[tuple[str, int, int]],
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Against a model: the list of all lines. What is there is a part of it without a hole, up to its end."""
    folder = tmp_path_factory.mktemp("store")
    chance, written, now, cap = random.Random(seed), b"", NOON, 1 << 20
    real = os.fsync

    def fsync(fd: int) -> None:
        assert bytes_in(folder) <= cap  # While a piece is there twice: plain, and being packed.
        real(fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module.os, "fsync", fsync)
        store = store_in(folder, max_size=cap)
        for kind, one, other in operations:
            if kind == "append":
                for _ in range(one):
                    now += SECOND
                    filler = chance.randbytes(other // 2).hex()
                    assert store.append(line(now, filler), now, now) == 0
                    written += line(now, filler)
            elif kind == "clock":
                now += one * SECOND
            elif kind == "restart":
                store.close()
                store = store_in(folder, max_size=cap)
            elif kind == "crash":
                os.close(store._lock)
                if store._fd >= 0:
                    os.write(store._fd, b'{"torn": 1'[:other])
                    os.close(store._fd)
                    store._fd = -1
                store = store_in(folder, max_size=cap)
            else:
                getattr(store, kind)()
            assert bytes_in(folder) <= cap
        store.close()
    pieces, _ = pieces_in(str(folder))
    kept = [gzip.decompress(Path(piece.path).read_bytes()) for piece in pieces]
    at = len(written)
    # The clock may have been set: pieces are where their lines are.
    for piece in sorted(kept, key=written.find):
        assert piece in written
    assert sum(map(len, kept)) >= min(len(written), 200_000)
    assert at == 0 or any(written.endswith(piece) for piece in kept)


def test_an_hour_is_found_by_names_alone(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for hour in range(48):
        moment = NOON + hour * 3600 * SECOND
        store.append(line(moment), moment, moment)
        store.rotate()
    store.close()
    pieces, _ = pieces_in(str(tmp_path))
    since = NOON + 10 * 3600 * SECOND

    chosen = [piece for piece in pieces if piece.may_hold(since, since + 1800 * SECOND)]

    assert [piece.first for piece in chosen] == [since]


def test_what_is_older_than_max_age_goes(tmp_path: Path) -> None:
    store = store_in(tmp_path, max_age=3600 * SECOND)
    for minute in range(0, 180, 10):
        moment = NOON + minute * 60 * SECOND
        store.append(line(moment), moment, moment)
        store.rotate()
    store.tidy(NOON + 180 * 60 * SECOND)
    store.close()

    pieces, _ = pieces_in(str(tmp_path))
    assert [piece.first for piece in pieces] == [
        NOON + minute * 60 * SECOND for minute in range(120, 180, 10)
    ]


def test_a_second_recorder_is_refused(tmp_path: Path) -> None:
    first = store_in(tmp_path)
    with pytest.raises(Problem, match="cannot record") as caught:
        store_in(tmp_path)
    assert caught.value.why == "another recorder is at work there"
    first.close()
    store_in(tmp_path).close()


def test_foreign_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"x" * 2_000_000)
    store = store_in(tmp_path, max_size=1 << 20)
    store.append(line(NOON), NOON, NOON)
    store.close()
    pieces, foreign = pieces_in(str(tmp_path))
    assert foreign == ["notes.txt"]
    assert len(pieces) == 1


def test_a_full_disk_loses_whole_lines_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    store.append(line(NOON), NOON, NOON)
    real, full = os.write, [True]

    def write(fd: int, data: bytes) -> int:
        if full[0]:
            real(fd, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(store_module.os, "write", write)
    assert store.append(line(NOON + 1), NOON + 1, NOON + 1) == 1
    full[0] = False
    assert store.append(line(NOON + 2), NOON + 2, NOON + 2) == 0
    store.close()

    assert text_of(tmp_path) == line(NOON) + line(NOON + 2)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.EACCES])
def test_any_other_error_is_a_problem(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    store.append(line(NOON), NOON, NOON)

    def write(fd: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store_module.os, "write", write)
    with pytest.raises(Problem) as caught:
        store.append(line(NOON), NOON, NOON)
    whose = f" to uid {os.geteuid()}, as which the recorder goes on"
    assert caught.value.why == os.strerror(number).lower() + (
        whose if number == errno.EACCES else ""
    )
    assert ("sudo chown" in caught.value.try_) is (number == errno.EACCES)
    # Whose folder it is nobody knows: /etc is given to no other user.
    (tmp_path / "passwd").write_text("")
    with pytest.raises(Problem) as caught:
        store.append(line(NOON), NOON, NOON)
    assert "chown" not in caught.value.try_


def test_a_folder_that_was_taken_away_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    store = store_in(folder)
    store.append(line(NOON), NOON, NOON)
    store.sync()
    shutil.move(str(folder), str(tmp_path / "away"))
    with pytest.raises(Problem, match="cannot record"):
        store.sync()


def test_too_little_free_space_removes_the_oldest_then_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    for hour in range(4):
        moment = NOON + hour * 3600 * SECOND
        store.append(line(moment), moment, moment)
        store.rotate()
    monkeypatch.setattr(store, "_lacking", lambda need: len(pieces_in(str(tmp_path))[0]) - 2)
    later = NOON + 5 * 3600 * SECOND
    assert store.append(line(later), later, later) == 0
    assert [piece.first for piece in pieces_in(str(tmp_path))[0]] == [
        NOON + hour * 3600 * SECOND for hour in (2, 3, 5)
    ]
    # To remove all would not help: nothing is removed.
    monkeypatch.setattr(store, "_lacking", lambda need: 1 << 30)
    assert store.append(line(later), later, later) == 1
    assert len(pieces_in(str(tmp_path))[0]) == 3


def test_on_a_disk_that_is_almost_full_pieces_are_packed_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 300_000

    class Disk:
        f_frsize, f_blocks = 1, room

        @property
        def f_bavail(self) -> int:
            return room - bytes_in(tmp_path)

    store = store_in(tmp_path)
    monkeypatch.setattr(store_module.os, "statvfs", lambda _: Disk())
    lines = b"".join(line(NOON + number, "x" * 500) for number in range(2000))
    assert len(lines) > 3 * room
    assert store.append(lines, NOON, NOON + 2000) == 0
    assert bytes_in(tmp_path) <= room
    store.close()
    assert text_of(tmp_path) == lines


WRITER = """
import sys
from tracer.recording.store import Limits, Store
from tests.unit.recording.test_store import BOOT, NOON, SECOND, line
store = Store(sys.argv[1], "web-01", BOOT, Limits(max_size=1 << 20, free_share=0))
store.open()
for number in range(1 << 30):
    moment = NOON + number * SECOND
    store.append(line(moment, "x" * (number * 7919 % 5000)), moment, moment)
    if number % 20 == 0:
        store.sync()
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


def kill_at_random(folder: Path, seconds: float) -> None:
    root = Path(__file__).parents[3]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert writer.stdout is not None
    synced = int(writer.stdout.readline())
    try:
        writer.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    writer.send_signal(signal.SIGKILL)
    synced = int(([str(synced), *writer.stdout.read().split()])[-1])
    writer.wait()
    writer.stdout.close()
    assert bytes_in(folder) <= 1 << 20
    store_in(folder, max_size=1 << 20).close()
    lines = text_of(folder).splitlines(keepends=True)
    numbers = [json.loads(one)["time"] for one in lines]
    assert utc(NOON + synced * SECOND) in numbers
    assert numbers == [utc(NOON + n * SECOND) for n in range(len(numbers))] or numbers == sorted(
        numbers
    )
    assert all(one.endswith(b"\n") for one in lines)


def test_a_killed_writer_loses_nothing_that_was_synced(tmp_path: Path) -> None:
    chance = random.Random(22)
    for turn in range(10):
        folder = tmp_path / str(turn)
        folder.mkdir()
        kill_at_random(folder, chance.random() * 0.3)
