"""What stands before the message of a log's line: when, host, tag, pid; a table of forms, one row each.

syslog(3) as RFC 3164 and RFC 5424 have it, journalctl(1)'s short forms, dmesg(1)'s and printk's own.
"""

from __future__ import annotations

import re

from tracer.lines.months import NAME
from tracer.lines.programs import ISO, LEAD, LEVEL, MAY_BE, PROGRAMS
from tracer.model.frozen import frozen
from tracer.model.times import SECOND


@frozen
class Prefix:
    """``date`` is text for ``tracer.lines.dates.prefix_time``; ``since_boot`` in ns; ``end`` is where the message
    begins. ``form`` names the row of FORMS."""

    form: str
    end: int
    date: bytes | None = None
    since_boot: int | None = None
    host: bytes | None = None
    tag: bytes | None = None
    pid: int | None = None


_DATED = NAME + rb" {1,2}\d{1,2} \d\d:\d\d:\d\d"
_DATE = (
    rb"(?P<date>(?:[A-Z]\w{2} )?" + ISO + rb"|(?:[^\s\d\[\]:][^\s\[\]:]{0,11} )?" + _DATED
    + rb"(?:[.,]\d{1,9})?(?: (?:19|20)\d\d(?= ))?|\d{9,10}\.\d{6}(?= )|\d\d:\d\d:\d\d(?= ))"
)  # fmt: skip
_SECONDS = rb"\[ *(?P<boot>\d{1,10}\.\d{1,9})\](?:\[ *[TC]\d+\])?"
_PRIORITY = rb"(?:<\d{1,3}>)?"
_TAG = rb"(?P<tag>[^\s\[\]:]{1,64}|\([\w@.-]+\))(?:\[(?P<pid>\d{0,10})\])?"
_HOST = rb"(?P<host>[^\s\[\]]{0,254}[^\s\[\]:])"
_STRUCTURED = rb'(?:-|(?:\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\])+)'
# Facility and level, as busybox and OpenWrt (logread, sysklogd/syslogd.c) write them; beside a host, or instead of one.
_LEVEL = (
    rb"(?:[a-z]+[0-7]?\.(?:emerg|panic|alert|crit|err|error|warn|warning|notice|info|debug) +)?"
)
# dmesg -x
_FACILITY = rb"(?:[a-z]\w* *: ?[a-z]+ *: ?)?"

FORMS: dict[str, re.Pattern[bytes]] = {
    # RFC 5424, 6: VERSION is 1; "-" is nothing.
    "rfc5424": re.compile(
        rb"(?:<\d{1,3}>)1 (?P<date>\S{1,40}) (?P<host>\S{1,255}) (?P<tag>\S{1,48}) (?P<pid>\S{1,128}) \S{1,32} "
        + _STRUCTURED
        + rb"(?: +(?:\xef\xbb\xbf)?|$)"
    ),
    "syslog": re.compile(
        _PRIORITY + LEAD + _DATE + rb" +(?!" + LEVEL + rb")" + _LEVEL + rb"(?:" + _HOST + rb" +)?" + _LEVEL + rb"(?:\| )?" + _TAG + rb":(?: +|$)"
    ),
    # journalctl -o short-monotonic. Text of the kernel itself may look like it, but for the tag.
    "monotonic": re.compile(
        _SECONDS
        + rb" "
        + _HOST
        + rb" (?P<tag>kernel(?=:)|[^\s\[\]:]{1,64}(?=\[))(?:\[(?P<pid>\d{1,10})\])?: (?!segfault at |trap )"
    ),
    "dmesg": re.compile(_PRIORITY + _FACILITY + _SECONDS + rb"(?: |$)"),
    **{
        f"{tag.decode()} {at}": pattern
        for tag, patterns in PROGRAMS.items()
        for at, pattern in enumerate(patterns)
    },
    # dmesg -T
    "dmesg -T": re.compile(
        _PRIORITY + _FACILITY + rb"\[(?P<date>(?:[^\s\d\[\]]{1,12} )?" + _DATED + rb" \d{4})\](?:\[ *[TC]\d+\])?(?: |$)"
    ),
    # Others' tables: a date, a dash, who, a dash.
    "dashes": re.compile(_DATE + rb" - (?P<tag>[\w.@/-]{1,64}) - "),
    # printk with a time behind a date, or a date and no speaker.
    "dated": re.compile(_PRIORITY + LEAD + _DATE + rb"(?: |$)"),
    # A journal's lines of which somebody has cut off date and host. What the kernel says of a fault looks like it.
    "bare kernel": re.compile(rb"(?:(?P<host>[\w.-]+) )?(?P<tag>kernel): "),
    "bare": re.compile(
        rb"(?P<tag>[a-z][\w.@/-]{0,63})\[(?P<pid>\d{1,10})\]: (?!segfault |trap |unhandled )"
    ),
}  # fmt: skip
# Who speaks in the forms that tell it.
_SPEAKERS = {
    f"{tag.decode()} {at}": tag
    for tag, patterns in PROGRAMS.items()
    for at, _ in enumerate(patterns)
}
_OTHERS = {form: pattern for form, pattern in FORMS.items() if form not in _SPEAKERS}
# No line of another form fits these.
_SURE = ("rfc5424", "syslog", "dmesg -T")
_LONGEST = 600
_KERNELS = ("dmesg", "dmesg -T")
_BOOT = re.compile(_SECONDS + rb" ?")
# Who writes to /dev/kmsg has its own name in the text (systemd, log.c); a crash has it, too (arch/x86/mm/fault.c).
KMSG = re.compile(rb"(?P<tag>systemd(?:-[\w-]+)?)\[(?P<pid>\d{1,10})\]: (?!segfault at |trap )")


def prefix_of(line: bytes, first: str = "syslog") -> Prefix | None:
    """The prefix of a line, None if it has none that is known; ``first`` is the form of the line before it."""
    sure = FORMS[first].match(line, 0, _LONGEST) if first in _SURE else None
    if sure is not None:
        return _of_match(line, first, sure)
    forms = FORMS if MAY_BE.match(line) else _OTHERS
    for form, pattern in forms.items():
        match = pattern.match(line, 0, _LONGEST)
        if match is not None:
            return _of_match(line, form, match)
    return None


def _of_match(line: bytes, form: str, match: re.Match[bytes]) -> Prefix:
    found = match.groupdict()
    end, boot = match.end(), found.get("boot")
    tag = _given(found.get("tag")) or _SPEAKERS.get(form)
    pid = found.get("pid") or found.get("pid_")
    if form in _KERNELS:
        own = KMSG.match(line, end)
        tag, pid, end = (own["tag"], own["pid"], own.end()) if own else (b"kernel", None, end)
    elif tag == b"kernel":
        printk = _BOOT.match(line, end)
        if printk is not None:
            boot, end = printk["boot"], printk.end()
    return Prefix(
        form,
        end,
        _given(found.get("date")),
        None if boot is None else _nanoseconds(boot),
        _given(found.get("host")),
        tag,
        int(pid) if pid and pid.isdigit() else None,
    )


def _given(word: bytes | None) -> bytes | None:
    return None if word == b"-" else word


def _nanoseconds(text: bytes) -> int:
    seconds, _, fraction = text.partition(b".")
    return int(seconds) * SECOND + int(fraction.ljust(9, b"0"))
