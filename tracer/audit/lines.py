"""A line of text → the audit record in it, whatever form the line has.

Forms: audit.log (raw and ENRICHED), ausearch's text, --raw and -i, audispd's with ``node=``, the
kernel log's (``audit: type=1300 audit(…):``) behind any dmesg, syslog or journal prefix, and journald's
own (``audit[PID]: SYSCALL …``, which has no serial).
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING
from zlib import crc32

from tracer.audit import record
from tracer.audit.record import Record, Stamp
from tracer.lines.dates import DateStyle, epoch, has_zone, last_written, local, prefix_time
from tracer.lines.mend import QUOTE, unquoted
from tracer.model.memo import Bounded
from tracer.model.times import SECOND

if TYPE_CHECKING:
    from tracer.lines.entry import Entry, EntryReader

# The form of an audit.log, which most lines have, and the only one that has to be fast.
PLAIN = (
    rb"(?:node=(\S+) )?type=([A-Z_0-9]+(?:\[\d+\])?) msg=audit\((\d{1,10})\.(\d{3}):(\d{1,19})\): ?"
)
_PLAIN = re.compile(PLAIN + rb"(.*)", re.DOTALL)
_HEADER = re.compile(
    rb"(?:(?:node|host)=(\S+) +)?type=([A-Za-z_0-9]+(?:\[\d+\])?) +(?:msg=)?audit\(([^()]{3,60}):(\d{1,19})\) ?:? ?"
)
# What may stand before a record: nothing, marks of quoting, or a prefix that ends in the tag of one who
# passes records on. Other tags are other people's words: anybody can log a line that holds a record.
_BEFORE = re.compile(
    rb"(?:"
    + QUOTE
    + rb"|(?:(?!: ).){0,200}?(?:^|[\s\]>])(?:kernel|audit|[\w./-]*audi[ts][\w./-]*)(?:\[\d+\])?: +"
    rb"(?:\[[ \d.]+\] *)?|(?:<\d+>)?(?:\w+ *:\w+ *: *)?\[ *[\d.]+\](?:\[ *[TC]\d+\])? *"
    rb"|(?:\w+ *:\w+ *: *)?\[\w{3} \w{3} [ \d]\d [\d:]+ \d{4}\] *"
    rb"|[\w./-]*audit[\w./-]*:(?:\d+:)?)(?:audit: +)?",
    re.DOTALL,
)
_PASSES_ON = re.compile(rb"kernel|[\w./-]*audi[ts][\w./-]*")
_AUDITS = re.compile(rb"(?:audit: +)? *")
_JOURNAL = re.compile(
    rb"(?P<before>(?:[^\s:][^:]*(?:\d:[^:]+)*? )??)audit(?:\[(?P<pid>\d+)\])?: (?P<type>[A-Z_]+|UNKNOWN\[\d+\]) "
)
# Several records on one line, as people paste them. Only what the kernel writes is taken apart: its texts are
# quoted or in hexadecimal (audit_log_untrustedstring(), kernel/audit.c); other records hold what somebody typed.
_NEXT = re.compile(rb" +(?=(?:node=\S+ )?type=[A-Z_]+ +msg=audit\()")
_KERNELS = re.compile(
    rb"\s*(?:node=\S+ )?type=(?:SYSCALL|OBJ_PID|PROCTITLE|EXECVE|CWD|PATH|EOE|ANOM_ABEND|SECCOMP|SOCKADDR)"
    rb" +msg=(audit\([^)]*\))"
)
_TWINS_MAX = 4096


class LineReader:
    """Reads lines of one log in their order: journald's form gives an event no number, so its records
    belong together by standing together."""

    def __init__(self, style: DateStyle) -> None:
        self.style = style
        self._entries: EntryReader | None = None
        # Lines that have no date: their time is at most guessed from when the log was last written.
        self.undated = 0
        # Whether some time was read as this machine's own.
        self.is_local = False
        self._host: bytes | None = None
        self._journal_time = 0
        self._alike: dict[int, int] = {}
        self._journal_open: Stamp | None = None
        # journald keeps a record by audit's transport and by the kernel log's: once without and once with serial.
        self._twins: Bounded[tuple[int, bytes], deque[Stamp]] = Bounded(_TWINS_MAX)

    def record(self, line: bytes) -> Record | None:
        """The record in ``line``, None if there is none that can be read."""
        match = _PLAIN.match(line)
        if match is not None:
            node, word, seconds, fraction, serial, body = match.groups()
            when = int(seconds) * SECOND + int(fraction) * 1_000_000
            return Record(
                record.TYPES.get(word) or record.type_number(word),
                Stamp(node, when, int(serial)),
                body,
            )
        return self._headed(line) or self._journal(line)

    def entry(self, line: bytes) -> Entry:
        """Who says it, and when."""
        if self._entries is None or self._entries.style is not self.style:
            # An audit.log has no prefixes, and what knows them all takes time to load.
            from tracer.lines.entry import EntryReader

            self._entries = EntryReader(self.style)
        return self._entries.of_line(unquoted(line))

    def _node(self, given: bytes | None, host: bytes | None) -> bytes | None:
        """Whose record it is: the first host that a log's own prefixes name stays unnamed, as in a log of one host."""
        if given is not None or host is None:
            return given
        self._host = self._host or host
        return None if host == self._host else host

    def _headed(self, line: bytes) -> Record | None:
        match = _HEADER.search(line, 0, 600)
        if match is None:
            return None
        start = match.start()
        entry = self.entry(line) if start else None
        if not _may_stand_before(line, start, entry):
            return None
        given, word, when, serial = match.groups()
        node = self._node(given, None if entry is None else entry.host)
        time, interpreted = epoch(when), False
        if time is None:
            time, interpreted = local(when, self.style), True
        if time is None:
            return None
        stamp = Stamp(node, time, int(serial))
        kind, body = record.type_number(word.upper()), line[match.end() :]
        twin = self._twin(kind, body, stamp) if entry is not None else None
        return Record(kind, stamp, body, interpreted, twin=twin)

    def _journal(self, line: bytes) -> Record | None:
        """journald's ``audit[81557]: SYSCALL …``: the stamp is the line's own, when journald wrote it."""
        match = _JOURNAL.match(line, 0, 300)
        if match is None:
            return None
        number = record.type_number(match["type"])
        before = match["before"]
        time = prefix_time(before, self.style)
        self.undated += time is None or b":" in before[:3]
        self.is_local = self.is_local or (time is not None and not has_zone(before))
        body = line[match.end() :]
        stamp = self._journal_stamp(number, time, body)
        return Record(number, self._twin(number, body, stamp) or stamp, body)

    def _twin(self, kind: int, body: bytes, stamp: Stamp) -> Stamp | None:
        """The event in which the log has had this record in its other form, within two seconds."""
        if kind not in record.KEPT:
            return None
        key = kind, body.rstrip()
        known = self._twins.get(key)
        if known and (known[0].serial < 0) != (stamp.serial < 0):
            if abs(known[0].time - stamp.time) <= 2 * SECOND:
                return known.popleft()
            known.clear()
        if known is None:
            known = self._twins[key] = deque()
        known.append(stamp)
        return None

    def _journal_stamp(self, number: int, time: int | None, body: bytes) -> Stamp:
        last = self._journal_open
        joins = number in (record.OBJ_PID, record.PROCTITLE, record.EXECVE, record.CWD, record.PATH)
        if last is not None and joins and (time is None or abs(time - last.time) <= 2 * SECOND):
            return last
        when = last_written(self.style) if time is None else time
        if self._journal_open is None or when != self._journal_time:
            self._alike.clear()
            self._journal_time = when
        # The same number wherever the same is read, and another for each of those that are alike.
        digest = crc32(body)
        count = self._alike[digest] = self._alike.get(digest, -1) + 1
        stamp = Stamp(None, when, -1 - (count << 32 | digest))
        if number == record.SYSCALL:
            self._journal_open = stamp
        return stamp


def _may_stand_before(line: bytes, start: int, entry: Entry | None) -> bool:
    """Whether what stands before a record makes it one: its speaker passes records on."""
    if entry is None:
        return True
    if entry.believed is False:
        return False
    if _BEFORE.fullmatch(line, 0, start):
        return True
    begins = len(line) - len(entry.text)
    passes = entry.tag is not None and _PASSES_ON.fullmatch(entry.tag) is not None
    return passes and begins <= start and _AUDITS.fullmatch(line, begins, start) is not None


def apart(line: bytes) -> list[bytes]:
    """The records of one line, each by itself; [] where a second one cannot be told from somebody's words."""
    many = line.count(b"msg=audit(") > 1 and line[:1] != b"{"
    pieces = _NEXT.split(line) if many else [line]
    if len(pieces) < 2:
        return pieces
    heads = [_KERNELS.match(piece) for piece in pieces]
    if heads[0] is None and _PLAIN.match(line):
        return [line]
    if None in heads:
        return []
    # ausearch -i has taken the quotes away: there only records of the same event are another's own words.
    raw = all(head is not None and epoch(head[1][6:].partition(b":")[0]) for head in heads)
    same = len({head[1] for head in heads if head is not None}) == 1
    return pieces if raw or same else []
