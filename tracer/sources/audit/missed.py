"""What of the audit records was not told, counted: by the numbers that are missing, and by a quick look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracer.audit import record
from tracer.audit.calls import ARCHES
from tracer.model.frozen import frozen

if TYPE_CHECKING:
    from tracer.audit.record import Record

# Records of events that end at about the same time overtake each other: so many later, a number will not come.
_SETTLED = 64
_CALL = re.compile(rb"arch=([0-9a-f]+) syscall=(\d+)(?: per=[0-9a-f]+)? success=yes ")


@frozen
class Overflow:
    """``events`` None: how many are missing is not known."""

    events: int | None


class Serials:
    """The numbers of events as they come. The kernel gives each event that it writes the next one (audit_serial(),
    kernel/audit.c) and sends every record to every reader: a number that does not come was lost on the way.

    A socket tells of its overflow before what it still holds, so the gap comes some time later."""

    def __init__(self) -> None:
        self._first = 0
        self._last: int | None = None
        self._late: set[int] = set()
        self._missing = 0
        self._gap_at: int | None = None
        self._overflown = False

    def feed(self, serial: int) -> None:
        last = self._last
        if serial == last:
            return
        if last is None:
            self._first = self._last = serial
        elif serial > last:
            self._last = serial
            if serial > last + 1:
                self._missing += serial - last - 1
                self._gap_at = serial
        elif serial > max(self._first, last - _SETTLED) and serial not in self._late:
            self._missing -= 1
            self._gap_at = self._gap_at if self._missing > 0 else None
            self._late.add(serial)
            if len(self._late) > 2 * _SETTLED:
                self._late = {one for one in self._late if one > last - _SETTLED}

    def overflow(self) -> None:
        """Some were lost from here on."""
        if not self._overflown:
            self._overflown = True
            self._missing, self._gap_at = 0, None

    def is_open(self) -> bool:
        """Whether an overflow waits for the next number that comes."""
        return self._overflown and self._missing <= 0

    def settled(self, *, last: bool) -> Overflow | None:
        """The events that an overflow has cost, once all have come that may."""
        if not self._overflown or not (last or self._is_past()):
            return None
        found = Overflow(self._missing if self._missing > 0 else None)
        self._overflown, self._missing, self._gap_at = False, 0, None
        return found

    def _is_past(self) -> bool:
        return self._gap_at is not None and (self._last or 0) >= self._gap_at + _SETTLED


class Untold:
    """Signals in records that nobody has the time to tell: one a call, and one a further victim."""

    def __init__(self) -> None:
        self.signals = 0
        self._serial: int | None = None
        self._victims = 0

    def add(self, one: Record) -> None:
        if one.type == record.SYSCALL:
            self._serial = one.stamp.serial if _is_a_signal(one.body) else None
            self._victims = 0
            self.signals += self._serial is not None
        elif one.type == record.OBJ_PID and one.stamp.serial == self._serial:
            self._victims += 1
            self.signals += self._victims > 1


def _is_a_signal(body: bytes) -> bool:
    found = _CALL.match(body)
    if found is None:
        return False
    arch = ARCHES.get(int(found[1], 16))
    return arch is not None and int(found[2]) in arch[1]
