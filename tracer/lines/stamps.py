"""Times in lines of any application's log: by its head, or by a key that names it (JSON, logfmt).

Broader than ``tracer.lines.prefix``, and surer of nothing but the time: for lines that a person says belong to a death.
"""

from __future__ import annotations

import re

from tracer.lines.dates import DateStyle, local, of_parts, prefix_time
from tracer.lines.months import NAME, month_of
from tracer.model.frozen import replace
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tracer.lines.entry import Entry

# Before a stamp stands at most a bracket, a level, a thread's or logger's name.
_HEAD, _LINE = 120, 2000
# Common Log Format (httpd, mod_log_config): 27/Nov/2026:12:33:29 +0000.
_COMMON = re.compile(rb"(\d{2})/(" + NAME + rb")/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?: ([+-]\d{4}))?")
# klog (Kubernetes), glog: E1127 12:33:30.123456.
_KLOG = re.compile(rb"[IWEF](\d{2})(\d{2}) (\d{2}):(\d{2}):(\d{2})\.(\d{1,9})")
# ISO 8601's basic format: 20261127T123330Z.
_BASIC = re.compile(
    rb"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{4})?(?!\d)"
)
# Seconds since 1970, with a fraction; milli-, micro- or nanoseconds.
_SINCE_1970 = re.compile(rb"([12]\d{9})(?:\.(\d{1,9})|(\d{9}|\d{6}|\d{3}))?(?![\d.])")
_KEYED = re.compile(
    rb"(?<![\w])\"?(?:@timestamp|timestamp|time|ts|t|datetime|date|asctime|when|epoch)\"?\s?[:=]\s?"
    rb"(?:\"([^\"]{8,40})\"|(\d[\d.]{8,30}))",
    re.IGNORECASE,
)
# Numbers alone, in the order of some country: 27.11.2026 12:33:30.
_NUMBERS = re.compile(
    rb"(?<!\d)\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\.? +\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: ?[AaPp][Mm])?"
)
_OPENING = b"[(<{\"' \t"


def stamped(entries: Iterable[Entry], style: DateStyle) -> Iterator[Entry]:
    """The entries; those whose time is not known by a log's usual prefix have that of a stamp in their text."""
    for entry in entries:
        if entry.time is None:
            entry = replace(entry, time=stamp_of(entry.text, style))
        yield entry


def stamp_of(line: bytes, style: DateStyle) -> int | None:
    """When a line was written, in ns; None if it does not tell, as far as is known here."""
    keyed = _KEYED.search(line[:_LINE])
    if keyed is not None:
        return _of_head((keyed[1] or keyed[2]).lstrip(_OPENING), style)
    head = line[:_HEAD].lstrip(_OPENING)
    return _of_head(head, style)


def _of_head(head: bytes, style: DateStyle) -> int | None:
    for pattern, at_begin, time_of in _FORMS:
        match = (pattern.match if at_begin else pattern.search)(head)
        if match is not None:
            return time_of(match, style)
    if head[10:11] == b"_":  # svlogd -tt (runit)
        head = head[:10] + b" " + head[11:]
    found = _NUMBERS.search(head)
    return prefix_time(head + b" ", style) or (None if found is None else local(found[0], style))


def _of_common(match: re.Match[bytes], style: DateStyle) -> int | None:
    month = month_of(match[2])
    if month is None:
        return None
    return of_parts((match[3], month, *match.group(1, 4, 5, 6)), None, match[7], style)


def _of_klog(match: re.Match[bytes], style: DateStyle) -> int | None:
    return of_parts((None, *match.group(1, 2, 3, 4, 5)), match[6], None, style)


def _of_basic(match: re.Match[bytes], style: DateStyle) -> int | None:
    return of_parts(match.group(1, 2, 3, 4, 5, 6), match[7], match[8], style)


def _since_1970(match: re.Match[bytes], _style: DateStyle) -> int | None:
    fraction = match[2] or match[3] or b""
    return int(match[1]) * SECOND + int(fraction.ljust(9, b"0"))


_FORMS: tuple[tuple[re.Pattern[bytes], bool, Callable[[re.Match[bytes], DateStyle], int | None]], ...] = (
    (_COMMON, False, _of_common),
    (_KLOG, True, _of_klog),
    (_BASIC, False, _of_basic),
    (_SINCE_1970, True, _since_1970),
)  # fmt: skip
