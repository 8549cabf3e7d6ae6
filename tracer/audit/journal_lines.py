"""Lines of ``journalctl -o json`` → what they tell: the usual event of several entries whole, the others' entries by
themselves, and of entries that tell nothing their number and times."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional, Union

from tracer.audit import record
from tracer.audit.coalesce import AWAY
from tracer.audit.json_lines import integer, microseconds
from tracer.audit.record import Record, Stamp
from tracer.audit.usual import Whole, read_as_kernels

CHUNK = 1 << 16
_NAMES = {
    record.SYSCALL: b"SYSCALL",
    record.OBJ_PID: b"OBJ_PID",
    record.PATH: b"PATH",
    record.CWD: b"CWD",
    record.EXECVE: b"EXECVE",
    record.PROCTITLE: b"PROCTITLE",
}
_NUMBERS = {str(number): number for number in _NAMES}
_SCAN = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_TEXT = frozenset((str,))
# Who finds a message by these looks at no words of it.
_FOUND_BY = frozenset(("MESSAGE_ID", "CODE_FUNC"))
# (whole, its records' numbers and texts, the length of the first message)
Told = tuple[Whole, bytes, int]


Row = Union[tuple[int, Optional[int], Optional[int], Optional[Told]], bytes]
Taken = tuple[bytes, Optional[list[Row]]]
# Of a text: whether no other reader finds anything in a message that is part of it.
SilenceOf = Callable[[bytes], Callable[[bytes], bool]]
_Entry = tuple[int, int, int, bytes, bytes]  # type, time in ns, serial, MESSAGE, the line


def taken(block: bytes, silence_of: SilenceOf) -> list[Taken]:
    """A block of a text in chunks, with what is in them; None where they are read by who knows what came before: what
    may be part of a line, and what is of another form."""
    first, last = block.find(b"\n") + 1, block.rfind(b"\n") + 1
    made: list[Taken] = [(block[:first], None)]
    while first < last:
        stop = block.rfind(b"\n", first, min(last, first + CHUNK)) + 1
        stop = stop if stop > first else block.index(b"\n", first) + 1
        chunk = block[first:stop]
        made.append((chunk, rows_of(chunk, silence_of)))
        first = stop
    return [*made, (block[last:], None)]


def rows_of(chunk: bytes, silence_of: SilenceOf) -> list[Row] | None:
    """What whole lines tell; None if one is no entry."""
    lines = chunk.split(b"\n")[:-1]
    try:
        values = [_value(line) for line in chunk.decode("utf-8", "surrogatepass").split("\n")[:-1]]
        messages = [_message(value) for value in values]
        making = _Making(silence_of(b"\n".join(filter(None, messages))))
        for line, value, message in zip(lines, values, messages):
            making.add(line, value, message)
    except (ValueError, RecursionError):
        return None
    making.end()
    return making.rows


def _value(line: str) -> dict[str, Any]:
    """What json.loads makes of an object, in half of its time. Raises ValueError."""
    if not line.startswith('{"'):
        raise ValueError("no object")
    try:
        value, end = _SCAN(line, 0)
    except StopIteration:
        end = -1
    if end != len(line):
        raise ValueError("no object")
    return value  # type: ignore[no-any-return]


def _message(value: dict[str, Any]) -> bytes | None:
    """The words of an entry; None where one of its fields is no text."""
    if not _TEXT.issuperset(map(type, value.values())):
        return None
    return value.get("MESSAGE", "").encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]


class _Making:
    def __init__(self, is_silent: Callable[[bytes], bool]) -> None:
        self.rows: list[Row] = []
        self._is_silent = is_silent
        self._event: list[_Entry] = []
        self._taken: list[int | None] = []

    def add(self, line: bytes, value: dict[str, str], message: bytes | None) -> None:
        if (
            message is None
            or len(line) > CHUNK
            or not _FOUND_BY.isdisjoint(value)
            or not self._is_silent(message.lstrip(b" \t"))
        ):
            self._by_itself(line)
            return
        taken = _nanoseconds(value.get("__REALTIME_TIMESTAMP", ""))
        if "_AUDIT_TYPE" in value:
            self._record(value, line, message, taken)
        elif b"audit" in message or len(value) == sum(name.startswith("__") for name in value):
            self._by_itself(line)
        else:
            self.end()
            self.rows.append((1, taken, taken, None))

    def _record(self, value: Any, line: bytes, message: bytes, taken: int | None) -> None:
        kind, serial = _NUMBERS.get(value["_AUDIT_TYPE"]), integer(value.get("_AUDIT_ID"))
        when = microseconds(value.get("_SOURCE_REALTIME_TIMESTAMP"))
        when = when or microseconds(value.get("__REALTIME_TIMESTAMP"))
        if kind is None or serial is None or when is None or b"\n" in message:
            self._by_itself(line)
            return
        event = self._event
        if event and (kind == record.SYSCALL or (when, serial) != event[0][1:3]):
            self.end()
        self._event.append((kind, when, serial, message, line))
        self._taken.append(taken)
        if kind == record.PROCTITLE:
            self.end()

    def _by_itself(self, line: bytes) -> None:
        self.end()
        self.rows.append(line)

    def end(self) -> None:
        """Nothing more comes to the event that was begun."""
        event, taken = self._event, self._taken
        if event:
            told = _whole(event)
            if told is None:
                self.rows += [one[4] for one in event]
            else:
                times = [one for one in taken if one is not None]
                self.rows.append((len(event), min(times, default=None), max(times, default=None), told))  # fmt: skip
            self._event, self._taken = [], []


def _whole(event: list[_Entry]) -> Told | None:
    first, last = event[0], event[-1]
    if first[0] != record.SYSCALL or last[0] != record.PROCTITLE or len(event) < 2:
        return None
    bodies = [one[3].partition(b" ")[2] for one in event]
    middle = [(_NAMES[one[0]], body) for one, body in zip(event[1:-1], bodies[1:-1])]
    read = read_as_kernels(bodies[0], middle, bodies[-1])
    size = sum(len(one[3]) for one in event)
    if read is None or size > AWAY:
        return None
    text = b"".join(b"%d %b\n" % (one[0], body) for one, body in zip(event, bodies))
    _, time, serial, message, _ = first
    id_ = str(Stamp(None, time, serial))
    count, rest = len(event), size - len(message)
    whole: Whole = (len(text), rest, count, count, None, id_, time, serial, *read)
    return whole, text, len(message)


def numbered(line: bytes) -> list[Record]:
    """The record of a line of an event's text: its number and its own text."""
    kind, _, body = line.partition(b" ")
    return [Record(int(kind), Stamp(None, 0, 0), body)]


def _nanoseconds(digits: str) -> int | None:
    return int(digits) * 1000 if digits.isascii() and digits.isdigit() and len(digits) < 20 else None  # fmt: skip
