"""A recording, or what ``--json`` printed, told again as it was: each event with the line that has it."""

from __future__ import annotations

from time import time_ns

from tracer.model.event import Place, Series, lost
from tracer.model.frozen import replace
from tracer.model.spelling import from_object
from tracer.model.times import utc
from tracer.sources.recording.ahead import WHOLE_MAX, Ahead, Tally, is_small
from tracer.sources.recording.alive import recorder_of
from tracer.sources.recording.files import BEGINNING, Cut, find_pieces, read_piece
from tracer.sources.recording.lines import NOT_OURS
from tracer.sources.recording.lines import Lines as Read
from tracer.sources.recording.sight import NAME, Sight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tracer.flow.source import Descriptors
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event
    from tracer.recording.names import Piece
    from tracer.sources.recording.ahead import Whole
    from tracer.sources.recording.sieve import Lines

BATCH = 512
_TIME = b'"time": "'
DAMAGED = "damaged lines"
UNKNOWN = "events of a kind that this version does not know"
_MARK = b'"event": "mark"'
_LOSS = b'"event": "loss"'
_HEAD = 240  # An event's time stands within so many bytes.
_TIME_LENGTH = 30


class Recording:
    """``paths`` are folders and files. Of pieces that end before ``since`` or begin after ``until`` none is opened. Of a
    line that ``pick`` does not take nothing is told; ``sieved`` gives of some pieces the numbered lines that it may take.

    What is no line of ours, or of a kind that is not known, is passed over and counted in ``passed``. Raises Problem.
    """

    name = NAME
    grace = 0.0

    def __init__(
        self,
        paths: Iterable[str],
        since: int | None = None,
        until: int | None = None,
        pick: Callable[[bytes], bool] | None = None,
        sieved: Callable[[Piece], Lines | None] = lambda _: None,
    ) -> None:
        self.paths = paths = list(paths)
        self.pieces = find_pieces(paths, since, until)
        self._tally = Tally()
        self._pick = pick
        self._sieved = sieved
        self._since = None if since is None else utc(since).encode()
        self._sight = Sight()
        self._lines = Read()
        self._began = time_ns()
        self._is_over = False
        self._events = self._all()

    @property
    def lines(self) -> int:
        """How many were read."""
        return self._tally.lines

    @property
    def passed(self) -> Counter[str]:
        """How many of them were passed over, and why."""
        return self._tally.passed

    def descriptors(self) -> Descriptors:
        """Files are never waited for."""
        return ()

    def due(self) -> float | None:
        """At once."""
        return 0.0

    def has_begun(self) -> bool:
        """A recording without an event of this time is one, too."""
        return True

    def is_over(self) -> bool:
        """Whether everything was told."""
        return self._is_over

    def read(self, last: bool = False) -> Iterator[Event]:
        """The next events, BATCH at most."""
        for told, event in enumerate(self._events, 1):
            yield event
            if told >= BATCH:
                return
        self._is_over = True

    def coverage(self) -> list[Coverage]:
        """When the recorders saw, what, and where they know that they did not."""
        return self._sight.coverage(self._began if self._is_alive() else None)

    def close(self) -> None:
        """End who reads ahead."""
        self._events.close()

    def _is_alive(self) -> bool:
        """Whether the last piece is being written: then nothing has happened between its last line and our begin."""
        return bool(
            self.pieces
            and self.pieces[-1].last is None
            and any(recorder_of(path) is not None for path in self.paths)
        )

    def _all(self) -> Generator[Event, None, None]:
        """What comes first is told at once; what stands far behind it is read meanwhile."""
        before: Piece | None = None
        ahead = Ahead([piece for piece in self.pieces[1:] if is_small(piece)], self._read_whole)
        try:
            for piece in self.pieces:
                if before is not None and (before.host, before.boot) != (piece.host, piece.boot):
                    self._sight.between()
                before = piece
                whole = ahead.next(piece)
                events, tally = whole or (self._events_of(piece, self._tally), self._tally)
                if whole is not None:
                    self._tally.add(tally)
                for event in events:
                    self._sight.note(event)
                    yield event
                if tally.is_cut:
                    self._sight.between()
                self._tally.is_cut = False
        finally:
            ahead.close()

    def _read_whole(self, piece: Piece) -> Whole | None:
        """All of a piece at once; None of one that is larger than a recorder lets it grow."""
        tally = Tally(room=WHOLE_MAX)
        events = list(self._events_of(piece, tally))
        return None if tally.room < 0 else (events, tally)

    def _events_of(self, piece: Piece, tally: Tally) -> Iterator[Event]:
        lines: Iterable[tuple[int | None, bytes | Cut]] | None = self._sieved(piece)
        damaged = 0
        for number, line in enumerate(read_piece(piece), 1) if lines is None else lines:
            if isinstance(line, Cut):
                tally.passed[line.why] += 1
                tally.is_cut = True
                return
            tally.lines += 1
            tally.room -= len(line)
            if tally.room < 0:
                return
            is_wanted = not self._is_too_early(line) and (self._pick is None or self._pick(line))
            if not is_wanted and _may_be_whole(line):
                continue
            event = self._event(line, Place(recording=piece.path, line=number))
            if isinstance(event, str):
                tally.passed[event] += 1
                damaged += event != UNKNOWN and _was_ours(line)
            if event is None or isinstance(event, str) or not is_wanted:
                continue
            if damaged and event.time is not None:
                yield lost(event.time, NAME, damaged, DAMAGED, piece.host or None)
                damaged = 0
            yield event
        if damaged:
            tally.is_cut = True

    def _is_too_early(self, line: bytes) -> bool:
        """Found without reading the line whole. Marks and losses are wanted for what they say of later times."""
        if self._since is None:
            return False
        at = line.find(_TIME, 0, _HEAD) + len(_TIME)
        if at < len(_TIME) or len(line) < at + _TIME_LENGTH:
            return False
        if line[at : at + _TIME_LENGTH] >= self._since:
            return False
        head = line[:at]
        return _MARK not in head and _LOSS not in head

    def _event(self, line: bytes, place: Place) -> Event | str | None:
        """What it tells, or why it is passed over; None of a line with nothing in it."""
        made = self._lines.object_of(line)
        if made is None:
            return "no line of JSON" if line.strip() else None
        try:
            if "place" in made or "places" in made:
                event = _again(from_object(made), place)
            else:
                made["place"] = place
                event = from_object(made)
        except NOT_OURS:
            return "no event of ours"
        return UNKNOWN if event is None else event


def _may_be_whole(line: bytes) -> bool:
    """Whether it looks like a line of ours: what does not is read even where nobody wants it, and counted if it is none."""
    return line.startswith(BEGINNING) and b"\0" not in line


def _was_ours(line: bytes) -> bool:
    """Whether a line that is none of ours may have been one before it was damaged: what else programs write is none, and a
    file system that lost its last writes has NULs there."""
    return b'"event": "' in line or b'"source": "' in line or b"\0" in line


def _again(event: Event | None, place: Place) -> Event | None:
    """With where it is written now before where it was first."""
    if event is None or isinstance(event, Series):
        return None
    earlier = event.places or ((event.place,) if event.place is not None else ())
    return replace(event, place=place, places=(place, *earlier) if earlier else ())
