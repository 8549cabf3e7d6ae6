"""JSON text straight from the one table of fields: what ``json.dumps`` makes of ``fields_to_object``, in a fifth of the time.

For events and parts of them that are written often, and differ each time.
"""

from __future__ import annotations

from json import dumps
from json.encoder import encode_basestring_ascii as quote

from tracer.model.fields import NESTED
from tracer.model.memo import Bounded, memo
from tracer.model.spelling import KINDS
from tracer.model.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracer.model.fields import Field

_NAMES_MAX = 512  # of processes, programs, units: some 200 bytes each
_LISTS_MAX = 128  # parents with their command lines, some 6 KB each


def text_of(
    fields: tuple[Field, ...], given: Mapping[str, Callable[[Any], str]] | None = None
) -> Callable[[Any], str]:
    """What writes these fields of an object, without the braces; ``given`` has writers of kinds that are better than ours.
    Compiled: a loop over the table takes twice as long. No key of them may be of two words."""
    lines = ["def write(it):", " made = []"]
    known: dict[str, Any] = {}
    for field in fields:
        writer = (given or {}).get(field.kind) or _writer(field.kind)
        known[f"_{field.name}"] = writer
        holds = "value is not None and value != ()"
        if field.kind == "flag":
            holds = "value"
        elif writer is str or field.kind in ("bytes", "text"):
            holds = "value is not None"
        shown = "{value}" if writer is str else f"{{_{field.name}(value)}}"
        lines.append(f" value = it.{field.name}")
        if field.kind in NESTED and not field.needed:
            lines.append(f" if {holds}: value = _{field.name}(value)")
            holds, shown = f"{holds} and value != '{{}}'", "{value}"
        lines.append(f" if {holds}: made.append(f'\"{field.json}\": {shown}')")
    exec("\n".join([*lines, " return ', '.join(made)"]), known)
    write: Callable[[Any], str] = known["write"]
    return write


def _writer(kind: str) -> Callable[[Any], str]:
    if kind in NESTED:
        inner = text_of(NESTED[kind][1])
        return lambda value: f"{{{inner(value)}}}"
    if kind[0] == "[":
        return _Lists(_writer(kind[1:-1])).write
    if kind in _WRITERS:
        return _WRITERS[kind]
    write = KINDS[kind].write
    if kind in ("signal", "bool"):
        return memo(_NAMES_MAX)(lambda value: dumps(write(value)))
    return lambda value: dumps(write(value))


@memo(_NAMES_MAX)
def _bytes(raw: bytes) -> str:
    return quote(plain(raw))


def _words(words: tuple[bytes, ...]) -> str:
    """All of them at once where none has what would be taken for the place between two."""
    joined = b"\0".join(words)
    if b"\\" in joined or joined.count(b"\0") != len(words) - 1:
        return f"[{', '.join(map(_bytes, words))}]"
    return "[" + quote(joined.decode("utf-8", "backslashreplace")).replace("\\u0000", '", "') + "]"


_WRITERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("int", "count", "least_1", "pid", "status"), str),
    **dict.fromkeys(("text", "id", "origin"), quote),
    "bytes": _bytes,
    "words": _words,
    "flag": lambda value: "true",
    "time": lambda value: quote(KINDS["time"].write(value)),
}


class _Lists:
    """Many events share a list: the parents of a process. By its identity, and with it, so that no id() is another's."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self._write = write
        self._known: Bounded[int, tuple[Any, str]] = Bounded(_LISTS_MAX)

    def write(self, value: Any) -> str:
        known = self._known.get(id(value))
        if known is None or known[0] is not value:
            known = self._known[id(value)] = value, f"[{', '.join(map(self._write, value))}]"
        return known[1]
