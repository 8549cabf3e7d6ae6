"""What a sink writes of a signal, made once for all that differ in nothing but id and time."""

from __future__ import annotations

from _operator import attrgetter  # operator itself is 0.2 ms of what a trace waits for first

from tracer.model.fields import SIGNAL, names_of
from tracer.model.memo import Bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.model.event import Signal

KEPT_MAX = 256  # some 6 KB each, with the process that it keeps
_words_of = attrgetter(*names_of(SIGNAL, nested=False))
_objects_of = attrgetter(*names_of(SIGNAL, nested=True))


class Remembered:
    """The text that ``make`` gives for a signal. Signals are kept with it, so that no id() in a key is
    given to another object."""

    def __init__(self, make: Callable[[Signal], str]) -> None:
        self._make = make
        self._texts: Bounded[tuple[object, ...], tuple[str, Signal]] = Bounded(KEPT_MAX)

    def of(self, signal: Signal) -> str:
        """The text of a signal."""
        key = _words_of(signal), tuple(map(id, _objects_of(signal)))
        known = self._texts.get(key)
        if known is None:
            known = self._texts[key] = self._make(signal), signal
        return known[0]
