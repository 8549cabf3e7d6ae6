"""Durations and times as people type them, and times as sinks print them."""

from __future__ import annotations

import time

from tracer.model.errors import Problem
from tracer.model.memo import memo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
_UNITS = {"ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_NAMES = {"sec": "s", "second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w"}
DURATIONS = "seconds (30), or a number with ms, s, m, h or d (500ms, 30s, 1h30m)"
TIMES = "'10 min ago', 2h, 'yesterday', 12:30, '2026-11-23 01:14:05', with Z for UTC, or @epoch"


def parse_duration(text: str) -> float | None:
    """Seconds meant by ``30``, ``30s``, ``1h30m`` or ``500 ms``; None if it is no duration."""
    import re

    one = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
    rest, total = text.strip().lower(), 0.0
    if not rest:
        return None
    while rest:
        part = one.match(rest)
        if not part:
            return None
        unit = part[2] or "s"
        unit = _NAMES.get(unit.rstrip("s"), unit)
        if unit not in _UNITS or (not part[2] and part.end() != len(rest)):
            return None
        total += float(part[1]) * _UNITS[unit]
        rest = rest[part.end() :]
    return total


def parse_time(text: str, option: str, now: float | None = None) -> int:
    """Nanoseconds since the epoch for a time as people type it; local time unless it says otherwise.

    Raises Problem naming the option.
    """
    word = text.strip().lower()
    moment = time.time() if now is None else now
    seconds = _relative(word, moment) if word else None
    if seconds is None:
        seconds = _absolute(text.strip(), moment)
    if seconds is None or not abs(seconds) < 1e11:
        raise Problem(f"{option} {text!r} is not understood", "it is not a time", TIMES)
    return round(seconds * 1_000_000) * 1000


def _relative(word: str, now: float) -> float | None:
    import datetime

    midnight = datetime.datetime.fromtimestamp(now).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    days = {"today": 0, "yesterday": 1}
    if word == "now":
        return now
    if word in days:
        return (midnight - datetime.timedelta(days=days[word])).timestamp()
    if word.endswith("ago") or word.startswith("-"):
        back = parse_duration(word[:-3] if word.endswith("ago") else word[1:])
    else:
        back = parse_duration(word) if word[-1].isalpha() else None
    return None if back is None else now - back


def _absolute(text: str, now: float) -> float | None:
    import datetime
    import re

    try:
        if text.startswith("@"):
            return float(text[1:])
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?", text):
            day = datetime.datetime.fromtimestamp(now).date().isoformat()
            text = f"{day} {text.zfill(5) if text.count(':') == 1 else text}"
        if text[-1:] in "zZ":
            text = text[:-1] + "+00:00"
        # fromisoformat of 3.9 takes 3 or 6 digits of a second only.
        text = re.sub(r"\.(\d+)", lambda part: "." + part[1][:6].ljust(6, "0"), text)
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


@memo(64)
def _utc_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


@memo(64)
def _local_second(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


def utc(moment: int) -> str:
    """ISO 8601 with nanoseconds: 2026-11-23T01:14:05.120345678Z."""
    second, rest = divmod(moment, SECOND)
    return f"{_utc_second(second)}.{rest:09d}Z"


def nanoseconds(text: str) -> int:
    """The moment that ``utc`` has written. Raises ValueError for another form."""
    rest = text[17:19] + text[20:29]
    if (
        len(text) != 30
        or text[16] + text[19] + text[29] != ":.Z"
        or not (rest.isascii() and rest.isdigit() and rest < "6")
    ):
        raise ValueError(f"{text!r} is no time with nanoseconds")
    return _minute_since_epoch(text[:16]) + int(rest)


@memo(1024)
def _minute_since_epoch(text: str) -> int:
    """In nanoseconds: what JSON tells lies near each other."""
    clock = text[11:13] + text[14:16]
    if text[10] + text[13] != "T:" or not (clock.isascii() and clock.isdigit()):
        raise ValueError(f"{text!r} is no minute")
    hour, minute = int(clock[:2]), int(clock[2:])
    if hour > 23 or minute > 59:
        raise ValueError(f"{text!r} is no time of day")
    return (_day_since_epoch(text[:10]) * 1440 + hour * 60 + minute) * 60 * SECOND


def moment_of(text: str) -> int | None:
    """The moment of an RFC 3339 time in UTC with as many digits of a second as there are, as Go writes it; None for
    another form, and for a time before 1970 (Go's zero)."""
    second, _, digits = text.removesuffix("Z").partition(".")
    if not text.endswith("Z") or len(digits) > 9 or not (digits or "0").isdecimal():
        return None
    try:
        moment = nanoseconds(f"{second}.{digits:0<9}Z")
    except (ValueError, OverflowError):
        return None
    return moment if moment > 0 else None


@memo(64)
def _day_since_epoch(text: str) -> int:
    import datetime

    return datetime.datetime.strptime(text, "%Y-%m-%d").toordinal() - 719_163  # 1970-01-01


def local(moment: int) -> str:
    """The wall clock's time of day with milliseconds: 01:14:05.120."""
    second, rest = divmod(moment, SECOND)
    return f"{_local_second(second)}.{rest // 1_000_000:03d}"


def clock(moment: int | None, letters: int) -> str:
    """So many letters of ``local``; of what has no time a dash."""
    return "-".ljust(letters) if moment is None else local(moment)[:letters]


def local_moment(moment: int) -> str:
    """The wall clock's date and time of day: 2026-11-23 01:14:05.120."""
    return time.strftime("%Y-%m-%d ", time.localtime(moment // SECOND)) + local(moment)


@memo(64)
def local_date(second: int) -> str:
    """The wall clock's date and zone: Mon 2026-11-23 UTC+01:00."""
    moment = time.localtime(second)
    zone = time.strftime("%z", moment)
    return time.strftime("%a %Y-%m-%d ", moment) + f"UTC{zone[:3]}:{zone[3:]}"


def utc_each(moments: Iterable[int]) -> Iterator[str]:
    """``utc`` of many moments near each other."""
    begin, second = -SECOND, ""
    for moment in moments:
        if not 0 <= moment - begin < SECOND:
            begin = moment - moment % SECOND
            second = _utc_second(begin // SECOND)
        yield f"{second}.{moment - begin:09d}Z"


def local_each(moments: Iterable[int]) -> Iterator[str]:
    """``local`` of many moments near each other."""
    begin, text = -SECOND, ""
    for moment in moments:
        if not 0 <= moment - begin < MILLISECOND:
            begin, text = moment - moment % MILLISECOND, local(moment)
        yield text


def span(nanoseconds: int) -> str:
    """A duration for people: 52 µs, 1.8 ms, 120 ms, 5.0 s, 3 min 20 s."""
    seconds = nanoseconds / SECOND
    # Each bound is where the next unit begins once the figure is rounded.
    if nanoseconds < 999_500:
        return f"{nanoseconds / 1000:.0f} µs"
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        # Stamps of whole seconds are no nearer than that.
        return f"{seconds:.1f} s" if nanoseconds % SECOND else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
