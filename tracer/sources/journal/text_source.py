"""What ``journalctl -o export`` or ``-o json`` has written, as a source of events: out of a file or a pipe."""

from __future__ import annotations

import io
import marshal
import os
import select
import stat
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from tracer.model.coverage import Blind, Coverage, Span
from tracer.sources.journal.entry import JournalEntry, Losses
from tracer.sources.journal.source import KINDS, NAME, Entries
from tracer.sources.journal.text import ExportReader, JsonReader
from tracer.sources.pieces import Pieces, Sieve

if TYPE_CHECKING:
    from typing import Protocol

    from tracer.audit.journal_lines import Taken, Told
    from tracer.flow.source import Descriptors
    from tracer.model.event import Event
    from tracer.sources.journal.source import End, Feed

    class Taker(Protocol):
        """Takes several entries at once (``tracer.audit.journal_lines``)."""

        def taken(self, block: bytes) -> list[Taken]: ...
        def feed_whole(self, told: Told) -> Iterable[Event]: ...


_BLOCK = 1 << 18


class TextSource(Entries):
    """The same as JournalSource of a text. ``taker``: what tells of the usual entries of its JSON at once."""

    def __init__(
        self,
        stream: IO[bytes],
        reader: type[ExportReader] | type[JsonReader],
        feed: Feed,
        end: End = tuple,
        *,
        file: str,
        is_pipe: bool = False,
        begun: bytes = b"",
        taker: Taker | None = None,
    ) -> None:
        """``begun``: what was read of the stream already, to know its form."""
        losses = Losses()
        super().__init__(losses, feed, end, file)
        self._stream = stream
        self._is_pipe = is_pipe
        self._reader = reader(file, losses)
        self._begun = begun
        self._taker = taker if reader is JsonReader else None
        in_pieces = not is_pipe and _is_plain(stream)
        self._parts = self._in_pieces() if in_pieces else self._as_it_comes()

    def descriptors(self) -> Descriptors:
        return [(self._stream.fileno(), select.POLLIN)] if self._is_pipe and not self._begun else ()

    def due(self) -> float | None:
        return None if self._is_pipe and not self._begun else 0.0

    def coverage(self) -> list[Coverage]:
        """From the first entry to the last; but a text may be a part of a journal."""
        if self._first is None:
            return []
        why = f"{self._file} may be a part of its journal"
        return [
            Coverage(NAME, KINDS, (Span(self._first, self._last),), blind=(Blind(KINDS, (why,)),))
        ]

    def close(self) -> None:
        self._parts.close()
        self._stream.close()

    def _events(self) -> Iterator[Event]:
        for text, rows in next(self._parts, ()):
            reader = self._reader
            if rows is None or isinstance(reader, ExportReader) or reader.is_within():
                yield from self._line_by_line(text)
                continue
            for row in rows:
                if isinstance(row, bytes):
                    yield from self._line_by_line(row + b"\n")
                    continue
                entries, first, last, told = row
                self._count(entries, first, last)
                reader.passed_over(entries)
                if told is not None and self._taker is not None:
                    yield from self._taker.feed_whole(told)
        if self._is_over:
            yield from super()._events()

    def _line_by_line(self, text: bytes) -> Iterator[Event]:
        for entry in self._reader.feed(text):
            yield from self._missing()
            yield from self._of(entry)
        yield from self._missing()

    def _now(self) -> Iterator[JournalEntry]:
        return self._reader.end()

    def _taken(self, block: bytes) -> Sequence[Taken]:
        return [(block, None)] if self._taker is None else self._taker.taken(block)

    def _as_it_comes(self) -> Generator[Sequence[Taken], None, None]:
        """The text in blocks, with what is in them."""
        block, self._begun = self._begun, b""
        block = block or self._block()
        while block:
            yield self._taken(block)
            block = self._block()
        self._is_over = True

    def _in_pieces(self) -> Generator[Sequence[Taken], None, None]:
        """The same of a file."""
        fd = self._stream.fileno()

        def find(fd: int, begin: int, end: int) -> Sequence[Taken]:
            return self._taken(os.pread(fd, end - begin, begin))

        sieve = Sieve(lambda fd, wanted, size: min(wanted, size), find, marshal.dumps, marshal.loads)  # fmt: skip
        size = os.fstat(fd).st_size
        yield from Pieces(fd, size, sieve, begin=self._stream.tell()).each()
        self._is_over = True

    def _block(self) -> bytes:
        try:
            if self._is_pipe:
                return os.read(self._stream.fileno(), _BLOCK)
            return self._stream.read(_BLOCK)
        except (OSError, EOFError, ValueError) as error:
            self.losses.add(str(self._file), f"cut or damaged: {error}", None)
            return b""


def _is_plain(stream: Any) -> bool:
    """Whether it is a file on disk, and not packed."""
    return isinstance(stream, io.BufferedReader) and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)


def reader_of(head: bytes) -> type[ExportReader] | type[JsonReader] | None:
    """What reads a text that begins like this; None: no form of a journal that loses nothing."""
    begin = head.lstrip(b"\x1e\r\n ")
    if begin.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP=")):
        return ExportReader
    if begin.startswith((b"{", b"data: {")) and b'"__REALTIME_TIMESTAMP"' in head:
        return JsonReader
    return None
