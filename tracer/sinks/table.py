"""The table for people: a line for each signal, its columns as wide in the last line as in the first.

Sample:

    TIME         SIGNAL    FROM               USER     TO                 OUTCOME
    01:14:05.120 SIGKILL   kill[1350]         deploy   python[24067]      delivered
                 └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1]
    01:14:05.120 └ python[24067] died of SIGKILL 812 µs later
"""

from __future__ import annotations

import time

from tracer.model.event import Exec, Exit, Loss, Mark, Repeats, Series, Signal, Statement
from tracer.model.text import columns, cut
from tracer.model.times import SECOND, local, local_date, local_each
from tracer.model.witness import SAID
from tracer.sinks import words
from tracer.sinks.remembered import Remembered
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from tracer.model.event import Event, Failed, Probe

AT_ONCE = 1024  # lines held before they are written
PIPED_WIDTH = 132
NARROWEST = 80
# Every zone's midnight falls on a quarter of an hour: within one, the date needs no second look.
QUARTER_HOUR = 900 * SECOND
TIME_WIDTH = 12
INDENT = " " * (TIME_WIDTH + 1)

RESET, BOLD, DIM, RED, YELLOW, GREEN = "\33[0m", "\33[1m", "\33[2m", "\33[31m", "\33[33m", "\33[32m"
_SIGNAL_COLOURS = {"SIGKILL": RED, "SIGTERM": YELLOW, "SIGSEGV": RED, "SIGABRT": RED}
_OUTCOME_COLOURS = {"delivered": RED, "handled": GREEN, "ignored": DIM, "dropped": YELLOW}


class TableSink(Sink):
    """Writes lines to a text stream. ``width`` None: not a terminal, the last column is never cut.
    ``here`` is the host whose name goes without saying."""

    def __init__(
        self,
        stream: IO[str],
        *,
        width: int | None = None,
        colour: bool = False,
        brief: bool = False,
        wide: bool = False,
        here: str | None = None,
    ) -> None:
        self._stream = stream
        self._width = width
        self._colour = colour
        self._brief = brief
        self._wide = wide
        self._here = here
        self._room = None if width is None or wide else max(width, NARROWEST) - len(INDENT)
        self._columns = _fit(width or PIPED_WIDTH)
        self._tails = Remembered(self._tail)
        self._lines: list[str] = []
        self._explained: tuple[object, ...] | None = None
        self._folded: str | None = None
        self._date = local_date(int(time.time()))
        self._quarter_hour = 0

    def start(self) -> None:
        """The line of column names."""
        names = ["TIME".ljust(TIME_WIDTH), *(name.ljust(width) for name, width, _ in self._columns)]
        self._lines.append(self._paint(BOLD, " ".join(names).rstrip()) + "\n")
        self.flush()

    def write(self, event: Event) -> None:
        if self._here is None and not isinstance(event, (Repeats, Series)) and event.source in SAID:
            self._here = event.host  # The first host of a log goes without saying; others are told.
        if event.time is not None and event.time // QUARTER_HOUR != self._quarter_hour:
            self._tell_date(event.time)
        if isinstance(event, Signal):
            self._signal(event)
        elif isinstance(event, Repeats):
            self._repeats(event)
        elif isinstance(event, Series):
            self._series(event)
        elif isinstance(event, Exit):
            self._sentence(event.time, f"└ {words.name(event.process)} {words.death(event)}", "")
        elif isinstance(event, Loss):
            self._sentence(event.time, f"! {words.loss(event)}", YELLOW)
        elif isinstance(event, (Statement, Exec, Mark)):
            self._sentence(event.time, f"· {words.sentence(event)}", "")
        else:
            self._row(event)
        if len(self._lines) > AT_ONCE:
            self._hand_over()

    def flush(self) -> None:
        self._hand_over()
        self._stream.flush()

    def _hand_over(self) -> None:
        self._stream.write("".join(self._lines))
        self._lines.clear()

    def _tell_date(self, moment: int) -> None:
        """A line between two days; none before events of today."""
        date = local_date(moment // SECOND)
        if date != self._date:
            self._lines.append(self._paint(BOLD, date) + "\n")
        self._date = date
        self._quarter_hour = moment // QUARTER_HOUR

    def _signal(self, event: Signal) -> None:
        is_wide_kill = event.asked is not None and event.asked <= 0 and not self._wide
        if is_wide_kill and self._folded == event.id:
            self._fold(event)
            return
        self._folded = event.id if is_wide_kill else None
        self._lines.append(f"{local(event.time)} {self._tails.of(event)}")
        self._lines += self._explain(event)

    def _repeats(self, event: Repeats) -> None:
        """The first as any signal; what stands for a second one stands for all further ones."""
        if event.last().time // QUARTER_HOUR != self._quarter_hour:
            for signal in event.signals():
                self.write(signal)
            return
        self._signal(event.first)
        again = "".join([" ", self._tails.of(event.first), *self._explain(event.first)])
        for start in range(0, len(event.later), AT_ONCE):
            times = event.later[start : start + AT_ONCE]
            self._lines.append(again.join([*local_each(times), ""]))
            self._hand_over()

    def _series(self, event: Series) -> None:
        """Each as any signal; no two of them are of one wide kill."""
        if max(event.times) // QUARTER_HOUR != self._quarter_hour:
            for signal in event.signals():
                self.write(signal)
            return
        self._folded = None
        for like, moment in zip(event.likes, local_each(event.times)):
            self._lines.append(f"{moment} {self._tails.of_same(like)}")
            self._lines += self._explain(like)

    def _row(self, event: Failed | Probe) -> None:
        self._folded = None
        self._lines.append(f"{local(event.time)} {self._tail(event)}")
        self._lines += self._explain(event)

    def _fold(self, event: Signal) -> None:
        """A further victim of a wide kill stands under the first, which tells of the call."""
        self._sentence(event.time, f"└ and {words.name(event.target)} {words.outcome(event)}", "")
        if not self._brief:
            self._lines += map(self._remark, words.remarks(event, of_call=False, here=self._here))

    def _tail(self, event: Signal | Failed | Probe) -> str:
        cells = [
            self._cell(text_of(event), width, name, last=name == self._columns[-1][0])
            for name, width, text_of in self._columns
        ]
        return " ".join(cells).rstrip() + "\n"

    def _cell(self, text: str, width: int, name: str, *, last: bool) -> str:
        fitting = text if last and self._width is None else _cut(text, width)
        padded = fitting if last else fitting + " " * (width - columns(fitting))
        if name == "SIGNAL":
            return self._paint(_SIGNAL_COLOURS.get(text, ""), padded)
        if name == "OUTCOME":
            return self._paint(_OUTCOME_COLOURS.get(text.split(" ")[0], ""), padded)
        return padded

    def _explain(self, event: Signal | Failed | Probe) -> list[str]:
        """Lines under a row: who the sender is (once for a run of rows by it), and what is remarkable."""
        return [] if self._brief else [*self._explanations(event)]

    def _explanations(self, event: Signal | Failed | Probe) -> Iterator[str]:
        sender = event.sender
        who = None if sender is None else (sender.pid, sender.start, sender.argv)
        is_new = who != self._explained
        self._explained = who
        if self._wide:
            yield from map(self._under, _everything(event))
        elif sender is not None and is_new and words.tells_more(sender):
            yield self._under(words.chain(sender, self._room and self._room - 2))
        yield from map(self._remark, words.remarks(event, here=self._here))

    def _under(self, text: str, mark: str = "└") -> str:
        return self._paint(DIM, INDENT + self._clipped(f"{mark} {text}")) + "\n"

    def _remark(self, text: str) -> str:
        """What we say of it has a mark that no command line is given: some are written to be taken for it."""
        return self._under(text, "•")

    def _sentence(self, moment: int | None, text: str, colour: str) -> None:
        stamp = words.UNKNOWN.ljust(TIME_WIDTH) if moment is None else local(moment)
        self._lines.append(f"{stamp} {self._paint(colour, self._clipped(text))}\n")

    def _clipped(self, text: str) -> str:
        return text if self._room is None else cut(text, self._room)

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if self._colour and colour else text


def _everything(event: Signal | Failed | Probe) -> Iterator[str]:
    """Both ends, whole: who each is, and where it belongs."""
    for label, process in (("from", event.sender), ("to", event.target)):
        if process is not None:
            if words.tells_more(process):
                yield f"{label} {words.chain(process)}"
            yield f"{label} {words.details(process)}"


def _cut(text: str, width: int) -> str:
    """Cut to a width: the [pid] at the end stays, a remark in parentheses goes first."""
    if columns(text) <= width:
        return text
    word, parenthesis, _ = text.partition(" (")
    if parenthesis and text.endswith(")"):
        return cut(word, width)
    _, bracket, pid = text.rpartition("[")
    end = bracket + pid if pid.endswith("]") and bracket else ""
    return cut(text[: len(text) - len(end)], width - len(end)) + end


def _fit(width: int) -> list[tuple[str, int, Callable[[Signal | Failed | Probe], str]]]:
    """The columns and their widths: names get what the fixed ones leave, up to what comm can fill."""
    width = max(width, NARROWEST)
    via = 12 if width >= 100 else 0
    room = width - TIME_WIDTH - 1 - 10 - 9 - 10 - 2 - (via + 1 if via else 0)
    ends = min(24, room // 2)
    rest = width - TIME_WIDTH - 1 - 10 - 9 - 2 * (ends + 1) - (via + 1 if via else 0)
    table: list[tuple[str, int, Callable[[Signal | Failed | Probe], str]]] = [
        ("SIGNAL", 9, words.signal_name),
        ("FROM", ends, words.sender),
        ("USER", 8, lambda event: words.user(event.sender)),
        ("TO", ends, lambda event: words.name(event.target)),
        ("VIA", via, words.via),
        ("OUTCOME", rest, words.outcome),
    ]
    return [column for column in table if column[1]]
