"""A bar on standard error for readings that take long."""

from __future__ import annotations

import os
import sys
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.flow.pipeline import Sink
    from tracer.model.event import Event
    from tracer.sources.logs.files import LogSet

PATIENCE = 1.5  # seconds, before it is shown by itself
INTERVAL = 0.1
WIDTH = 30


class Bar:
    """``wanted`` None: on a terminal, and only once the reading has taken a while."""

    def __init__(self, wanted: bool | None, logs: Sequence[LogSet]) -> None:
        self._wanted = sys.stderr is not None and (
            sys.stderr.isatty() if wanted is None else wanted
        )
        self._next = time.monotonic() + (0 if wanted else PATIENCE)
        self._total = sum(_size(path) for log in logs for path in log.paths)
        self._done = 0
        self._stream: object = None
        self._at = 0
        self._shown = False

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, stream: IO[bytes]) -> None:
        """Called before every block of a file that is read."""
        if stream is not self._stream:
            self._done, self._stream, self._at = self._done + self._at, stream, 0
        if not self._wanted or not self._total or time.monotonic() < self._next:
            return
        self._at = _position(stream)
        self.draw((self._done + self._at) / self._total)

    def ahead_of(self, proceed: Callable[[IO[bytes]], bool]) -> Callable[[IO[bytes]], bool]:
        """The same question, asked before every block, with a look at how far the reading is."""

        def both(stream: IO[bytes]) -> bool:
            self.show(stream)
            return proceed(stream)

        return both

    def draw(self, part: float) -> None:
        """The bar, ``part`` of it full (0..1)."""
        self._next = time.monotonic() + INTERVAL
        part = min(1.0, part)
        full = round(part * WIDTH)
        sys.stderr.write(f"\r[{'#' * full}{'.' * (WIDTH - full)}] {part:4.0%}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Make room for other text."""
        if self._shown:
            sys.stderr.write("\r\33[K")
            sys.stderr.flush()
            self._shown = False

    def before(self, sink: Sink) -> Sink:
        """The sink, writing only where no bar is in the way."""
        if self._wanted and sys.stdout is not None and sys.stdout.isatty():
            return _Behind(self, sink)
        return sink


class _Behind:
    """Clears the bar before anything is written to the same terminal."""

    def __init__(self, bar: Bar, sink: Sink) -> None:
        self._bar = bar
        self._sink = sink

    def start(self) -> None:
        self._bar.clear()
        self._sink.start()

    def write(self, event: Event) -> None:
        self._bar.clear()
        self._sink.write(event)

    def flush(self) -> None:
        self._sink.flush()

    def due(self) -> float | None:
        return self._sink.due()

    def close(self) -> None:
        self._sink.close()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _position(stream: IO[bytes]) -> int:
    """How much of the file was read, packed or not; 0 for a pipe."""
    raw = getattr(stream, "fileobj", None) or getattr(stream, "_fp", None) or stream
    try:
        return int(raw.tell())
    except (OSError, AttributeError, ValueError):
        return 0
