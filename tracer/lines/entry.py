"""One entry of a text log or journal, whatever form it was written in: when, on which host, by whom, what.

Every reader of logs (audit, statements) takes these. Who may be believed is decided where an entry is made, once.
Forms: syslog (RFC 3164 and 5424, in any language of glibc's), journalctl's short forms, verbose, export and JSON,
dmesg, and text without any prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tracer.lines.dates import DateStyle, prefix_time
from tracer.lines.mend import unquoted
from tracer.lines.prefix import Prefix, prefix_of
from tracer.model.event import Place
from tracer.model.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracer.lines.mend import Numbered

TEXT_MAX = 1 << 20
_VERBOSE = re.compile(rb"\w{3} \d{4}-\d\d-\d\d [\d:.]+ \S+ \[s=[0-9a-f]+;i=")
# What coredumpctl info shows of a core dump begins so.
_CORE = re.compile(rb"\s*PID: \d+ \(.*\)\s*$")
_MICROSECOND = 1000
# Transports by which journald has it from the speaker itself.
_PROVEN = (b"kernel", b"audit", b"driver")
# Mail and consoles break lines at 72 to 80 columns.
_WRAPS_AT, _WRAPS_BY = 68, 81


@frozen
class Entry:
    """``time`` is in nanoseconds since the epoch, None where the line has none; ``since_boot`` in nanoseconds, where the
    line has that. ``tag`` is the speaker's name (syslog's tag, SYSLOG_IDENTIFIER), ``pid`` the speaker's. ``text`` is the
    message without prefix, its continuation lines joined by newlines. ``fields`` are a journal's (systemd.journal-fields(7)).

    ``believed``: True where the transport proves who speaks (a journal's kernel transport, uid 0 of PID 1 or of a
    daemon), None where it cannot tell (a text log), False where the entry contradicts itself (a user's process under
    the tag kernel).
    """

    text: bytes
    place: Place | None = None
    time: int | None = None
    since_boot: int | None = None
    host: bytes | None = None
    tag: bytes | None = None
    pid: int | None = None
    believed: bool | None = None
    fields: Mapping[bytes, bytes] | None = None


class EntryReader:
    """Makes entries of the lines of one log. ``style`` says how its dates are read; ``file`` is its path, for places."""

    def __init__(self, style: DateStyle, file: str | None = None) -> None:
        self.style = style
        self.file = file
        self._form = "syslog"
        self._date: bytes | None = None
        self._time: int | None = None

    def of_line(self, line: bytes, number: int | None = None) -> Entry:
        """The entry of one line of text; without a prefix that is known, all of it is the message."""
        return self._made(line, prefix_of(line, self._form), number)

    def time_of(self, date: bytes | None) -> int | None:
        """The time of a prefix's date in ns."""
        if date != self._date or date is None:
            self._date = date
            self._time = None if date is None else prefix_time(date + b" ", self.style)
        return self._time

    def all(self, lines: Iterable[Numbered]) -> Iterator[Entry]:
        """The entries of lines, those of several lines put together."""
        held: list[bytes] = []
        first = size = 0
        for number, line in lines:
            if held and self._goes_on(held, size, line):
                held.append(line)
                size += len(line)
                continue
            if held:
                yield from self._of_lines(held, first)
            held, first, size = [line], number, len(line)
        if held:
            yield from self._of_lines(held, first)

    def _goes_on(self, held: list[bytes], size: int, line: bytes) -> bool:
        """Whether a line belongs to the entry that the lines before it have begun, of that size together."""
        begun = held[0]
        if _is_export(begun):
            return bool(line)
        if _VERBOSE.match(begun):
            return line.startswith(b"    ")
        if _CORE.match(begun):
            return line[:1] in (b" ", b"\t") and not _CORE.match(line)
        text = unquoted(line)
        if not text or begun[:1] == b"{" or line[:1] == b"{" or _VERBOSE.match(text):
            return False
        head = prefix_of(unquoted(begun), self._form)
        if head is None or size > TEXT_MAX or prefix_of(text, self._form):
            return False
        # journalctl indents what follows in a message of several lines; mail wraps.
        empty = len(held) == 1 and head.end >= len(begun.rstrip())
        return empty or line[:1] in (b" ", b"\t") or _wraps(held[-1], text)

    def _of_lines(self, lines: list[bytes], number: int) -> Iterator[Entry]:
        from tracer.lines import journal

        first = lines[0]
        if first[:1] == b"{":
            fields = journal.fields_of_json(first)
            if fields is not None:
                yield of_journal(fields, self._place(number))
                return
        if _is_export(first):
            yield of_journal(journal.fields_of_export(lines), self._place(number))
        elif _VERBOSE.match(first):
            yield of_journal(journal.fields_of_verbose(lines), self._place(number))
        elif lines[1:] and _CORE.match(first):
            fields, date = journal.fields_of_core(lines)
            entry = of_journal(fields, self._place(number))
            yield replace(entry, time=self.time_of(date))
        elif any(map(bytes.strip, lines)):
            line = unquoted(first)
            prefix = prefix_of(line, self._form)
            rest = [unquoted(one) for one in lines[1:]]
            yield self._made(_joined(line, rest, prefix), prefix, number)

    def _made(self, line: bytes, prefix: Prefix | None, number: int | None) -> Entry:
        place = self._place(number)
        if prefix is None:
            return Entry(line, place)
        self._form = prefix.form
        return Entry(
            line[prefix.end :],
            place,
            self.time_of(prefix.date),
            prefix.since_boot,
            prefix.host,
            prefix.tag,
            prefix.pid,
            believed_of(prefix.tag, prefix.pid),
        )

    def _place(self, number: int | None) -> Place | None:
        return None if number is None else Place(file=self.file, line=number)


def entries_of(
    lines: Iterable[Numbered], style: DateStyle, file: str | None = None
) -> Iterator[Entry]:
    """The entries of numbered lines (without their line ends; ``tracer.lines.mend.numbered`` makes them)."""
    return EntryReader(style, file).all(lines)


def of_journal(fields: Mapping[bytes, bytes], place: Place | None = None) -> Entry:
    """The entry that a journal's fields tell."""
    tag = fields.get(b"SYSLOG_IDENTIFIER") or fields.get(b"_COMM")
    transport = fields.get(b"_TRANSPORT")
    if tag is None and transport in (b"kernel", b"audit"):
        tag = transport
    return Entry(
        fields.get(b"MESSAGE", b""),
        place or _cursor(fields),
        _number(fields, _MICROSECOND, b"_SOURCE_REALTIME_TIMESTAMP", b"__REALTIME_TIMESTAMP"),
        _number(fields, _MICROSECOND, b"_SOURCE_MONOTONIC_TIMESTAMP", b"__MONOTONIC_TIMESTAMP"),
        fields.get(b"_HOSTNAME"),
        tag,
        _number(fields, 1, b"_PID", b"SYSLOG_PID"),
        _journal_believed(fields),
        fields,
    )


def _journal_believed(fields: Mapping[bytes, bytes]) -> bool | None:
    """True: the kernel or root says it, by journald's own fields. False: a user's process under another's name.
    None: it is not known who says it, or it is a user's process under a name of its own."""
    transport, uid = fields.get(b"_TRANSPORT"), fields.get(b"_UID")
    tag = fields.get(b"SYSLOG_IDENTIFIER")
    if transport in _PROVEN:
        return True
    if transport is None:
        return None
    if tag == b"kernel":
        return False
    if uid == b"0":
        return True
    comm = fields.get(b"_COMM")
    return False if uid is not None and tag is not None and not _is_own(tag, comm) else None


def _is_own(tag: bytes, comm: bytes | None) -> bool:
    """Whether a tag is the process's own name, of which comm has the first 15 bytes."""
    return comm is None or tag[:15] == comm[:15]


def _cursor(fields: Mapping[bytes, bytes]) -> Place | None:
    cursor = fields.get(b"__CURSOR")
    return None if cursor is None else Place(cursor=cursor.decode("ascii", "backslashreplace"))


def _number(fields: Mapping[bytes, bytes], unit: int, *names: bytes) -> int | None:
    for name in names:
        digits = fields.get(name, b"")
        if digits.isdigit() and len(digits) < 20:
            return int(digits) * unit
    return None


def believed_of(tag: bytes | None, pid: int | None) -> bool | None:
    """What a text log proves of its speaker: nothing; but the kernel is no process and has no pid."""
    return False if tag == b"kernel" and pid is not None and pid != 0 else None


def _is_export(line: bytes) -> bool:
    return line.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP="))


def _wraps(before: bytes, text: bytes) -> bool:
    """Whether a line ended because the next word did not fit it."""
    word = text.split(None, 1)[0]
    return len(before.rstrip()) < _WRAPS_BY and len(before.rstrip()) + 1 + len(word) > _WRAPS_AT


def _joined(line: bytes, rest: list[bytes], prefix: Prefix | None) -> bytes:
    if not rest:
        return line
    begins = prefix is not None and prefix.end >= len(line.rstrip())
    made = [line + rest.pop(0) if begins else line]
    for text in rest:
        if _wraps(made[-1], text):
            made[-1] = made[-1].rstrip() + b" " + text
        else:
            made.append(text)
    return b"\n".join(made)
