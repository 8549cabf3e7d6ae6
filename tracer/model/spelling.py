"""Events as JSON objects and back, by the one table of fields. What is not known is left out; what a reader does not
know is passed over."""

from __future__ import annotations

from tracer.model import fields as of_events
from tracer.model import signals, verdict
from tracer.model.event import ID_MAX, MARKS, TARGET_STATES, is_id
from tracer.model.fields import Field
from tracer.model.frozen import bare_of, defaults_of, frozen, names_of_class
from tracer.model.memo import Bounded
from tracer.model.origin import ORIGINS
from tracer.model.outcome import OUTCOMES
from tracer.model.text import plain, unplain
from tracer.model.times import nanoseconds, utc
from tracer.model.verdict import CAUSES, CONFIDENCES, VIAS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracer.model.event import Event
    from tracer.model.verdict import Living, Verdict

VERSION = 1
# What JSON has for numbers and words.
_PLAIN = (str, int, float, bool, type(None))
_LISTS_MAX = 128  # parents with their command lines, some 6 KB each
# All that a line of JSON may hold; a verdict is nothing that a trace tells, and not loaded with one.
EVENTS = {**of_events.EVENTS, **verdict.EVENTS}
NESTED = {**of_events.NESTED, **verdict.NESTED}


@frozen
class Kind:
    """How values of one kind are written and read, and what JSON Schema says of them."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: dict[str, Any]


def _same(value: Any) -> Any:
    return value


def _signal(number: int) -> dict[str, Any]:
    return {"number": number, "name": signals.name_of(number) if number else "0"}


def _number(value: dict[str, Any]) -> int:
    return _integer(value["number"])


def _word(value: Any) -> str:
    """One of ours, or of a later version's."""
    if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
        raise ValueError(f"{value!r} is no word")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise ValueError(f"{value!r} is no id")
    return value


def _integer(value: Any) -> int:
    """What 64 bits hold, as every field of ours does: times and sizes are reckoned with."""
    number = int(value)
    if not -(1 << 63) <= number < 1 << 64:
        raise OverflowError("a number of more than 64 bits")
    return number


def _details(value: Any) -> dict[str, Any]:
    """Numbers and words, or lists of these, by name."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no object")
    for one in value.values():
        _require_plain(*(one if isinstance(one, list) else (one,)))
    return value


def _of_line(value: Any) -> dict[str, Any]:
    """Numbers and words by name."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no object")
    _require_plain(*value.values())
    return value


def _require_plain(*values: Any) -> None:
    for value in values:
        if not isinstance(value, _PLAIN):
            raise TypeError(f"{value!r} is neither a number nor a word")


def _of(words: Any) -> Kind:
    return Kind(_same, _word, {"enum": list(words)})


CALLS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
POLICIES = ("apparmor", "selinux", "landlock", "seccomp")
_REF = "#/$defs/"
KINDS: dict[str, Kind] = {
    "text": Kind(_same, str, {"type": "string"}),
    "word": Kind(_same, _word, {"type": "string"}),
    "id": Kind(_same, _id, {"$ref": _REF + "id"}),
    "bytes": Kind(plain, unplain, {"type": "string"}),
    "words": Kind(
        lambda words: [plain(word) for word in words],
        lambda words: tuple([unplain(word) for word in words]),
        {"type": "array", "items": {"type": "string"}},
    ),
    "strings": Kind(list, tuple, {"type": "array", "items": {"type": "string"}}),
    "int": Kind(_same, _integer, {"type": "integer"}),
    "count": Kind(_same, _integer, {"type": "integer", "minimum": 0}),
    "least_1": Kind(_same, _integer, {"type": "integer", "minimum": 1}),
    "status": Kind(_same, _integer, {"type": "integer", "minimum": 0, "maximum": 255}),
    "pid": Kind(_same, _integer, {"$ref": _REF + "pid"}),
    "bool": Kind(_same, bool, {"type": "boolean"}),
    "flag": Kind(_same, bool, {"const": True}),
    "hex": Kind(hex, lambda text: int(text, 16), {"type": "string", "pattern": "^0x[0-9a-f]+$"}),
    "time": Kind(utc, nanoseconds, {"$ref": _REF + "time"}),
    "signal": Kind(_signal, _number, {"$ref": _REF + "signal"}),
    "asked_signal": Kind(_signal, _number, {"$ref": _REF + "asked_signal"}),
    "code": Kind(_same, _same, {"type": "string"}),
    "details": Kind(_same, _details, {"type": "object"}),
    "of line": Kind(_same, _of_line, {"type": "object"}),
    "origin": _of(ORIGINS),
    "outcome": _of(OUTCOMES),
    "call": _of(CALLS),
    "policy": _of(POLICIES),
    "target_state": _of(TARGET_STATES),
    "mark": _of(MARKS),
    "cause": _of(CAUSES),
    "confidence": _of(CONFIDENCES),
    "via": _of(VIAS),
}
_WORDS = {cls: word for word, (cls, _, _) in EVENTS.items()}


def to_object(event: Event | Living | Verdict) -> dict[str, Any]:
    """The event as JSON has it."""
    word = _WORDS[type(event)]
    made: dict[str, Any] = {"v": VERSION, "event": word}
    if word == "probe":
        fields = fields_to_object(event, EVENTS[word][1])
        head = {name: fields.pop(name) for name in ("id", "time", "source")}
        return {**made, **head, "signal": _signal(0), **fields}
    return {**made, **fields_to_object(event, EVENTS[word][1])}


def fields_to_object(it: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    """These fields of an event, or of a part of one. Parts that several events share are shared: they are not to be
    changed."""
    made: dict[str, Any] = {}
    for name, write, is_code, needed, outer, inner in _ways(fields):
        value = getattr(it, name)
        if value is None or value == ():
            continue
        written = _code(it, value) if is_code else write(value)
        if not needed and (written is None or written == {}):
            continue
        if inner:
            made.setdefault(outer, {})[inner] = written
        else:
            made[outer] = written
    return made


def _code(signal: Any, code: int) -> str:
    return signals.code_name(signal.number, code, of_child=signal.origin == "child")


_WAYS: dict[int, tuple[tuple[Field, ...], tuple[Any, ...]]] = {}


def _ways(fields: tuple[Field, ...]) -> tuple[Any, ...]:
    """How each of them is written, found out once: by the table's identity, for to look at all of it takes longer."""
    known = _WAYS.get(id(fields))
    if known is None:
        known = _WAYS[id(fields)] = fields, tuple([_way(field) for field in fields])
    return known[1]


def _way(field: Field) -> tuple[Any, ...]:
    outer, _, inner = field.json.partition(".")
    is_code = field.kind == "code"
    return field.name, _writer(field.kind), is_code, field.needed, outer, inner


def _writer(kind: str) -> Callable[[Any], Any]:
    """What makes JSON of a value of this kind; None, or {}, is left out."""
    if kind == "flag":
        return lambda value: value or None
    if kind in NESTED:
        fields = NESTED[kind][1]
        return lambda value: fields_to_object(value, fields)
    if kind[0] == "[":
        return _Lists(_writer(kind[1:-1])).write
    return KINDS[kind].write


class _Lists:
    """Many events share a list: the parents of a process. By its identity, and with it, so that no id() is another's."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        self._write = write
        self._known: Bounded[int, tuple[Any, list[Any]]] = Bounded(_LISTS_MAX)

    def write(self, value: Any) -> list[Any]:
        known = self._known.get(id(value))
        if known is None or known[0] is not value:
            made = [self._write(one) for one in value]
            known = self._known[id(value)] = value, made
        return known[1]


def from_object(made: dict[str, Any]) -> Event | None:
    """The event that an object tells; None for a kind of event that is not known here. Raises ValueError, KeyError,
    TypeError, AttributeError or OverflowError where it is no event of ours."""
    known = EVENTS.get(made["event"])
    if known is None:
        return None
    event: Event = fields_from_object(made, known[0], known[1])
    return event


def fields_from_object(made: dict[str, Any], cls: Any, fields: tuple[Field, ...]) -> Any:
    """An event, or a part of one, of that class. Parts may be made already."""
    known = _MAKERS.get(id(fields))
    if known is None:
        known = _MAKERS[id(fields)] = fields, _maker(cls, fields)
    return known[1](made)


_MAKERS: dict[int, tuple[tuple[Field, ...], Callable[[dict[str, Any]], Any]]] = {}


def _maker(cls: Any, fields: tuple[Field, ...]) -> Callable[[dict[str, Any]], Any]:
    """What reads these fields; compiled, for a loop over them takes twice as long. Names of the table alone are in it."""
    defaults = {**dict.fromkeys(bare_of(cls)), **defaults_of(cls)}
    known: dict[str, Any] = {"cls": cls}
    lines = ["def make(made):", " get = made.get"]
    for at, field in enumerate(fields):
        outer, _, inner = field.json.partition(".")
        known[f"default{at}"] = defaults[field.name]
        lines.append(f" found = get({outer!r})")
        if inner:
            lines.append(f" found = None if found is None else found.get({inner!r})")
        if field.needed:
            lines.append(f" if found is None: raise KeyError({outer!r})")
        if field.kind == "code":
            known[f"read{at}"] = signals.code_of
            value = f"read{at}(number, found)"
        else:
            known[f"read{at}"] = _reader(field.kind)
            value = f"read{at}(found)"
        lines.append(f" {field.name} = default{at} if found is None else {value}")
    exec("\n".join([*lines, f" return cls({', '.join(names_of_class(cls))})"]), known)
    made: Callable[[dict[str, Any]], Any] = known["make"]
    return made


def _reader(kind: str) -> Callable[[Any], Any]:
    """What makes a value of this kind of JSON; what was made of it already stays."""
    if kind in NESTED:
        cls, fields, _ = NESTED[kind]
        return lambda found: found if type(found) is cls else fields_from_object(found, cls, fields)
    if kind[0] == "[":
        read = _reader(kind[1:-1])
        return lambda found: found if type(found) is tuple else tuple([read(one) for one in found])
    return KINDS[kind].read


def to_schema() -> dict[str, Any]:
    """docs/sigtrace.schema.json: what every line may hold."""
    definitions: dict[str, Any] = {
        "time": {
            "type": "string",
            "pattern": r"^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$",
        },
        "pid": {"type": "integer", "minimum": 0, "maximum": 4294967295},
        "id": {"type": "string", "pattern": rf"^[ !#-\[\]-~]{{1,{ID_MAX}}}$"},
        "signal": {
            "type": "object",
            "additionalProperties": False,
            "required": ["number", "name"],
            "properties": {
                "number": {
                    "description": "signal(7); 0 is the probe of kill(2)",
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 64,
                },
                "name": {"description": "SIGKILL, SIGRTMIN+3", "type": "string"},
                "code": {
                    "description": "si_code by name (sigaction(2)), or as a number where it has none",
                    "type": "string",
                },
            },
        },
        "asked_signal": {
            "type": "object",
            "additionalProperties": False,
            "required": ["number", "name"],
            "properties": {"number": {"type": "integer"}, "name": {"type": "string"}},
        },
    }
    for word, (_, fields, doc) in NESTED.items():
        definitions[word] = _object_schema(fields, doc, {})
    for word, (_, fields, doc) in EVENTS.items():
        head = {"v": {"const": VERSION}, "event": {"const": word}}
        if word == "probe":
            head["signal"] = {"$ref": _REF + "signal"}
        definitions[f"{word}_event"] = _object_schema(fields, doc, head)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "sigtrace.schema.json",
        "title": f"One line of sigtrace --json, version {VERSION}",
        "description": "What is not known is absent. Fields, words and kinds of events may be added in later versions, none is renamed: pass over what you do not know. Times are UTC. A byte of text that is no UTF-8 is written \\xNN, and a typed backslash before xNN is doubled.",
        "oneOf": [{"$ref": f"{_REF}{word}_event"} for word in EVENTS],
        "$defs": definitions,
    }


def _object_schema(fields: tuple[Field, ...], doc: str, head: dict[str, Any]) -> dict[str, Any]:
    properties = dict(head)
    needed = list(head)
    for field in fields:
        outer, dot, inner = field.json.partition(".")
        described = {"description": field.doc} if field.doc else {}
        if not dot:
            properties[outer] = {**described, **_kind_schema(field.kind)}
        elif outer not in properties:
            properties[outer] = {
                "type": "object",
                "additionalProperties": False,
                "properties": {inner: {**described, **_kind_schema(field.kind)}},
            }
        if field.needed:
            needed.append(outer)
    schema = {"description": doc, "type": "object", "additionalProperties": False}
    return {**schema, **({"required": needed} if needed else {}), "properties": properties}


def _kind_schema(kind: str) -> dict[str, Any]:
    if kind in NESTED:
        return {"$ref": _REF + kind}
    if kind[0] == "[":
        return {"type": "array", "items": _kind_schema(kind[1:-1])}
    return KINDS[kind].schema


if __name__ == "__main__":
    import json

    print(json.dumps(to_schema(), indent=2, ensure_ascii=False))
