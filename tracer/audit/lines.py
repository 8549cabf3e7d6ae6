"""A line of text → the audit record in it, whatever form the line has.

Forms: audit.log (raw and ENRICHED), ausearch's text, --raw and -i, audispd's with ``node=``, the
kernel log's (``audit: type=1300 audit(…):``) behind any dmesg, syslog or journal prefix, and journald's
own (``audit[PID]: SYSCALL …``, which has no serial).
"""

from __future__ import annotations

import re

from tracer.audit import record
from tracer.audit.record import Record, Stamp
from tracer.lines.dates import DateStyle, epoch, has_zone, last_written, local, prefix_time
from tracer.lines.mend import QUOTE
from tracer.model.times import SECOND

# The form of an audit.log, which most lines have, and the only one that has to be fast.
_PLAIN = re.compile(
    rb"(?:node=(\S+) )?type=([A-Z_0-9]+(?:\[\d+\])?) msg=audit\((\d{1,10})\.(\d{3}):(\d{1,19})\): ?(.*)",
    re.DOTALL,
)
_HEADER = re.compile(
    rb"(?:(?:node|host)=(\S+) +)?type=([A-Za-z_0-9]+(?:\[\d+\])?) +(?:msg=)?audit\(([^()]{3,60}):(\d{1,19})\) ?: ?"
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
# Syslog's and the journal's prefix: a date, the host, the tag.
_HOST = re.compile(
    rb"(?:<\d+>)?(?:\w{3} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\d[T ][\d:.,+Z-]+(?: [\w+-]+)?) ([\w.:-]+) [\w./-]+(?:\[\d+\])?: "
)
_JOURNAL = re.compile(
    rb"(?P<before>(?:[^\s:][^:]*(?:\d:[^:]+)*? )??)audit(?:\[(?P<pid>\d+)\])?: (?P<type>[A-Z_]+|UNKNOWN\[\d+\]) "
)
# Journal text has no serials: ours must be others in each log.
_GROUPS = 10_000_000


class LineReader:
    """Reads lines of one log in their order: journald's form gives an event no number, so its records
    belong together by standing together."""

    def __init__(self, style: DateStyle, log: int = 0) -> None:
        self.style = style
        self._first_group = log * _GROUPS
        # Lines that have no date: their time is at most guessed from when the log was last written.
        self.undated = 0
        # Whether some time was read as this machine's own.
        self.is_local = False
        self._host: bytes | None = None
        self._journal_group = 0
        self._journal_open: Stamp | None = None

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

    def _node(self, given: bytes | None, host: bytes | None) -> bytes | None:
        """Whose record it is: the first host that a log's own prefixes name stays unnamed, as in a log of one host."""
        if given is not None or host is None:
            return given
        self._host = self._host or host
        return None if host == self._host else host

    def line_time(self, line: bytes) -> int | None:
        """The time that a log's own prefix gives a line."""
        return prefix_time(line[:60], self.style)

    def _headed(self, line: bytes) -> Record | None:
        match = _HEADER.search(line, 0, 600)
        if match is None or not _BEFORE.fullmatch(line, 0, match.start()):
            return None
        given, word, when, serial = match.groups()
        prefix = _HOST.match(line, 0, match.start())
        node = self._node(given, prefix and prefix[1])
        time, interpreted = epoch(when), False
        if time is None:
            time, interpreted = local(when, self.style), True
        if time is None:
            return None
        stamp = Stamp(node, time, int(serial))
        return Record(record.type_number(word.upper()), stamp, line[match.end() :], interpreted)

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
        stamp = self._journal_stamp(number, time)
        return Record(number, stamp, line[match.end() :])

    def _journal_stamp(self, number: int, time: int | None) -> Stamp:
        last = self._journal_open
        joins = number in (record.OBJ_PID, record.PROCTITLE, record.EXECVE, record.CWD, record.PATH)
        if last is not None and joins and (time is None or abs(time - last.time) <= 2 * SECOND):
            return last
        self._journal_group += 1
        when = last_written(self.style) if time is None else time
        stamp = Stamp(None, when, -self._first_group - self._journal_group)
        if number == record.SYSCALL:
            self._journal_open = stamp
        return stamp
