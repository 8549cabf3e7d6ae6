"""Times as logs write them: the kernel's epoch, and the local dates of ``ausearch -i`` and of syslog.

A local date has neither a zone nor a fixed order of day and month (it follows the writer's locale), so
it is read in the reader's zone (TZ), and its order is taken from what the log itself shows.
"""

from __future__ import annotations

import re
import time

from tracer.lines.months import NAME, month_of
from tracer.model.frozen import frozen
from tracer.model.memo import memo
from tracer.model.times import SECOND

_EPOCH = re.compile(rb"(\d{1,10})\.(\d{1,9})")
_LOCAL = re.compile(
    rb"(\d{1,4})([/.-])(\d{1,2})[/.-](\d{1,4})\.? +(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?( ?[AaPp][Mm])?"
)
_ISO = re.compile(
    rb"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))? ?(Z|UTC|[+-]\d\d:?\d\d)?"
)
_SYSLOG = re.compile(
    rb"("
    + NAME
    + rb") +(\d{1,2}) (\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?: ((?:19|20)\d\d)(?!\S))?(?![\d:])"
)
# Dates of programs' own logs: 30-Dec-2018 15:09:04 (php-fpm), 15 Apr 2013 12:59:42.800 (redis), 2015/11/30 04:57:02
# (nginx), 181129  1:23:23 (mysqld); the day before the month, or numbers alone.
_DAY_MONTH = re.compile(
    rb"(\d{1,2})[ -]("
    + NAME
    + rb")(?:[ -]((?:19|20)\d\d))? (\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?![\d:])"
)
_NUMBERS = re.compile(
    rb"(\d{4}|\d\d)(/?)(\d\d)\2(\d\d) +(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?"
)
_COMPACT = re.compile(rb"(\d{4})(\d\d)(\d\d):(\d\d)(\d\d)(\d\d)\.(\d{3})")  # zabbix
_SECONDS = re.compile(rb"\d{9,10} ")
_CLOCK = re.compile(rb"(\d{2}):(\d{2}):(\d{2})( UTC)?\s")


@frozen
class DateStyle:
    """How a log's local dates are to be read: ``day_first`` for DD/MM.

    ``now`` (ns) is when the log was last written: dates that lack a part are the last ones before it.
    """

    day_first: bool = False
    now: int | None = None


def epoch(text: bytes) -> int | None:
    """Nanoseconds of the kernel's ``1514202775.088``; None if it is not of that form."""
    match = _EPOCH.fullmatch(text)
    return None if match is None else int(match[1]) * SECOND + _fraction(match[2])


def local(text: bytes, style: DateStyle) -> int | None:
    """Nanoseconds of ``12/25/2017 19:52:55.088``, ``25.12.2017 …``, ``2017-12-25 …``, in our zone."""
    match = _LOCAL.fullmatch(text)
    if match is None:
        return None
    seconds = _local_second((match.group(1, 2, 3, 4, 5, 6, 7, 9), style.day_first))
    return None if seconds is None else seconds * SECOND + _fraction(match[8])


@memo(64)
def _local_second(date: tuple[tuple[bytes, ...], bool]) -> int | None:
    (one, mark, two, three, *clock, half), day_first = date
    first, second, third = int(one), int(two), int(three)
    if len(one) == 4:
        year, month, day = first, second, third
    elif day_first or mark == b"." or first > 12:
        year, month, day = third, second, first
    else:
        year, month, day = third, first, second
    hours, minutes, seconds = map(int, clock)
    return _mktime(_century(year), month, day, _hour(hours, half), minutes, seconds)


def day_first(texts: list[bytes]) -> bool:
    """Whether the slashed dates among ``texts`` put the day first; only a number above 12 can tell."""
    for match in filter(None, map(_LOCAL.search, texts)):
        if match[2] != b"." and len(match[1]) < 3 and int(match[1]) > 12:
            return True
    return False


def prefix_time(text: bytes, style: DateStyle) -> int | None:
    """The time at which a syslog or journal line was written, from the text before its tag."""
    match = _ISO.search(text)
    if match is not None:
        return _iso(match)
    match = _SYSLOG.search(text)
    month = match and month_of(match[1])
    if match is None or month is None:
        return epoch_prefix(text) or _of_program(text, style) or _clock(text, style)
    numbers = month, int(match[2]), int(match[3]), int(match[4]), int(match[5])
    year = match[7]
    seconds = _mktime(int(year), *numbers) if year else _recent(numbers, style.now)
    return None if seconds is None else seconds * SECOND + _fraction(match[6])


def _of_program(text: bytes, style: DateStyle) -> int | None:
    """The time as programs' own logs write it."""
    match = _DAY_MONTH.match(text)
    month = match and month_of(match[2])
    if match is not None and month is not None:
        numbers = month, int(match[1]), int(match[4]), int(match[5]), int(match[6])
        year, fraction = match[3], match[7]
    elif (match := _NUMBERS.match(text)) is not None:
        numbers = int(match[3]), int(match[4]), int(match[5]), int(match[6]), int(match[7])
        year, fraction = match[1], match[8]
    elif (match := _COMPACT.match(text)) is not None:
        numbers = int(match[2]), int(match[3]), int(match[4]), int(match[5]), int(match[6])
        year, fraction = match[1], match[7]
    else:
        return int(text) * SECOND if _SECONDS.fullmatch(text) else None
    seconds = _mktime(_century(int(year)), *numbers) if year else _recent(numbers, style.now)
    return None if seconds is None else seconds * SECOND + _fraction(fraction)


def of_parts(
    date: tuple[bytes | int | None, ...],
    fraction: bytes | None,
    zone: bytes | None,
    style: DateStyle,
) -> int | None:
    """Nanoseconds of year, month, day, hour, minute and second; without a year of the last such date. No zone: ours."""
    year, month, day, hour, minute, second = (None if part is None else int(part) for part in date)
    if None in (month, day, hour, minute, second):
        return None
    numbers = (month or 0, day or 0, hour or 0, minute or 0, second or 0)
    if year is None:
        seconds = _recent(numbers, style.now)
    elif not _is_date(year, *numbers[:2]):
        return None
    elif zone:
        seconds = _timegm(year, *numbers) - _offset(zone)
    else:
        seconds = _mktime(year, *numbers)
    return None if seconds is None else seconds * SECOND + _fraction(fraction)


def has_zone(text: bytes) -> bool:
    """Whether the time in such a text is the same everywhere."""
    match = _ISO.search(text)
    return match[8] is not None if match else epoch_prefix(text) is not None


def last_written(style: DateStyle) -> int:
    """The latest that a line without any time can be from, in ns."""
    return time.time_ns() if style.now is None else style.now


def _clock(text: bytes, style: DateStyle) -> int | None:
    """A time of day alone: the last such one before the log was last written."""
    match = _CLOCK.match(text)
    if match is None:
        return None
    end = last_written(style) // SECOND
    of = time.gmtime if match[4] else time.localtime
    for day in (of(end), of(end - 86400)):
        date = (day.tm_year, day.tm_mon, day.tm_mday, int(match[1]), int(match[2]), int(match[3]))
        seconds = _timegm(*date) if match[4] else _mktime(*date)
        if seconds is not None and seconds <= end:
            return seconds * SECOND
    return None


def epoch_prefix(text: bytes) -> int | None:
    """The time of ``journalctl -o short-unix``."""
    match = re.match(rb"(\d{9,10}\.\d{6}) ", text)
    return None if match is None else epoch(match[1])


def _iso(match: re.Match[bytes]) -> int | None:
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    zone = match[8]
    if not _is_date(year, month, day):
        return None
    if zone is None:
        seconds = _mktime(year, month, day, hour, minute, second)
    else:
        seconds = _timegm(year, month, day, hour, minute, second) - _offset(zone)
    return None if seconds is None or seconds < 0 else seconds * SECOND + _fraction(match[7])


def _offset(zone: bytes) -> int:
    if zone in (b"Z", b"UTC"):
        return 0
    digits = zone[1:].replace(b":", b"")
    offset = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -offset if zone[:1] == b"-" else offset


def _recent(numbers: tuple[int, int, int, int, int], now: int | None) -> int | None:
    """A date without a year is the last such date that is not in the future (a day of grace)."""
    today = last_written(DateStyle(now=now)) / SECOND
    year = time.localtime(today).tm_year
    for candidate in (year, year - 1):
        seconds = _mktime(candidate, *numbers)
        if seconds is not None and seconds <= today + 86400:
            return seconds
    return None


def _mktime(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    if not _is_date(year, month, day):
        return None
    try:
        return int(time.mktime((year, month, day, hour, minute, second, 0, 0, -1)))
    except (OverflowError, ValueError):
        return None


def _timegm(*date: int) -> int:
    import calendar

    return calendar.timegm(date)


def _is_date(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31 and 1970 <= year <= 2285


def _hour(hour: int, half: bytes | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half.strip().lower() == b"pm" else 0)


def _century(year: int) -> int:
    return year if year > 99 else year + (2000 if year < 69 else 1900)


def _fraction(digits: bytes | None) -> int:
    return int(digits.ljust(9, b"0")) if digits else 0
