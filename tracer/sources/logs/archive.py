"""A sos report in an archive as a source: its logs are read as the archive comes by, and told in the order of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Callable

from tracer.lines.entry import EntryReader
from tracer.model.coverage import Blind, Coverage, Span
from tracer.model.event import Place, lost
from tracer.sources.logs.files import Proceed, always, open_log, read_blocks
from tracer.sources.logs.kept import SOS, Kept, kept_in
from tracer.sources.logs.system_log import BATCH, KINDS, NAME, Text, forwards, style_of
from tracer.sources.logs.tar import Damaged, Member, Tar
from tracer.sources.logs.telling_lines import Telling, whole_blocks

if TYPE_CHECKING:
    from tracer.audit.entries import AuditTeller
    from tracer.flow.source import Descriptors
    from tracer.lines.entry import Entry
    from tracer.model.event import Event
    from tracer.statements.teller import Teller

    Accounts = Callable[[Iterable[tuple[str, Iterable[bytes]]]], Iterator[Event]]

TOTAL_MAX = 16 << 30  # bytes that an archive may unpack to
MEMBER_MAX = 4 << 30  # bytes of one file that are read
EVENTS_MAX = 1 << 19  # events that are held to be put in order


def _no_accounts(_: object) -> Iterator[Event]:
    return iter(())


class Archive:
    """The events of one archive, as all its files together tell them. ``teller`` makes what tells of a file's text,
    ``accounting`` reads files of process accounting."""

    name = NAME
    grace = 0.0
    entries = None

    def __init__(
        self,
        path: str,
        teller: Callable[[], Teller],
        audit: Callable[[], AuditTeller],
        literals: Iterable[bytes],
        proceed: Proceed = always,
        *,
        year: int | None = None,
        accounting: Accounts = _no_accounts,
    ) -> None:
        self.title = path
        self.counts: Counter[str] = Counter()
        self._path = path
        self._teller = teller
        self._audit = audit
        self._telling = Telling(literals)
        self._proceed = proceed
        self._year = year
        self._accounting = accounting
        self._files = 0
        self._is_over = False
        self._span: list[int] = []
        self._events = self._all()

    def has_records(self) -> bool:
        """Whether it had a log in it."""
        return self._files > 0

    def descriptors(self) -> Descriptors:
        return ()

    def due(self) -> float | None:
        return 0.0

    def has_begun(self) -> bool:
        return self.has_records() or self._is_over

    def is_over(self) -> bool:
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """The next events, BATCH at most, also when it is asked to end. No archive makes it raise, only one that cannot be
        opened (Problem)."""
        for told, event in enumerate(self._events, 1):
            self.counts[type(event).__name__.lower()] += 1
            yield event
            if told >= BATCH:
                return
        self._is_over = True

    def coverage(self) -> list[Coverage]:
        """From the first line to the last; a report may leave out what its makers did not ask for."""
        if not self._span:
            return []
        why = f"{self.title} may hold a part of its host's logs"
        spans = (Span(min(self._span), max(self._span)),)
        return [Coverage(NAME, KINDS, spans, blind=(Blind(KINDS, (why,)),))]

    def close(self) -> None:
        """End what is being read."""
        self._events.close()

    def _all(self) -> Generator[Event, None, None]:
        events: list[tuple[int, Event]] = []
        with open_log(self._path, self._proceed) as stream:
            tar = Tar(_Blocks(read_blocks(stream, self._proceed)), TOTAL_MAX)  # type: ignore[arg-type]
            try:
                for member in tar.members():
                    row = kept_in(SOS, _below_report(member.name))
                    if row is not None:
                        self._files += 1
                        left = EVENTS_MAX + 1 - len(events)
                        events += islice(_placed(self._of_member(tar, member, row)), left)
                    if len(events) > EVENTS_MAX:
                        events.append((0, self._lost("more events than can be put in order")))
                        break
            except (Damaged, EOFError) as error:
                events.append((0, self._lost(str(error))))
        for _, event in sorted(events, key=lambda pair: pair[0]):
            yield event

    def _of_member(self, tar: Tar, member: Member, row: Kept) -> Iterator[Event]:
        file = f"{self._path}:{member.name.decode('utf-8', 'backslashreplace')}"
        unpacked = _unpacked(tar.blocks(min(member.size, MEMBER_MAX)))
        if member.size > MEMBER_MAX:
            yield self._lost(f"{file}: all behind its first {MEMBER_MAX >> 30} GiB")
        if row.accounting:
            yield from self._accounting([(file, unpacked)])
            return
        blocks = whole_blocks(unpacked)
        reader = EntryReader(style_of(self._year, member.mtime), file)
        yield from self._audited(blocks, file) if row.audit else self._said(blocks, reader)

    def _said(self, blocks: Iterator[bytes], reader: EntryReader) -> Iterator[Event]:
        teller, text = self._teller(), Text(reader, self._telling)
        head: list[bytes] = []
        for block in blocks:
            if text.is_near_begin(b"".join([*head, block])):
                head.append(block)
                continue
            yield from self._fed(teller, text.entries(b"".join(head)))
            head = []
            yield from self._fed(teller, text.entries(block))
        yield from self._fed(teller, forwards(list(text.entries(b"".join(head)))))
        yield from teller.end()

    def _fed(self, teller: Teller, entries: Iterable[Entry]) -> Iterator[Event]:
        for entry in entries:
            if entry.time is not None:
                self._span = [min([*self._span, entry.time]), max([*self._span, entry.time])]
            yield from teller.feed(entry)

    def _audited(self, blocks: Iterator[bytes], file: str) -> Iterator[Event]:
        audit = self._audit()
        lines = (line for block in blocks for line in block.removesuffix(b"\n").split(b"\n"))
        for number, line in enumerate(lines, 1):
            yield from audit.feed_line(line, Place(file=file, line=number))
        yield from audit.end()

    def _lost(self, why: str) -> Event:
        return lost(None, NAME, None, f"{self._path}: {why}")


def _placed(events: Iterable[Event]) -> Iterator[tuple[int, Event]]:
    """Each with the time at which it is told: what has none stays behind what stands before it in its file."""
    last = 0
    for event in events:
        last = last if event.time is None else event.time
        yield last, event


class _Blocks:
    """Blocks as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, _size: int) -> bytes:
        return next(self._blocks, b"")


def _below_report(name: bytes) -> str:
    """A name without the report's own folder."""
    return name.decode("utf-8", "backslashreplace").removeprefix("./").partition("/")[2]


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same, unpacked if it is gzip, as rotated logs are; other packings are passed over."""
    first = next(blocks, b"")
    if not first.startswith(b"\x1f\x8b"):
        yield first
        yield from blocks
        return
    import zlib

    unpacking = zlib.decompressobj(31)
    left = MEMBER_MAX
    try:
        while first and left > 0:
            block = unpacking.decompress(first, 1 << 20)
            left -= len(block)
            yield block
            first = unpacking.unconsumed_tail or next(blocks, b"")
    except zlib.error:
        return
