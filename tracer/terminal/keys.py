"""Keys that are typed while a source is read."""

from __future__ import annotations

import os
import select
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.flow.source import Descriptors, LiveSource
    from tracer.model.coverage import Coverage
    from tracer.model.event import Event

AT_ONCE = 1024


class Keyboard:
    """A terminal that tells each key at once, and shows none; Ctrl-C stays what it is. ``close`` makes it what it
    was."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._before = termios.tcgetattr(fd)
        now = termios.tcgetattr(fd)
        now[3] &= ~(termios.ICANON | termios.ECHO)
        now[6][termios.VMIN], now[6][termios.VTIME] = 0, 0
        termios.tcsetattr(fd, termios.TCSANOW, now)

    def typed(self) -> str | None:
        """What was typed by now; None: the terminal has gone."""
        if not select.select([self.fd], [], [], 0)[0]:
            return ""
        try:
            raw = os.read(self.fd, AT_ONCE)
        except OSError:
            return None
        return raw.decode("utf-8", "replace") if raw else None

    def close(self) -> None:
        """OSError does not matter of a terminal that has gone."""
        try:
            termios.tcsetattr(self.fd, termios.TCSANOW, self._before)
        except termios.error:
            pass


class Keyed:
    """A live source that is woken by keys, too; ``is_enough`` ends it."""

    def __init__(
        self,
        source: LiveSource,
        keyboard: Keyboard,
        press: Callable[[str], None],
        is_enough: Callable[[], bool],
    ) -> None:
        self._source = source
        self._keyboard = keyboard
        self._press = press
        self._is_enough = is_enough
        self._has_gone = False
        self.name = source.name
        self.grace = 0.0
        self.keeps = source.keeps

    def descriptors(self) -> Descriptors:
        """The source's, and the keyboard."""
        return (*self._source.descriptors(), (self._keyboard.fd, select.POLLIN))

    def due(self) -> float | None:
        """As the source has it."""
        return self._source.due()

    def has_begun(self) -> bool:
        """As the source has."""
        return self._source.has_begun()

    def is_over(self) -> bool:
        """When the user has had enough, or the terminal has gone."""
        return self._has_gone or self._is_enough() or self._source.is_over()

    def read(self, last: bool = False) -> Iterator[Event]:
        """What was typed, and what the source tells."""
        typed = self._keyboard.typed()
        if typed is None:
            self._has_gone = True
        elif typed:
            self._press(typed)
        yield from self._source.read(last)

    def coverage(self) -> list[Coverage]:
        """That of the source."""
        return self._source.coverage()

    def close(self) -> None:
        """Close the source."""
        self._source.close()
