"""Text that holds nothing but whole kills, one after another → a batch: most of them differ from an
earlier one in their stamps alone, and a reader need not take them apart again."""

from __future__ import annotations

import operator
import re

from tracer.sources.audit_finds import Batch, Sort
from tracer.sources.audit_sights import calls_of

KILLS = calls_of(1)
# The order in which audit_log_exit() writes them (kernel/auditsc.c). Numbers without leading zeros: the
# event's id is then what the log has.
_EVENT = re.compile(
    rb"type=SYSCALL msg=audit\(([1-9]\d{0,9}\.\d{3}:[1-9]\d{0,18})\): "
    rb"(arch=\w+ syscall=\d+ success=\w+ exit=-?\d+ a0=[0-9a-f]{1,16} a1=[0-9a-f]{1,16} a2=[0-9a-f]{1,16} )"
    rb"a3=[0-9a-f]{1,16}( [^\n]*)\n"
    rb"type=OBJ_PID msg=audit\(\1\): ([^\n]*)\n"
    rb"type=PROCTITLE msg=audit\(\1\): ([^\n]*)\n"
)
_LINES = 3  # of an event
_CALL = re.compile(rb"arch=(\w+ syscall=\d+) ")


class Sorts:
    """The sorts of events that a piece of a file has shown, numbered as they came."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[bytes, ...], int] = {}
        self.found: list[Sort] = []

    def batch(self, text: bytes) -> Batch | None:
        """The events of a text; None if it holds anything else, or serials that do not grow."""
        rows = _EVENT.findall(text)
        if not rows or len(rows) * _LINES != text.count(b"\n") or not text.endswith(b"\n"):
            return None
        ids, *parts = zip(*rows)
        sorts = [self._number(key) for key in zip(*parts)]
        if None in sorts:
            return None
        stamps = [id_.replace(b".", b"").split(b":") for id_ in ids]
        serials = [int(serial) for _, serial in stamps]
        if not all(map(operator.lt, serials, serials[1:])):
            return None
        return Batch(
            [sort for sort in sorts if sort is not None],
            b" ".join(ids).decode("ascii"),
            [int(milliseconds) * 1_000_000 for milliseconds, _ in stamps],
            serials,
        )

    def _number(self, key: tuple[bytes, ...]) -> int | None:
        """The number of an event's sort; None if it sends no signal."""
        number = self._numbers.get(key)
        if number is None:
            call = _CALL.match(key[0])
            if call is None or call[1] not in KILLS:
                return None
            number = self._numbers[key] = len(self.found)
            self.found.append(Sort(*key))
        return number
