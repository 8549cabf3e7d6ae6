"""Who sends what to whom, counted: signals that differ in pids and times alone are one row."""

from __future__ import annotations

from tracer.model.event import Exit, Failed, Loss, Probe, Series, Signal
from tracer.model.frozen import replace
from tracer.model.memo import Bounded
from tracer.model.names import own_script
from tracer.model.signals import name_of
from tracer.model.text import command_line, quoted
from tracer.model.times import SECOND, span
from tracer.sinks import ends, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tracer.model.event import Event, Process

    Sent = Signal | Failed | Probe
    Key = tuple[str, str, str]

ROWS_MOST = 4096
_IDS_KEPT = 65_536
_REGULAR = 0.04  # of the gaps' variance by their mean squared: they differ by a fifth
_FAST = 0.01  # seconds: what comes faster is a storm
OTHERS = "all others"


class Row:
    """One signal's way from one command to another. ``every`` needs ``squares``, of gaps in seconds."""

    __slots__ = ("count", "died", "first", "key", "last", "of", "squares")

    def __init__(self, key: Key, of: Sent | Exit) -> None:
        self.key = key
        self.of = of
        self.count = self.died = 0
        self.first: int | None = None
        self.last: int | None = None
        self.squares = 0.0

    def add(self, times: Iterable[int | None]) -> None:
        for time in times:
            self.count += 1
            if time is None:
                continue
            if self.first is None or self.last is None:
                self.first = self.last = time
                continue
            gap = (time - self.last) / SECOND
            self.squares += gap * gap
            self.last = max(self.last, time)

    def spans(self) -> int:
        """Nanoseconds from the first to the last."""
        return (self.last or 0) - (self.first or 0)

    def every(self) -> int | None:
        """Nanoseconds between two of at least three that come regularly."""
        gaps, whole = self.count - 1, self.spans() / SECOND
        if gaps < 2 or whole < gaps * _FAST or gaps * self.squares / whole**2 - 1 > _REGULAR:
            return None
        return self.spans() // gaps


def again(row: Row) -> str:
    """again, 34 times, every 20 s: what came after the first."""
    times = "once" if row.count == 2 else f"{row.count - 1:,} times"
    every = row.every()
    often = "" if every is None else f", every {span(every)}"
    seconds = row.spans() / SECOND
    if every is None and row.count > 10 and row.count > 10 * seconds > 0:
        often = f", {round((row.count - 1) / max(seconds, 1)):,} a second"
    dead = f", {row.died:,} died" if 0 < row.died < row.count else ""
    return f"again, {times}{often}{dead}"


class Tally:
    """``rows`` by their key; ``senders``, ``units`` and ``origins`` are counts of signals."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}
        self.senders: dict[str, int] = {}
        self.units: dict[str, int] = {}
        self.origins: dict[str, int] = {}
        self.signals = self.deaths = 0
        self.lost: int | None = 0
        self.first: int | None = None
        self.last: int | None = None
        self._sent: Bounded[tuple[str, int | None], Row] = Bounded(_IDS_KEPT)
        # Objects are kept with what was made of them, so that no id() is given to another.
        self._keys: Bounded[tuple[object, ...], tuple[Sent, Key]] = Bounded(8192)

    def add(self, event: Event) -> Row | None:
        """Count an event; gives the row of it, None where it has none."""
        if isinstance(event, Series):
            row = self._signals(event.first, event.times())
            self._sent[event.last().id, _pid(event.first.target)] = row
            return row
        if isinstance(event, (Signal, Failed, Probe)):
            return self._signals(event, [event.time])
        if isinstance(event, Exit):
            return self._exit(event)
        if isinstance(event, Loss):
            known = event.count is not None and self.lost is not None
            self.lost = (self.lost or 0) + (event.count or 0) if known else None
        return None

    def _signals(self, event: Sent, times: Sequence[int | None]) -> Row:
        row = self._row(self._key(event), event)
        row.add(times)
        row.of = event
        self._span(times)
        if isinstance(event, Signal):
            self.signals += len(times)
            self._sent[event.id, _pid(event.target)] = row
            _count(self.origins, event.origin or ends.UNKNOWN, len(times))
        who = ends.bare(event.sender) if event.sender is not None else words.sender(event)
        _count(self.senders, who, len(times))
        where = None if event.target is None else ends.place(event.target)
        if where:
            _count(self.units, where, len(times))
        return row

    def _exit(self, event: Exit) -> Row | None:
        if event.number is None:
            return None
        self.deaths += 1
        row = self._sent.get((event.cause or "", event.process.pid))
        if row is None:
            self._span([event.time])
            by = "own fault" if event.origin == "fault" else ends.UNKNOWN
            row = self._row((name_of(event.number), by, whom(event.process)), event)
            row.add([event.time])
        row.died += 1
        return row

    def _span(self, times: Sequence[int | None]) -> None:
        first, last = times[0], times[-1]
        if first is not None and last is not None:
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)

    def _row(self, key: Key, of: Sent | Exit) -> Row:
        if key not in self.rows and len(self.rows) >= ROWS_MOST:
            key = (OTHERS, OTHERS, OTHERS)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Row(key, of)
        return row

    def _key(self, event: Sent) -> Key:
        own = (id(event.sender), id(event.target), words.signal_name(event), words.outcome(event))
        same = (*own, words.sender(event)) if event.sender is None else own
        known = self._keys.get(same)
        if known is None:
            known = self._keys[same] = event, key_of(event)
        return known[1]


def key_of(event: Sent) -> Key:
    """Signal, from whom, to whom: the words of a row."""
    refused = f" {words.outcome(event)}" if isinstance(event, Failed) else ""
    return words.signal_name(event) + refused, who(event), whom(event.target)


def who(event: Sent) -> str:
    """The sender's command line and its parents' names, without pids: pkill -9 -x orders-api ← cron."""
    sender = event.sender
    if sender is None:
        oom = event.oom if isinstance(event, Signal) else None
        limit = (
            "" if oom is None or not oom.cgroup else f" ({quoted(oom.cgroup.rpartition(b'/')[2])})"
        )
        return words.sender(event) + limit
    own = _command(_without_pid(sender, event.target))
    names = [own, *(ends.bare(step) for step in sender.ancestors if step.pid != 1)]
    return " ← ".join([name for name, below in zip(names, ("", *names)) if name != below])


def whom(target: Process | None) -> str:
    """The target's command line; of an interpreter that of its script."""
    return ends.UNKNOWN if target is None else _command(target)


def _command(process: Process) -> str:
    argv = process.argv
    if not argv:
        return ends.bare(process)
    script = own_script(process)
    if script is not None and script in argv:
        argv = argv[argv.index(script) :]
    return command_line((argv[0].rpartition(b"/")[2] or argv[0], *argv[1:]), process.argv_cut)


def _without_pid(sender: Process, target: Process | None) -> Process:
    """kill -9 24067 is the same command as kill -9 24068."""
    if sender.argv is None or target is None or target.pid is None:
        return sender
    pid = b"%d" % target.pid
    return replace(sender, argv=tuple([_without(word, pid) for word in sender.argv]))


def _without(word: bytes, pid: bytes) -> bytes:
    """A word of a command line, PID where the number stands by itself."""
    made, *rest = word.split(pid)
    for part in rest:
        is_alone = not (made[-1:].isdigit() or part[:1].isdigit())
        made += (b"PID" if is_alone else pid) + part
    return made


def _pid(process: Process | None) -> int | None:
    return None if process is None else process.pid


def _count(counts: dict[str, int], name: str, by: int) -> None:
    if name not in counts and len(counts) >= ROWS_MOST:
        name = OTHERS
    counts[name] = counts.get(name, 0) + by


def most(counts: dict[str, int], count: int) -> Iterator[tuple[str, int]]:
    """The greatest of them, greatest first."""
    yield from sorted(counts.items(), key=lambda pair: -pair[1])[:count]


def deadly_first(row: Row) -> tuple[bool, int]:
    """An order: what ended processes, then what was most."""
    return row.died == 0, -row.count
