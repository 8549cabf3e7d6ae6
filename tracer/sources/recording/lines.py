"""A line of a recording → what JSON holds in it, with its processes made already.

A process, and the parents of one, come again in many lines: their text is looked up, and read once. JSON tells by itself
where an object ends, so a text that was read as one is that object wherever it stands. A line that is not as our sinks
write it is read whole.
"""

from __future__ import annotations

from json.decoder import JSONDecoder

from tracer.model.event import Ancestor, Process
from tracer.model.fields import ANCESTOR, PROCESS
from tracer.model.memo import Bounded
from tracer.model.spelling import fields_from_object
from tracer.recording.tail import object_of
from tracer.sources.recording.files import BEGINNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # What is at this place of a text, and where it ends.
    Read = Callable[[str, int], tuple[Any, int]]

_ENDS = {name: f', "{name}": ' for name in ("process", "sender", "target")}
_OF_KIND = {"exit": ("process",), "exec": ("process",)}
_SENT = ("sender", "target")
_PARENTS = ', "ancestors": '
# By so many of its first letters a text is looked for: a pid, a name, and some of what follows. All of it decides.
_HEAD = 80
_PROCESSES_MAX, _PARENTS_MAX = 4096, 2048  # 3 KB each
# What from_object raises, what the decoder does, and what is not as we write it.
NOT_OURS = (
    *(KeyError, TypeError, ValueError, AttributeError, IndexError),
    *(OverflowError, RecursionError, StopIteration),
)
_scan: Read = getattr(JSONDecoder(), "scan_once")  # noqa: B009  typeshed does not know it


class Known:
    """What ``read`` has made of texts, by the texts."""

    def __init__(self, most: int, read: Read) -> None:
        self._made: Bounded[str, tuple[str, Any]] = Bounded(most)
        self._read = read

    def at(self, text: str, at: int) -> tuple[Any, int]:
        head = text[at : at + _HEAD]
        known = self._made.get(head)
        if known is not None and text.startswith(known[0], at):
            return known[1], at + len(known[0])
        value, end = self._read(text, at)
        self._made[head] = text[at:end], value
        return value, end


class Lines:
    """What lines hold."""

    def __init__(self) -> None:
        self._steps = Known(_PARENTS_MAX, _step)
        self._parents = Known(_PARENTS_MAX, self._chain)
        self._processes = Known(_PROCESSES_MAX, self._process)

    def object_of(self, line: bytes) -> dict[str, Any] | None:
        """For ``from_object``; None if the line is no object of JSON."""
        if line.startswith(BEGINNING):
            try:
                made = self._by_parts(line.decode("utf-8", "surrogatepass"))
            except NOT_OURS:
                made = None
            if made is not None:
                return made
        return object_of(line)

    def _by_parts(self, text: str) -> dict[str, Any] | None:
        """Before, between and after its processes; None if it has none, or is not that simple."""
        names = _OF_KIND.get(text[len(BEGINNING) : len(BEGINNING) + 4], _SENT)
        at = next((found for name in names if (found := text.find(_ENDS[name])) >= 0), -1)
        if at < 0:
            return None
        made = _whole(text[:at] + "}")
        for name in names:
            if text.startswith(_ENDS[name], at):
                made[name], at = self._processes.at(text, at + len(_ENDS[name]))
        if text[at:] != "}":
            if not text.startswith(", ", at):
                return None
            made.update(_whole("{" + text[at + 2 :]))
        return made

    def _process(self, text: str, at: int) -> tuple[Process, int]:
        made, end = self._process_by_parts(text, at) or _scan(text, at)
        return fields_from_object(made, Process, PROCESS), end

    def _process_by_parts(self, text: str, at: int) -> tuple[dict[str, Any], int] | None:
        """Itself, and its parents, where these stand last."""
        parents = text.find(_PARENTS, at)
        if parents < 0:
            return None
        try:
            made = _whole(text[at:parents] + "}")
        except ValueError:
            return None  # They are another's.
        made["ancestors"], end = self._parents.at(text, parents + len(_PARENTS))
        return (made, end + 1) if text.startswith("}", end) else None

    def _chain(self, text: str, at: int) -> tuple[tuple[Ancestor, ...], int]:
        steps = []
        before = "["
        while text.startswith(before, at):
            step, at = self._steps.at(text, at + len(before))
            steps.append(step)
            before = ", "
        if not text.startswith("]", at):
            raise ValueError("not as we write a list")
        return tuple(steps), at + 1


def _step(text: str, at: int) -> tuple[Ancestor, int]:
    made, end = _scan(text, at)
    return fields_from_object(made, Ancestor, ANCESTOR), end


def _whole(text: str) -> dict[str, Any]:
    """The object that the text is, no more and no less: what stood before it was at the outermost level."""
    made, end = _scan(text, 0)
    if end != len(text) or not isinstance(made, dict):
        raise ValueError("more than an object")
    return made
