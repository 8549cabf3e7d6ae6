"""What a replay's filter left out, for who gets nothing shown: which of the words fitted nobody, and what is like them."""

from __future__ import annotations

from tracer.flow.filter import ends_of
from tracer.model.event import Exit, Loss, Series
from tracer.model.names import program_names
from tracer.model.near import near, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracer.flow.ends import Term, Value
    from tracer.flow.filter import Filter
    from tracer.model.event import Event, Process

# Processes that are remembered, by what they are called.
KNOWN_MAX = 4096
# What a process goes by, of each kind of word for which there is something to be near to.
_GO_BY: dict[str, Callable[[Process], tuple[str | bytes | None, ...]]] = {
    "name": lambda process: program_names(process.comm, process.argv, None),
    "user": lambda process: (process.user,),
    "unit": lambda process: (process.unit,),
    "container": lambda process: (process.container,),
}


class Unfit:
    """Told of each event that was left out, it takes note of which words fit an end of some event."""

    def __init__(self, filter_: Filter) -> None:
        terms = (("from", filter_.sender), ("to", filter_.target), ("pid", filter_.either))
        words: list[tuple[str, Term | Value]] = [(value.kind, value) for value in filter_.values]
        words += [(option, word) for option, of_end in terms for word in of_end]
        self._words = [(option, word) for option, word in words if not word.excluded]
        self._names: dict[str, set[str]] = {kind: set() for kind in _GO_BY}

    def note(self, event: Event) -> None:
        if not self._words or isinstance(event, (Exit, Loss)):
            return
        ends = ends_of(event.first if isinstance(event, Series) else event)
        for process in (*ends[0], *ends[1]):
            self._words = [pair for pair in self._words if not pair[1].fits(process)]
            for kind, names in self._names.items():
                if len(names) < KNOWN_MAX:
                    names.update([text_of(name) for name in _GO_BY[kind](process) if name])

    def words(self) -> Iterator[str]:
        """A sentence for each word that fitted nobody."""
        for option, word in self._words:
            text = word.words().rpartition(" ")[2]
            names = self._names.get(option, self._names["name"])
            is_number = text.isdigit()
            yield f"--{option} {text} fits nobody in what was read{'' if is_number else near(text, names)}"
