"""The table for people: a line for each signal, its columns as wide in the last line as in the first.

Sample:

    TIME         SIGNAL    FROM              USER     TO                OUTCOME
    01:14:05.120 SIGKILL   kill[1350]        deploy   python[24067]     died 812 µs
                 └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1]
    01:14:07.300 SIGTERM   kill[1350]        deploy   python[24068]     delivered
    01:14:08.100 └ python[24068] died of SIGTERM from kill[1350] 800 ms later
"""

from __future__ import annotations

import time

from tracer.model.event import Exit, Loss, Series, Signal
from tracer.model.memo import Bounded
from tracer.model.signals import HARMLESS
from tracer.model.text import columns, cut, printable
from tracer.model.times import SECOND, clock, local_date, local_each
from tracer.sinks import ends, words
from tracer.sinks.layout import layout_of
from tracer.sinks.more import More
from tracer.sinks.remembered import Remembered
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from tracer.model.event import Event, Failed, Probe, Process
    from tracer.sinks.sink import Attempt, Said

AT_ONCE = 1024  # lines held before they are written
# Every zone's midnight falls on a quarter of an hour: within one, the date needs no second look.
QUARTER_HOUR = 900 * SECOND
_SENDERS_KEPT = 16384
_USERS_KEPT = 256

RESET, BOLD, DIM, RED, YELLOW, GREEN = "\33[0m", "\33[1m", "\33[2m", "\33[31m", "\33[33m", "\33[32m"
_OUTCOME_COLOURS = {"died": RED, "handled": GREEN, "ignored": DIM, "dropped": YELLOW}


class TableSink(Sink):
    """Writes lines to a text stream. ``width`` None: not a terminal, the last column is never cut; ``measure`` tells
    it again, for a terminal may change. ``here`` is the host whose name goes without saying, ``users`` the names of
    uids."""

    def __init__(
        self,
        stream: IO[str],
        *,
        width: int | None = None,
        colour: bool = False,
        brief: bool = False,
        wide: bool = False,
        here: str | None = None,
        users: ends.Users = ends.nobody,
        measure: Callable[[], int | None] | None = None,
    ) -> None:
        self._stream = stream
        self._colour = colour
        self._brief = brief
        self._wide = wide
        self._here = here
        self._users = users
        self._known_users: Bounded[int, str] = Bounded(_USERS_KEPT)
        self._measure = measure
        self._lines: list[str] = []
        self._explained: tuple[object, object] = (None, None)
        # The last row's call, or end, of which further ones are told in short.
        self._group: tuple[str, str] | None = None
        self._more = More()
        self._sent: Bounded[str, Signal] = Bounded(_SENDERS_KEPT)
        self._date = local_date(int(time.time()))
        self._quarter_hour = 0
        # Lines below all others that are written over, and those that stand there now.
        self._foot: list[str] = []
        self._standing: list[str] = []
        self._lay_out(width)

    def _lay_out(self, width: int | None) -> None:
        self._width = width
        self._layout = layout_of(width)
        self._indent = self._layout.indent
        self._room = None if width is None or self._wide else self._layout.width - len(self._indent)
        self._tails = Remembered(self._tail)

    def start(self) -> None:
        """The date and the host, and the line of column names."""
        if self._here is not None:
            self._head(None)
        self._name_columns()
        self.flush()

    def _head(self, moment: int | None) -> None:
        """The date, the zone and the host, once."""
        if self._here is not None:
            self._date = self._date if moment is None else local_date(moment // SECOND)
            self._lines.append(self._paint(BOLD, f"{self._date} on {printable(self._here)}") + "\n")

    def _name_columns(self) -> None:
        layout = self._layout
        names = [
            "TIME".ljust(layout.time),
            *(column.name.ljust(column.width) for column in layout.columns),
        ]
        self._lines.append(self._paint(BOLD, " ".join(names).rstrip()) + "\n")

    def write(self, event: Event) -> None:
        first = event.first if isinstance(event, Series) else event
        self._tell_place(first.host, event.time)
        super().write(event)
        if len(self._lines) > AT_ONCE:
            self._hand_over()

    def signal(self, signal: Signal) -> None:
        self._signal(signal)

    def loss(self, loss: Loss) -> None:
        self._sentence(loss.time, f"! {words.loss(loss)}", YELLOW)

    def said(self, said: Said) -> None:
        self._sentence(said.time, f"· {words.sentence(said)}", "")

    def died(self, signal: Signal, end: Exit) -> None:
        """A signal, and the end of its target, in one row."""
        self._tell_place(signal.host, signal.time)
        self._signal(signal, end)

    def flush(self) -> None:
        self.close()
        width = None if self._measure is None else self._measure()
        if width is not None and width != self._width:
            self._standing = []  # Nobody knows how many lines they are now.
            self._lay_out(width)
            self._name_columns()

    def close(self) -> None:
        self._tell_more()
        self._hand_over()
        self._stream.flush()

    def _hand_over(self) -> None:
        if self._standing and (self._lines or self._foot != self._standing):
            self._stream.write(f"\33[{len(self._standing)}A\r\33[J")
            self._standing = []
        self._stream.write("".join(self._lines))
        self._lines.clear()
        if self._foot and not self._standing:
            self._stream.write("".join(f"{self._paint(DIM, line)}\n" for line in self._foot))
            self._standing = self._foot

    def foot(self, lines: list[str]) -> None:
        """What stands below all rows from the next flush on; only on a terminal that can go up. No line is wider than
        the terminal."""
        self._foot = [cut(line, self._layout.width - 1) for line in lines]

    def room(self) -> tuple[int, int]:
        """How many letters the time has, and how many columns a line."""
        return self._layout.time, self._layout.width - 1

    def _tell_place(self, host: str | None, time: int | None) -> None:
        """The first host of a log, once: others each time. And the day."""
        if self._here is None and host is not None:
            self._here = host
            self._head(time)
        self._tell_day(time)

    def _tell_day(self, time: int | None) -> None:
        """A line between two days; none before events of today."""
        if time is None or time // QUARTER_HOUR == self._quarter_hour:
            return
        date = local_date(time // SECOND)
        if date != self._date:
            self._lines.append(self._paint(BOLD, date) + "\n")
        self._date = date
        self._quarter_hour = time // QUARTER_HOUR

    def _signal(self, event: Signal, end: Exit | None = None) -> None:
        is_wide_kill = event.asked is not None and event.asked <= 0 and not self._wide
        group = ("sent", event.id) if is_wide_kill else None
        if group and self._group == group:
            self._fold(event, end)
            return
        self._begin(group)
        self._note(event.id, event)
        tail = self._tails.of(event) if end is None else self._tail(event, end)
        self._lines.append(f"{self._stamp(event.time)} {tail}")
        self._lines += self._explain(event)

    def _note(self, id_: str, signal: Signal) -> None:
        if signal.number not in HARMLESS:
            self._sent[id_] = signal

    def _begin(self, group: tuple[str, str] | None = None) -> None:
        """Of another row, or line."""
        self._tell_more()
        self._group = group

    def series(self, event: Series) -> None:
        """The first as any signal; what stands for a second one stands for all further ones."""
        if event.later and event.later[-1] // QUARTER_HOUR != self._quarter_hour:
            for signal in event.signals():
                self.write(signal)
            return
        self._signal(event.first)
        self._note(event.last().id, event.first)
        again = "".join([" ", self._tails.of(event.first), *self._explain(event.first)])
        for start in range(0, len(event.later), AT_ONCE):
            times = event.later[start : start + AT_ONCE]
            self._lines.append(again.join([*self._each(times), ""]))
            self._hand_over()

    def _each(self, times: list[int]) -> Iterator[str]:
        length = self._layout.time
        return (moment[:length] for moment in local_each(times))

    def attempt(self, event: Attempt) -> None:
        self._begin()
        self._lines.append(f"{self._stamp(event.time)} {self._tail(event)}")
        self._lines += self._explain(event)

    def _fold(self, event: Signal, end: Exit | None) -> None:
        """A further victim of a wide kill stands under the first, which tells of the call; one of which there is more
        to say by itself."""
        what = words.outcome(event) if end is None else words.died(end)[-1]
        self._note(event.id, event)
        remarks = [] if self._brief else words.remarks(event, of_call=False, here=self._here)
        if not remarks:
            self._more.add(event.time, event.target, what)
            return
        self._tell_more()
        self._line(event.time, f"└ and {words.name(event.target)} {what}", "")
        self._lines += [self._remark(text) for text in remarks]

    def exit(self, event: Exit) -> None:
        cause = event.cause or event.handled
        of = self._sent.get(cause or "")
        is_wide_kill = of is not None and of.asked is not None and of.asked <= 0 and not self._wide
        group = ("ended", cause) if is_wide_kill and cause else None
        if group and self._group == group:
            what = "died" if event.number is not None else f"exited with status {event.status}"
            self._more.add(event.time, event.process, what)
            return
        self._begin(group)
        told = f"{words.name(event.process)} {words.death(event, of)}"
        self._line(event.time, f"└ {told}", RED if event.number is not None else "")

    def _tell_more(self) -> None:
        if self._more:
            self._line(self._more.time, f"└ {self._more.sentence()}", "")

    def _tail(self, event: Signal | Failed | Probe, end: Exit | None = None) -> str:
        cells = self._layout.cells(event, end, self._user_of, cut_last=self._width is not None)
        return " ".join(self._painted(*cell) for cell in cells).rstrip() + "\n"

    def _painted(self, name: str, text: str) -> str:
        if name == "FROM":
            return self._paint(BOLD, text)
        if name == "OUTCOME":
            return self._paint(_OUTCOME_COLOURS.get(text.split(" ")[0], ""), text)
        return text

    def _explain(self, event: Signal | Failed | Probe) -> list[str]:
        """Lines under a row: who sender and target are (once for a run of rows), and what is remarkable."""
        return [] if self._brief else list(self._explanations(event))

    def _explanations(self, event: Signal | Failed | Probe) -> Iterator[str]:
        sender, target = event.sender, event.target
        for one in (sender, target):
            if one is not None and one.user and one.uid is not None:
                self._known_users[one.uid] = one.user
        before = self._explained
        self._explained = now = (_who(sender, pid=True), _who(target, pid=False))
        if self._wide:
            for text in self._everything(event):
                yield self._under(text)
        else:
            told = sender if now[0] != before[0] else None
            to = target if now[1] != before[1] or told is not None else None
            for text in self._answers(told, to):
                yield self._under(text)
        yield from map(self._remark, words.remarks(event, here=self._here))

    def _answers(self, sender: Process | None, target: Process | None) -> Iterator[str]:
        """Who did it, and to whom: beside each other where there is room."""
        room = None if self._room is None else self._room - 2
        by = to = None
        if sender is not None and ends.tells_more(sender):
            by = ends.chain(sender, None, self._user_of)
        if target is not None:
            to = ends.target(target)
        if by and to and (room is None or columns(by) + columns(to) + 3 <= room):
            yield f"{by} → {to}"
            return
        if sender is not None and by:
            yield ends.chain(sender, room, self._user_of)
        if target is not None and to:
            yield f"to {ends.target(target, None if room is None else room - 3)}"

    def _everything(self, event: Signal | Failed | Probe) -> Iterator[str]:
        """Both ends, whole: who each is, and where it belongs."""
        for label, process in (("from", event.sender), ("to", event.target)):
            if process is not None:
                if ends.tells_more(process):
                    yield f"{label} {ends.chain(process, None, self._user_of)}"
                yield f"{label} {words.details(process)}"

    def _user_of(self, uid: int) -> str | None:
        return self._known_users.get(uid) or self._users(uid)

    def _under(self, text: str, mark: str = "└", colour: str = "") -> str:
        return self._indent + self._paint(colour, self._clipped(f"{mark} {text}")) + "\n"

    def _remark(self, text: str) -> str:
        """What we say of it has a mark that no command line is given: some are written to be taken for it."""
        return self._under(text, "•", DIM)

    def _sentence(self, moment: int | None, text: str, colour: str) -> None:
        self._begin()
        self._line(moment, text, colour)

    def _line(self, moment: int | None, text: str, colour: str) -> None:
        self._lines.append(f"{self._stamp(moment)} {self._paint(colour, self._clipped(text))}\n")

    def _stamp(self, moment: int | None) -> str:
        return clock(moment, self._layout.time)

    def _clipped(self, text: str) -> str:
        return text if self._room is None else cut(text, self._room)

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if self._colour and colour else text


def _who(process: Process | None, *, pid: bool) -> object:
    if process is None:
        return None
    who = (process.argv, process.unit, process.container)
    return (*who, process.pid, process.start) if pid else (*who, process.comm)
