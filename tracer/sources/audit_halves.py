"""A big audit.log sieved on two CPUs: a child takes the second half, and its finds come after ours."""

from __future__ import annotations

import marshal
import os
import signal
import struct
from collections.abc import Iterator
from typing import IO, Any

from tracer.sources.audit_sieve import (
    Found,
    Line,
    Lines,
    Missing,
    Proceed,
    Sieve,
    Sight,
    Wanted,
    always,
)

PARALLEL_MIN = 32 << 20
_BATCH = 1 << 20
_KINDS: dict[str, Any] = {kind.__name__: kind for kind in (Line, Lines, Sight, Wanted, Missing)}
_LENGTH = struct.Struct("<Q")


class Sieved:
    """The finds of a whole file; the totals are complete when ``found`` is exhausted."""

    def __init__(self, path: str, size: int, proceed: Proceed = always) -> None:
        self._proceed = proceed
        self.records = 0
        self.first_process = False
        self.broken = False
        self._path = path
        self._size = size

    def found(self) -> Iterator[Found]:
        """What matters, in the order of the file."""
        halved = self._size >= PARALLEL_MIN and len(os.sched_getaffinity(0)) > 1
        middle = self._size // 2 if halved else self._size
        own = Sieve(self._path, 0, middle, self._proceed)
        child = Child(self._path, middle, self._size) if halved else None
        try:
            yield from own.found()
            if child is None:
                yield from own.finish()
            else:
                yield from self._of_child(own, child)
            self.records += own.records
            self.first_process = self.first_process or own.first_process
        finally:
            own.close()
            if child is not None:
                child.close()

    def _of_child(self, own: Sieve, child: Child) -> Iterator[Found]:
        yield from own.finish()
        for batch in child.batches():
            for kind, values in batch["found"]:
                if kind == "Wanted":
                    yield from own.sights(values[0])
                else:
                    yield _KINDS[kind](*values)
            self.records += batch["records"]
            self.first_process = self.first_process or batch["first_process"]
        self.broken = not child.ended


class Child:
    """A forked process that sieves a range and sends what it finds through a pipe."""

    def __init__(self, path: str, start: int, end: int) -> None:
        self.ended = False
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(reading)
            _serve(path, start, end, writing)
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb")

    def batches(self) -> Iterator[dict[str, Any]]:
        """What the child has found, in order; it ends early if the child was killed."""
        while not self.ended:
            head = self._pipe.read(_LENGTH.size)
            body = self._pipe.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""
            try:
                batch = marshal.loads(body)
            except (EOFError, ValueError, TypeError):
                return
            self.ended = batch["ended"]
            yield batch

    def close(self) -> None:
        """End the child, if it has not ended, and take leave of it."""
        self._pipe.close()
        if not self.ended:
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _serve(path: str, start: int, end: int, writing: int) -> None:
    """The child's life: it never returns."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        with os.fdopen(writing, "wb") as pipe:
            _send(Sieve(path, start, end), pipe)
        status = 0
    finally:
        os._exit(status)


def _send(sieve: Sieve, pipe: IO[bytes]) -> None:
    batch: list[tuple[str, tuple[object, ...]]] = []
    size = 0
    for one in sieve.found():
        batch.append(_packed(one))
        size += len(one.text) if isinstance(one, (Line, Lines)) else 100
        if size > _BATCH:
            totals = {"records": 0, "first_process": False, "ended": False}
            _write(pipe, {"found": batch, **totals})
            batch, size = [], 0
    batch += [_packed(one) for one in sieve.finish()]
    totals = {"records": sieve.records, "first_process": sieve.first_process}
    _write(pipe, {"found": batch, **totals, "ended": True})


def _packed(one: Found) -> tuple[str, tuple[object, ...]]:
    name = type(one).__name__
    if isinstance(one, (Line, Lines)):
        return name, (one.offset, one.text)
    if isinstance(one, Sight):
        return name, (one.lines,)
    return name, ((one.pid,) if isinstance(one, Wanted) else (one.time, one.count))


def _write(pipe: IO[bytes], batch: dict[str, object]) -> None:
    body = marshal.dumps(batch)
    pipe.write(_LENGTH.pack(len(body)) + body)
