"""Text that holds nothing but whole kills, one after another → a batch: most of them differ from an
earlier one in their stamps alone, and a reader need not take them apart again."""

from __future__ import annotations

import operator
import re

from tracer.audit.calls import SENDING
from tracer.sources.logs.finds import Batch, Sort
from tracer.sources.logs.sights import words_of

KILLS = words_of(SENDING)
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
# Whom an event asks about: its victims, who crashed, and a sender whose title was cut at 128 bytes.
_VICTIM = re.compile(rb" opid=(\d{1,10})[\s\x1d]")
_SENDER = re.compile(rb" pid=(\d{1,10})[\s\x1d]")
_OF_ITSELF = re.compile(rb"type=(?:ANOM_ABEND|SECCOMP|DAEMON|1701|1326|12\d\d)")
_CUT_TITLE = re.compile(rb" proctitle=[0-9A-F]{254}")
SORTS_MAX = 8192


class Sorts:
    """The sorts of events that a process has found in the pieces it has read, numbered as they came."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.concerned: list[list[bytes]] = []  # the pids that each sort asks about
        self._numbers: dict[tuple[bytes, ...], int] = {}
        self._new: list[Sort] = []

    def __len__(self) -> int:
        return len(self.concerned)

    def forget_many(self) -> None:
        """Begin anew if there are too many."""
        if len(self) >= SORTS_MAX:
            self.concerned.clear()
            self._numbers.clear()
            self._new.clear()

    def take_new(self) -> list[Sort]:
        """The sorts found since the last call."""
        new, self._new = self._new, []
        return new

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
            number = self._numbers[key] = len(self)
            sort = Sort(*key)
            self._new.append(sort)
            self.concerned.append(
                concerned(b" %s\n %s\n%s\n" % (sort.victim, sort.title, sort.rest))
            )
        return number


def concerned(text: bytes) -> list[bytes]:
    """The pids that an event asks about, by its records."""
    pids = _VICTIM.findall(text)
    if _CUT_TITLE.search(text) or _OF_ITSELF.search(text):
        pids += _SENDER.findall(text)
    return list(dict.fromkeys(pids))
