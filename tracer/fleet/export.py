"""Recordings as Parquet: ``DIR/date=…/host=…/part-0.parquet``, a file a host and day.

A file is written beside and moved into place. What it had before is kept: of each line as many as the one side or the
other has, so that nothing is doubled, and nothing is lost that the recorder has removed since.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter

from tracer.fleet.columns import RAW, SCHEMA, expressions, structure
from tracer.fleet.engine import connect, quoted, said
from tracer.host.name import HOST
from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.spelling import EVENTS
from tracer.model.times import utc
from tracer.sinks.hide import hidden_line
from tracer.sources.recording.files import Cut, find_pieces, read_piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from tracer.recording.names import Piece

PART = "part-0.parquet"
_TIME = re.compile(r"(\d{4,}-\d\d-\d\d)T\d\d:\d\d:\d\d\.\d{9}Z")
_OPEN_MAX = 64
_LINE_MAX = 4 << 20  # bytes
_BATCH_MAX = 200  # files
_BATCH_BYTES = 64 << 20  # of lines


@frozen
class Period:
    """Nanoseconds; None: no end."""

    since: int | None
    until: int | None


@frozen
class _Part:
    """A host and day, and the file with their lines."""

    day: str
    host: str
    lines: str

    def path(self, target: str) -> str:
        return os.path.join(target, f"date={self.day}", f"host={self.host}", PART)


@frozen
class Exported:
    """Lines that were read, those that were passed over, by why, and the files that were written."""

    lines: int
    passed: dict[str, int]
    files: list[str]


def export(target: str, paths: Sequence[str], period: Period, *, whole: bool) -> Exported:
    """``whole``: command lines, too. Raises Problem."""
    connection = connect()
    # Files this small are written in less time by one thread, and a host has other things to do.
    connection.execute("SET threads = 1")
    passed: Counter[str] = Counter()
    pieces = find_pieces(paths, period.since, period.until)
    with tempfile.TemporaryDirectory(prefix="sigtrace-") as folder:
        sorting = _Sorting(folder)
        for piece in pieces:
            for line in _lines_of(piece, period, passed, whole=whole):
                sorting.add(*line)
        sorting.close()
        files: list[str] = []
        try:
            parts = [_Part(*own, lines) for own, lines in sorted(sorting.paths.items())]
            for batch in _batches(parts):
                files += _write(connection, target, batch, whole=whole)
        except OSError as error:
            raise _unwritable(target, error.strerror or str(error)) from None
    return Exported(sorting.lines, dict(passed), files)


def safe(host: str) -> str:
    """A host's name as part of a path."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", host)[:64] or "_"


class _Sorting:
    """Lines into a file for each day and host."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._open: dict[tuple[str, str], Any] = {}
        self.paths: dict[tuple[str, str], str] = {}
        self.lines = 0

    def add(self, day: str, host: str, line: bytes) -> None:
        own = day, host
        if own not in self._open:
            if len(self._open) >= _OPEN_MAX:
                self.close()
            known = os.path.join(self._folder, f"{len(self.paths)}.jsonl")
            self._open[own] = open(self.paths.setdefault(own, known), "ab")  # noqa: SIM115
        self._open[own].write(line + b"\n")
        self.lines += 1

    def close(self) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()


def _lines_of(
    piece: Piece, period: Period, passed: Counter[str], *, whole: bool
) -> Iterator[tuple[str, str, bytes]]:
    """Day, host and line of what is ours and of that time."""
    since, until = (None if one is None else utc(one) for one in (period.since, period.until))
    for line in read_piece(piece):
        if isinstance(line, Cut):
            passed[line.why] += 1
            return
        try:
            made = json.loads(line)
            word, moment = made["event"], made.get("time") or utc(piece.first)
            found = _TIME.fullmatch(moment)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            passed["no line of JSON"] += 1
            continue
        if not isinstance(word, str) or word not in EVENTS or found is None:
            passed["no event of ours"] += 1
            continue
        if (since is not None and moment < since) or (until is not None and moment > until):
            continue
        host = made.get("host") or piece.host or HOST
        kept = line if whole else json.dumps(hidden_line(made)).encode()
        yield found[1], safe(str(host)), kept


def _batches(parts: list[_Part]) -> Iterator[list[_Part]]:
    """So many that are planned once, and fit in memory together: planning costs more than writing a small file."""
    batch: list[_Part] = []
    size = 0
    for part in parts:
        more = os.path.getsize(part.lines)
        if batch and (len(batch) >= _BATCH_MAX or size + more > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += more
    if batch:
        yield batch


def _write(connection: Any, target: str, parts: list[_Part], *, whole: bool) -> list[str]:
    """A file each; returns their paths. Raises OSError, Problem."""
    arguments = "kept" if whole else "hidden"
    paths = [part.path(target) for part in parts]
    known = [(at, path) for at, path in enumerate(paths) if _count(connection, path)]
    for _, path in known:
        _require_alike(connection, path, arguments)
    _gather(connection, target, [part.lines for part in parts], known)
    for at, path in enumerate(paths):
        _write_one(connection, path, at, arguments)
    return paths


def _gather(connection: Any, target: str, files: list[str], known: list[tuple[int, str]]) -> None:
    """A table of all rows: those of the lines, and those that the files have. Raises Problem."""
    old = [f"SELECT {at} AS place, raw FROM read_parquet({quoted(path)})" for at, path in known]
    new = (
        f"SELECT coalesce(list_position([{', '.join(map(quoted, files))}], filename), error('a file has another name: ' || filename)) - 1 AS place, json AS raw FROM read_ndjson_objects("
        f"[{', '.join(map(quoted, files))}], maximum_object_size={_LINE_MAX}, filename=true)"
    )
    sides = [_numbered(new), *([_numbered(" UNION ALL ".join(old))] if old else [])]
    query = (
        f"SELECT place, {expressions('made')}, {RAW} FROM (SELECT place, {RAW}, json_transform({RAW}, "
        f"{quoted(json.dumps(structure()))}) AS made FROM ({' UNION '.join(sides)})) ORDER BY place, time, id"
    )
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS {query}")
    except Exception as error:
        raise _unwritable(target, said(error)) from None


def _write_one(connection: Any, path: str, at: int, arguments: str) -> None:
    is_elsewhere = "://" in path
    if not is_elsewhere:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = path if is_elsewhere else f"{path}.{os.getpid()}.new"
    facts = {"sigtrace.schema": str(SCHEMA), "sigtrace.arguments": arguments}
    metadata = ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in facts.items())
    query = f"SELECT * EXCLUDE (place) FROM gathered WHERE place = {at}"
    copy = f"COPY ({query}) TO {quoted(beside)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{metadata}}})"
    try:
        connection.execute(copy)
        if not is_elsewhere:
            _into_place(beside, path)
    except Exception as error:
        if not is_elsewhere and os.path.exists(beside):
            os.unlink(beside)
        if isinstance(error, OSError):
            raise
        raise _unwritable(path, said(error)) from None


def _numbered(query: str) -> str:
    """Lines of a file that are alike are told apart by which of them each is."""
    return f"SELECT place, CAST(raw AS VARCHAR) AS raw, row_number() OVER (PARTITION BY place, raw) AS nth FROM ({query})"


def _count(connection: Any, path: str) -> int:
    try:
        return int(connection.execute("SELECT count(*) FROM glob(?)", [path]).fetchone()[0])
    except Exception as error:
        raise _unwritable(path, said(error)) from None


def _require_alike(connection: Any, path: str, arguments: str) -> None:
    """A file whose command lines were hidden and one whose were not would have each line twice."""
    try:
        rows = connection.execute(
            "SELECT key, value FROM parquet_kv_metadata(?)", [path]
        ).fetchall()
    except Exception as error:
        raise Problem(f"{path!r} cannot be read", said(error), "another DIR") from None
    known = {bytes(key).decode(): bytes(value).decode() for key, value in rows}
    before = known.get("sigtrace.arguments")
    if before != arguments:
        why = f"its command lines are {before or 'not said to be hidden or kept'}, and would now be {arguments}"
        raise Problem(
            f"{path!r} is of another kind", why, "the same --arguments as before, or another DIR"
        )


def _into_place(beside: str, path: str) -> None:
    fd = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    os.replace(beside, path)


def _unwritable(target: str, why: str) -> Problem:
    return Problem(f"cannot write to {target!r}", why.lower(), "--parquet with a folder of yours")
