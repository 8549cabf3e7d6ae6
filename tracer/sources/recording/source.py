"""A recording, or what ``--json`` printed, told again as it was: each event with the line that has it."""

from __future__ import annotations

from collections import Counter
from time import time_ns

from tracer.model.event import Mark, Place, Series
from tracer.model.frozen import replace
from tracer.model.spelling import from_object
from tracer.model.times import utc
from tracer.recording.alive import recorder_of
from tracer.sources.recording.files import Cut, find_pieces, read_piece
from tracer.sources.recording.lines import NOT_OURS, Lines
from tracer.sources.recording.sight import NAME, Sight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.flow.source import Descriptors
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event
    from tracer.recording.names import Piece

BATCH = 512
_TIME = b'"time": "'
_MARK = b'"event": "mark"'
_LOSS = b'"event": "loss"'
_HEAD = 240  # An event's time stands within so many bytes.
_TIME_LENGTH = 30


class Recording:
    """``paths`` are folders and files. Of pieces that end before ``since`` or begin after ``until`` none is opened.

    What is no line of ours, or of a kind that is not known, is passed over and counted in ``passed``. Raises Problem.
    """

    name = NAME
    grace = 0.0

    def __init__(
        self, paths: Iterable[str], since: int | None = None, until: int | None = None
    ) -> None:
        paths = list(paths)
        self.pieces = find_pieces(paths, since, until)
        self.passed: Counter[str] = Counter()
        self.lines = 0
        self._since = None if since is None else utc(since).encode()
        self._sight = Sight()
        self._lines = Lines()
        self._folders = paths
        self._began = time_ns()
        self._is_over = False
        self._events = self._all()

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
        """Nothing is open between two reads but what the system closes."""

    def _is_alive(self) -> bool:
        """Whether the last piece is being written: then nothing has happened between its last line and our begin."""
        return bool(
            self.pieces
            and self.pieces[-1].last is None
            and any(recorder_of(path) is not None for path in self._folders)
        )

    def _all(self) -> Iterator[Event]:
        before: Piece | None = None
        for piece in self.pieces:
            if before is not None and (before.host, before.boot) != (piece.host, piece.boot):
                self._sight.between()
            before = piece
            yield from self._of(piece)

    def _of(self, piece: Piece) -> Iterator[Event]:
        for number, line in enumerate(read_piece(piece), 1):
            if isinstance(line, Cut):
                self.passed[line.why] += 1
                self._sight.between()
                return
            self.lines += 1
            if self._is_too_early(line):
                continue
            event = self._event(line, Place(recording=piece.path, line=number))
            if event is not None:
                self._sight.note(event)
                yield event

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

    def _event(self, line: bytes, place: Place) -> Event | None:
        made = self._lines.object_of(line)
        if made is None:
            if line.strip():
                self.passed["no line of JSON"] += 1
            return None
        try:
            if "place" in made or "places" in made:
                event = _again(from_object(made), place)
            else:
                made["place"] = place
                event = from_object(made)
        except NOT_OURS:
            self.passed["no event of ours"] += 1
            return None
        if event is None:
            self.passed["events of a kind that this version does not know"] += 1
        return event


def _again(event: Event | None, place: Place) -> Event | None:
    """With where it is written now before where it was first."""
    if event is None or isinstance(event, Series):
        return None
    earlier = event.places or ((event.place,) if event.place is not None else ())
    return replace(event, place=place, places=(place, *earlier) if earlier else ())


def is_mark(event: Event) -> bool:
    """Whether an event is the recorder's own word about itself."""
    return isinstance(event, Mark)
