"""Which lines of a long recording may have to do with the last deaths of a name, or with those nearest to a time: found
without reading each of them as JSON.

The newest pieces are looked at first, or the nearest. Ends whose line has the name in it are read; around those that count, all that
was near, and of the time before, what the process, its pid or its unit is named in, and commands. Where it has no end, what
may tell of one.
"""

from __future__ import annotations

from contextlib import closing

from tracer.model.event import Exit, Process
from tracer.model.frozen import frozen
from tracer.model.spelling import from_object
from tracer.model.text import shown
from tracer.model.times import SECOND, utc
from tracer.recording.names import DISORDER
from tracer.recording.tail import object_of
from tracer.sources.recording.ahead import Ahead, is_small
from tracer.sources.recording.files import find_pieces, read_piece
from tracer.sources.recording.mention import HEAD, Mention, forms_of, is_exit, is_written_alone
from tracer.sources.recording.sieve import Sieve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tracer.recording.names import Piece
    from tracer.sources.recording.sieve import Lines

# tracer.why.case.BEFORE: so long before an end something may have led to it.
AROUND = 900 * SECOND
NEAR = 10 * SECOND
# Of earlier ends so many pieces (of 8 MiB, or a day) are looked through.
LOOK_BACK = 4
# tracer.why.deaths.SAME: the time of a death is that of an end, or of what else tells of it so near.
SAME = 2 * SECOND
# Later than every time.
_NEVER = 1 << 63
_EXEC = b'"event": "exec"'
_SIGNAL = b'"event": "signal"'
_SURVIVED = (b'"outcome": "handled"', b'"outcome": "ignored"')
_REQUESTS = tuple(b'"name": "SIG%s"' % word for word in (b"TERM", b"INT", b"QUIT", b"HUP"))
_KEPT = (b'"event": "mark"', b'"event": "loss"', b'"event": "statement"')
_TIME = b'"time": "'
_TIME_LENGTH = 30


@frozen
class Ends:
    """The last ``count`` ends of ``what``, as ``fits`` understands it, or those nearest to ``at``; None: any may be wanted.
    ``alive``: the pids of those that are called so and live."""

    what: bytes | None
    fits: Callable[[Process, bytes], bool]
    count: int = 1
    at: int | None = None
    alive: Callable[[], Collection[int]] = frozenset


@frozen
class Narrow:
    """``pick``: which lines are wanted, None: all. ``since``: what came before is not looked at, though it may have been
    asked for (``cut``). ``until``: no piece that begins later is. ``named``: before the first time, and after the second,
    only what names it is. ``sieved``: of a piece the lines among which all are that are wanted, None: it is to be read."""

    pick: Callable[[bytes], bool] | None = None
    since: int | None = None
    until: int | None = None
    cut: bool = False
    named: tuple[bytes, int | None, int | None] | None = None
    sieved: Callable[[Piece], Lines | None] = lambda _: None

    def notes(self) -> list[str]:
        """What was left out, for who reads how often something came."""
        if self.named is not None:
            what, *ends = self.named
            bounds = [
                f"{word} {utc(moment)[:19]}Z"
                for word, moment in zip(("before", "after"), ends)
                if moment is not None
            ]
            return [
                f"{' and '.join(bounds)} of the recording what names {shown(what)} is read, and no more"
            ]
        if not self.cut or self.since is None:
            return []
        began = utc(self.since)[:19]
        return [f"repeats in the recording are counted from {began}Z; --since takes more"]


def narrowed(paths: Sequence[str], ends: Ends, since: int | None, until: int | None) -> Narrow:
    """What is to be read of a recording for these ends."""
    what = ends.what
    if not paths or what is None or not is_written_alone(what):
        return Narrow(since=since, until=until)
    mention = Mention(what)
    sieve = Sieve(mention, _wanted(mention, ends.alive))
    pieces = find_pieces(paths, since, until)
    told = _nearest(pieces, sieve, mention, ends, since or 0, _NEVER if until is None else until)
    if not told:
        return _of_nobody(pieces, sieve, mention, ends, since, until)
    windows = [_Window(end.time or 0, end.process, what) for end, _ in told]
    if ends.at is not None:
        windows.append(_Window(ends.at, Process(), what))

    def pick(line: bytes) -> bool:
        head = line[:HEAD]
        if any(word in head for word in _KEPT):
            return True
        may_tell = is_exit(line) or (_SIGNAL in head and _may_tell(line))
        if may_tell and mention.is_in(line):
            return True
        moment = _moment(head)
        return moment is None or any(window.takes(moment, head, line) for window in windows)

    def sieved(piece: Piece) -> Lines | None:
        return None if any(window.may_be_in(piece) for window in windows) else sieve.of(piece)

    times = [end.time or 0 for end, _ in told] + ([] if ends.at is None else [ends.at])
    begin, end = min(times) - AROUND, max(times) + AROUND
    reach = (at for at, piece in enumerate(pieces) if piece.may_hold(begin, None))
    first = max(0, min(*(at - LOOK_BACK for _, at in told), next(reach, 0)))
    if ends.at is not None:
        # With the mark at the head of the next one: up to there the recorder saw everything.
        until = next((piece.first for piece in pieces if piece.first > end), until)
    since = pieces[first].first if first else since
    return Narrow(pick, since, until, first > 0, sieved=sieved)


def _nearest(
    pieces: Sequence[Piece], sieve: Sieve, mention: Mention, ends: Ends, since: int, until: int
) -> list[tuple[Exit, int]]:
    """The ends that may count, each with the place of its piece. Pieces that are farther than these are not looked at."""
    moment, what = _NEVER if ends.at is None else ends.at, ends.what or b""
    found: list[tuple[int, Exit, int]] = []
    farthest = _NEVER
    order = _by_distance(pieces, moment)
    # For the first of them another process would come too late.
    later = [piece for piece in (pieces[at] for _, at in order[LOOK_BACK:]) if is_small(piece)]
    with closing(Ahead(later, sieve.sieved)) as ahead:
        for turn, (far, at) in enumerate(order):
            if far > farthest:
                break
            lines = ahead.next(pieces[at]) if turn >= LOOK_BACK else None
            if lines is not None:
                sieve.remember(pieces[at], lines)
            found += [
                (abs((end.time or 0) - moment), end, at)
                for end in _ends(pieces[at], lines or sieve.of(pieces[at]), mention)
                if ends.fits(end.process, what) and since <= (end.time or 0) <= until
            ]
            found.sort(key=lambda one: (one[0], -(one[1].time or 0)))
            if len(found) >= ends.count:
                farthest = found[ends.count - 1][0] + 2 * SAME
                found = [one for one in found if one[0] <= farthest]
    return [(end, at) for _, end, at in found]


def _by_distance(pieces: Sequence[Piece], moment: int) -> list[tuple[int, int]]:
    """How far each piece is from a time at least, and its place; the nearest first."""

    def far(piece: Piece) -> int:
        last = _NEVER if piece.last is None else piece.last + DISORDER
        return max(0, piece.first - DISORDER - moment, moment - last)

    return sorted(
        ((far(piece), at) for at, piece in enumerate(pieces)), key=lambda one: (one[0], -one[1])
    )


def _may_tell(line: bytes) -> bool:
    """Whether a line that does not name who was asked for may have to do with it: another witness may know the pid alone.
    A signal that ended nobody, and asked for no end, does not."""
    if _SIGNAL not in line[:HEAD]:
        return True
    survived = any(word in line for word in _SURVIVED)
    return not survived or any(word in line for word in _REQUESTS)


def _wanted(mention: Mention, alive: Callable[[], Collection[int]]) -> Callable[[bytes], bool]:
    """What is wanted of times in which nothing else is: what may tell of an end, and what the living were sent."""
    marks: list[tuple[bytes, ...]] = []

    def wants(line: bytes) -> bool:
        if not mention.is_in(line):
            return False
        if _may_tell(line):
            return True
        if not marks:
            marks.append(tuple(b'"target": {"pid": %d,' % pid for pid in alive()))
        return any(mark in line for mark in marks[0])

    return wants


def _of_nobody(
    pieces: Sequence[Piece], sieve: Sieve, mention: Mention, ends: Ends, since: int | None, until: int | None
) -> Narrow:  # fmt: skip
    """No end of it is recorded: of the nearest pieces all that may tell of one, of the others what names it."""
    wants = _wanted(mention, ends.alive)
    order = _by_distance(pieces, _NEVER if ends.at is None else ends.at)
    near = sorted(at for _, at in order[:LOOK_BACK])
    began = pieces[near[0]].first if near and near[0] else None
    ended = pieces[near[-1]].last if near and near[-1] + 1 < len(pieces) else None
    first = _stamp(began or 0)
    last = _stamp(_NEVER if ended is None else ended)

    def pick(line: bytes) -> bool:
        head = line[:HEAD]
        if any(word in head for word in _KEPT):
            return True
        moment = _moment(head)
        if moment is None or first <= moment <= last:
            return _may_tell(line) or mention.is_in(line)
        return wants(line) or mention.is_like(line)

    def sieved(piece: Piece) -> Lines | None:
        return None if piece.may_hold(began, ended) else sieve.of(piece)

    is_cut = began is not None or ended is not None
    named = (ends.what or b"", began, ended) if is_cut else None
    return Narrow(pick, since, until, named=named, sieved=sieved)


class _Window:
    """The time around one end, or around the one that was asked for."""

    def __init__(self, time: int, process: Process, what: bytes) -> None:
        self._time = time
        self._around = _stamp(time - AROUND), _stamp(time + AROUND)
        self._near = _stamp(time - NEAR), _stamp(time + NEAR)
        pid = () if process.pid is None else (b'"pid": %d,' % process.pid,)
        names = (what, *(() if not process.unit else (process.unit,)))
        self._words = (*pid, *(form for name in names for form in forms_of(name)))

    def may_be_in(self, piece: Piece) -> bool:
        return piece.may_hold(self._time - AROUND, self._time + AROUND)

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


def _ends(piece: Piece, lines: Lines | None, mention: Mention) -> Iterator[Exit]:
    """Those that a piece tells of; ``lines``: of these alone, None: of all."""
    for line in _lines(piece) if lines is None else (line for _, line in lines):
        if is_exit(line) and mention.is_in(line):
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
