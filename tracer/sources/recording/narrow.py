"""Which lines of a long recording may have to do with the last deaths of a name: found without reading each of them as JSON.

The newest pieces are looked at first. Ends whose line has the name in it are read; around those that count, all that
was near, and of the time before, what the process, its pid or its unit is named in, and commands. Where it has no end, what
may tell of one.
"""

from __future__ import annotations

from tracer.model.event import Exit
from tracer.model.frozen import frozen
from tracer.model.spelling import from_object
from tracer.model.text import shown
from tracer.model.times import SECOND, utc
from tracer.recording.tail import object_of
from tracer.sources.recording.files import find_pieces, mentions, read_piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tracer.model.event import Process
    from tracer.recording.names import Piece

# tracer.why.case.BEFORE: so long before an end something may have led to it.
AROUND = 900 * SECOND
NEAR = 10 * SECOND
# Of earlier ends so many pieces (of 8 MiB, or a day) are looked through.
LOOK_BACK = 4
_EXIT, _EXEC = b'"event": "exit"', b'"event": "exec"'
_SIGNAL = b'"event": "signal"'
_SURVIVED = (b'"outcome": "handled"', b'"outcome": "ignored"')
_REQUESTS = tuple(b'"name": "SIG%s"' % word for word in (b"TERM", b"INT", b"QUIT", b"HUP"))
_KEPT = (b'"event": "mark"', b'"event": "loss"', b'"event": "statement"')
_TIME = b'"time": "'
_HEAD, _TIME_LENGTH = 240, 30
# What JSON and tracer.model.text.plain write as it is.
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')


@frozen
class Ends:
    """The last ``count`` ends of ``what``, as ``fits`` understands it; None, and near a time (``at``): any may be wanted."""

    what: bytes | None
    fits: Callable[[Process, bytes], bool]
    count: int = 1
    at: int | None = None

    def is_written_so(self) -> bool:
        """Whether a line about it has the very bytes in it."""
        return bool(self.what) and self.at is None and _PLAIN.issuperset(self.what or b"")


@frozen
class Narrow:
    """``pick``: which lines are wanted, None: all. ``since``: what came before is not looked at, though it may have been
    asked for (``cut``). ``named``: before this time only what names it is."""

    pick: Callable[[bytes], bool] | None = None
    since: int | None = None
    cut: bool = False
    named: tuple[bytes, int] | None = None

    def notes(self) -> list[str]:
        """What was left out, for who reads how often something came."""
        if self.named is not None:
            what, moment = self.named
            began = utc(moment)[:19]
            return [
                f"before {began}Z of the recording what names {shown(what)} is read, and no more"
            ]
        if not self.cut or self.since is None:
            return []
        began = utc(self.since)[:19]
        return [f"repeats in the recording are counted from {began}Z; --since takes more"]


def narrowed(paths: Sequence[str], ends: Ends, since: int | None, until: int | None) -> Narrow:
    """What is to be read of a recording for these ends."""
    what, count = ends.what or b"", ends.count
    if not paths or not ends.is_written_so():
        return Narrow(since=since)
    pieces = find_pieces(paths, since, until)
    found: list[Exit] = []
    left = None
    for at in range(len(pieces) - 1, -1, -1):
        inside = [
            end
            for end in _ends(pieces[at], what)
            if ends.fits(end.process, what)
            and (since or 0) <= (end.time or 0) <= (until or 1 << 63)
        ]
        found = inside + found
        if len(found) >= count:
            left = LOOK_BACK if left is None else left - 1
        if left == 0:
            break
    else:
        at = 0
    if not found:
        return _of_nobody(pieces, what, since)
    told = sorted(found, key=lambda end: end.time or 0)[-count:]
    windows = [_Window(end, what) for end in told]

    def pick(line: bytes) -> bool:
        head = line[:_HEAD]
        if any(word in head for word in _KEPT):
            return True
        if _EXIT in head and what in line:
            return True
        moment = _moment(head)
        return moment is None or any(window.takes(moment, head, line) for window in windows)

    return Narrow(pick, pieces[at].first if at else since, at > 0)


def _may_tell(line: bytes) -> bool:
    """Whether a line that does not name who was asked for may have to do with it: another witness may know the pid alone.
    A signal that ended nobody, and asked for no end, does not."""
    if _SIGNAL not in line[:_HEAD]:
        return True
    survived = any(word in line for word in _SURVIVED)
    return not survived or any(word in line for word in _REQUESTS)


def _of_nobody(pieces: Sequence[Piece], what: bytes, since: int | None) -> Narrow:
    """No end of it is recorded: of the newest pieces all that may tell of one, before them what names it."""
    newest = pieces[-LOOK_BACK:]
    first = _stamp(newest[0].first) if len(newest) < len(pieces) else b""

    def pick(line: bytes) -> bool:
        head = line[:_HEAD]
        if what in line or any(word in head for word in _KEPT):
            return True
        moment = _moment(head)
        return moment is None or (moment >= first and _may_tell(line))

    return Narrow(pick, since, named=(what, newest[0].first) if first else None)


class _Window:
    """The time around one end."""

    def __init__(self, end: Exit, what: bytes) -> None:
        time = end.time or 0
        self._around = _stamp(time - AROUND), _stamp(time + AROUND)
        self._near = _stamp(time - NEAR), _stamp(time + NEAR)
        unit = end.process.unit or b""
        words = (what, b'"pid": %d,' % (end.process.pid or 0), unit)
        self._words = tuple(word for word in words if word and _PLAIN.issuperset(word.replace(b'"', b"")))  # fmt: skip

    def takes(self, moment: bytes, head: bytes, line: bytes) -> bool:
        if not self._around[0] <= moment <= self._around[1]:
            return False
        if self._near[0] <= moment <= self._near[1] or _EXEC in head:
            return True
        return any(word in line for word in self._words)


def _stamp(moment: int) -> bytes:
    return utc(max(0, moment)).encode()


def _moment(head: bytes) -> bytes | None:
    at = head.find(_TIME) + len(_TIME)
    return head[at : at + _TIME_LENGTH] if at >= len(_TIME) else None


def _ends(piece: Piece, what: bytes) -> Iterator[Exit]:
    if not mentions(piece, what):
        return
    for line in _lines(piece):
        if what in line and _EXIT in line[:_HEAD]:
            end = _event(line)
            if isinstance(end, Exit) and end.time is not None:
                yield end


def _lines(piece: Piece) -> Iterator[bytes]:
    for line in read_piece(piece):
        if isinstance(line, bytes):
            yield line


def _event(line: bytes) -> object:
    try:
        made = object_of(line)
        return None if made is None else from_object(made)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None
