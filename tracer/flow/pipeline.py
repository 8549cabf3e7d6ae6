"""The one loop: from a source through the filter and the joiner to the sink, until something stops it."""

from __future__ import annotations

import errno
import os
import select
import time

from tracer.flow.fates import Fates
from tracer.model.event import Exit, Failed, Loss, Probe, Series
from tracer.model.frozen import frozen
from tracer.model.lost import lost_thing

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from typing import IO, Protocol

    from tracer.flow.filter import Filter
    from tracer.flow.join import Joiner
    from tracer.flow.source import Descriptors, Source
    from tracer.model.event import Event

    class Sink(Protocol):
        """Where events go to; ``start`` writes what stands above them, ``due`` tells when to flush again."""

        def start(self) -> None: ...
        def write(self, event: Event) -> None: ...
        def flush(self) -> None: ...
        def due(self) -> float | None: ...
        def close(self) -> None: ...

else:
    import _signal as signal  # What signal makes of it is enumerations, for a millisecond of every start.

# Seconds: poll(2) takes milliseconds as an int, 24 days at the most. Who waits asks again.
LONGEST_WAIT = 86_400.0
# Seconds between two looks at who has survived a signal, where that is asked for.
LOOK_AT_FATES = 1.0


@frozen
class Totals:
    """What a run came to: ``shown`` of it all, ``attempts`` of them refused or probes. ``lost`` None: something was
    lost and nobody knows how much; ``things`` is what that was, by ``tracer.model.lost``. ``hidden`` came here, and
    the filter left it out. ``is_broken_off``: nobody took what was written, and not all that had come was.
    """

    shown: int
    attempts: int
    lost: int | None
    seconds: float
    hidden: int = 0
    things: tuple[tuple[str, int], ...] = ()
    is_broken_off: bool = False


class Stop:
    """Learns of Ctrl-C, SIGTERM and a reader of our output that has gone away.

    While a reader takes nothing (a pager), a write waits through every signal (PEP 475): who asks for the second
    time then has it broken off, as if the reader had gone.
    """

    def __init__(self, output: int | None) -> None:
        self._reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup(1) is heeded. A shell's & ignores SIGINT, too, but whoever sends it means us.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._take)
        self._output = output
        self._poll = select.poll()
        self._asked = self._is_over = self.has_broken_off = False
        for fd, events in self.descriptors():
            self._poll.register(fd, events)

    def _take(self, _number: int, _frame: object) -> None:
        if self._asked and not self._is_over and self._is_blocked():
            self.has_broken_off = True
            raise BrokenPipeError(errno.EPIPE, "nobody takes what is written")
        self._asked = True

    def _is_blocked(self) -> bool:
        if self._output is None:
            return False
        output = select.poll()
        output.register(self._output, select.POLLOUT)
        return not output.poll(0)

    def over(self) -> None:
        """Nothing more is written: what is undone from now on is not broken off."""
        self._is_over = True

    def descriptors(self) -> list[tuple[int, int]]:
        """Descriptors and poll(2) events that mean stop; an output without a reader is an error."""
        output = [] if self._output is None else [(self._output, 0)]
        return [(self._reading, select.POLLIN), *output]

    def asked(self) -> bool:
        """Whether to stop."""
        return self._asked or bool(self._poll.poll(0)) or self._asked

    def wait(self, descriptors: Descriptors, seconds: float | None) -> None:
        """Until one of the descriptors has something, there is a reason to stop, or the time is over."""
        if seconds is not None and seconds <= 0 and not descriptors:
            return
        poll = select.poll()
        for fd, events in (*self.descriptors(), *descriptors):
            poll.register(fd, events)
        poll.poll(None if seconds is None else max(0.0, seconds * 1000))

    def ready(self, stream: IO[bytes]) -> bool:
        """Whether to read on: waits until the stream can be read, or there is a reason to stop."""
        try:
            fd = stream.fileno()
        except (OSError, ValueError, AttributeError):
            return not self.asked()
        self.wait([(fd, select.POLLIN)], None)
        return not self.asked()


class Pipeline:
    """Counts what passes, and knows when it is enough. ``left_out`` is told of what does not fit the filter."""

    def __init__(
        self,
        filter_: Filter,
        joiner: Joiner,
        sink: Sink,
        *,
        count: int | None = None,
        duration: float | None = None,
        left_out: Callable[[Event], None] | None = None,
    ) -> None:
        self._left_out = left_out
        self._filter = filter_
        self._joiner = joiner
        self._sink = sink
        self._fates = Fates(filter_)
        self._hidden = 0
        self._count = count
        self._began = time.monotonic()
        self._deadline = None if duration is None else self._began + duration
        self._shown = self._attempts = 0
        self._lost: int | None = 0
        self._things: dict[str, int] = {}
        self._begin: Callable[[], None] | None = None

    def run(self, source: Source, stop: Stop, begin: Callable[[], None]) -> Totals:
        """Until a limit, the end of the source or ``stop``; what was seen before is still shown.

        ``begin`` is called before anything is shown, once the source has begun.
        """
        self._begin = begin
        while not (stop.asked() or self._is_over() or source.is_over()):
            if source.has_begun():
                self._begin_once()
            rest = _sooner(_sooner(source.due(), self._sink.due()), self._time_left())
            if source.grace and self._fates.wait():
                rest = _sooner(rest, LOOK_AT_FATES)
            stop.wait(source.descriptors(), rest)
            self.feed(source.read() if self._begin is None else self._beginning(source.read()))
            if source.grace:
                self._show(self._fates.pass_time(time.time_ns()))
        self._begin_once()
        self.feed(source.read(last=True))
        if source.grace and not stop.asked():
            self._wait_for_deaths(source, stop)
        self._show(self._fates.end())
        self._sink.flush()
        return self.totals()

    def feed(self, events: Iterator[Event]) -> None:
        """Let events through, and show them before more are waited for."""
        for event in events:
            if isinstance(event, Loss):
                self._add_loss(event)
            if not self._filter.matches(event):
                self._hidden += _signals_in(event)
                if self._left_out:
                    self._left_out(event)
                continue
            if self._is_full() and not isinstance(event, (Exit, Loss)):
                continue
            if isinstance(event, Series) and self._count is not None:
                event = event.up_to(self._count - self._shown)
            joined = self._joiner.join(event)
            if joined is not None:
                self._show(self._fates.feed(joined))
        self._sink.flush()

    def _show(self, events: Iterator[Event]) -> None:
        for event in events:
            if self._is_full() and not isinstance(event, (Exit, Loss)):
                continue
            self._sink.write(event)
            self._shown += _signals_in(event)
            if self._is_full():
                self._joiner.is_full = True
            self._attempts += isinstance(event, (Failed, Probe))

    def totals(self) -> Totals:
        return Totals(
            self._shown,
            self._attempts,
            self._lost,
            time.monotonic() - self._began,
            self._hidden,
            tuple(self._things.items()),
        )

    def _begin_once(self) -> None:
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()

    def _beginning(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            self._begin_once()
            yield event

    def _wait_for_deaths(self, source: Source, stop: Stop) -> None:
        end = time.monotonic() + source.grace
        self._count = self._shown
        while self._joiner.expects_death() and time.monotonic() < end and not stop.asked():
            stop.wait(source.descriptors(), _sooner(source.due(), end - time.monotonic()))
            self.feed(source.read(last=True))

    def _add_loss(self, loss: Loss) -> None:
        if loss.count is None or self._lost is None:
            self._lost = None
        else:
            self._lost += loss.count
        if loss.count:
            thing = lost_thing(loss.where)
            self._things[thing] = self._things.get(thing, 0) + loss.count

    def _is_full(self) -> bool:
        return self._count is not None and self._shown >= self._count

    def _is_over(self) -> bool:
        return self._is_full() or (
            self._deadline is not None and time.monotonic() >= self._deadline
        )

    def _time_left(self) -> float | None:
        if self._deadline is None:
            return None
        return min(LONGEST_WAIT, max(0.0, self._deadline - time.monotonic()))


def _sooner(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _signals_in(event: Event) -> int:
    if isinstance(event, Series):
        return len(event)
    return not isinstance(event, (Exit, Loss))
