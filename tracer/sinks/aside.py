"""A sink in a thread of its own: the loop that reads signals never waits for a network.

Between the two stands a queue with an end. What finds no room there is lost, and told: to the sink itself, as a
``Loss``, and in a line at the end.
"""

from __future__ import annotations

import time
from threading import Condition, Thread

from tracer.model.event import Series, lost
from tracer.sinks.sink import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.model.event import Event

ROOM = 8192  # events in the queue, and as many at work
PATIENCE = 5.0  # seconds for what is left at the end


class Remote(Sink):
    """A sink whose other end may be slow, or away. ``given_up``: events that were taken, and are lost."""

    given_up = 0

    def held(self) -> int:
        """Events that were taken and are not delivered."""
        return 0

    def hurry(self) -> None:
        """The end is near: nothing is tried again. Called from another thread."""


class Aside(Sink):
    """``waits``: a reader of files has time, and waits for room instead of losing anything."""

    def __init__(
        self,
        sink: Remote,
        name: str,
        say: Callable[[str], None],
        *,
        waits: bool = False,
        room: int = ROOM,
        patience: float = PATIENCE,
    ) -> None:
        self._sink = sink
        self._name = name
        self._say = say
        self._waits = waits
        self._room = room
        self._patience = patience
        self._changed = Condition()
        self._queue: list[Event] = []
        self._lost = self._lost_at_all = self._at_work = 0
        self._is_closing = False
        self._why: str | None = None
        self._thread = Thread(target=self._run, name=f"sigtrace {name}", daemon=True)

    def start(self) -> None:
        """Begin: after root was given up, for a thread has capabilities of its own (capabilities(7))."""
        self._sink.start()
        self._thread.start()

    def write(self, event: Event) -> None:
        with self._changed:
            while self._waits and len(self._queue) >= self._room and self._thread.is_alive():
                self._changed.wait(1.0)
            if len(self._queue) >= self._room or self._why is not None:
                self._lost += len(event) if isinstance(event, Series) else 1
                return
            self._queue.append(event)
            if len(self._queue) == 1:
                self._changed.notify_all()

    def close(self) -> None:
        """Let what is left be delivered, if that is soon; say what was not."""
        if not self._thread.is_alive() and not self._why:
            return
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if not self._waits:
            self._sink.hurry()
        self._thread.join(None if self._waits else self._patience)
        with self._changed:
            left = self._lost_at_all + self._lost + self._sink.given_up
            if self._thread.is_alive() or self._why is not None:
                left += len(self._queue) + self._at_work + self._sink.held()
        if left:
            self._say(f"{self._name}: {left:,} events found no way out, and are lost to it")

    def _run(self) -> None:
        try:
            while self._turn():
                pass
            self._sink.close()
        except OSError as error:
            with self._changed:
                self._why = error.strerror or str(error)
                self._changed.notify_all()
            self._say(f"{self._name}: {self._why.lower()}; nothing more goes there")

    def _turn(self) -> bool:
        """Take what is there to the sink; False at the end."""
        with self._changed:
            due = self._sink.due()
            if not (self._queue or self._lost or self._is_closing):
                self._changed.wait(due)
            events, self._queue = self._queue, []
            missing, self._lost = self._lost, 0
            self._lost_at_all += missing
            self._at_work = len(events)
            is_over = self._is_closing
            self._changed.notify_all()
        if missing:
            self._sink.write(lost(time.time_ns(), "sigtrace", missing, f"queue to {self._name}"))
        for event in events:
            self._sink.write(event)
            self._at_work -= 1
        self._sink.flush()
        return not is_over
