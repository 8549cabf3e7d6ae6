"""What is said after a replay: what was read, what could not be, and what the log cannot show."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tracer.lines.tally import Tally
from tracer.model.coverage import Blind
from tracer.model.text import counted
from tracer.model.times import SECOND

_NAMES_MAX = 3
_STDIN = "-"


def account(tallies: Iterable[Tally], counts: dict[str, int], given_up: int = 0) -> list[str]:
    """Lines about the reading as a whole, and about every log with lines that were not understood.

    ``given_up``: events that were not waited for any longer.
    """
    logs = list(tallies)
    records = sum(log.records for log in logs)
    names = ", ".join(_name(log) for log in logs[:_NAMES_MAX]) + (
        ", …" if len(logs) > _NAMES_MAX else ""
    )
    lines = [f"read {names}: {counted(records, 'record')}{_span(logs)}; {counted_events(counts)}"]
    for log in logs:
        if records and not log.records:
            lines.append(f"no audit records in {_name(log)}")
        if log.bad:
            some = ", ".join(log.bad_lines) + (", …" if log.bad > len(log.bad_lines) else "")
            lines.append(
                f"not understood in {_name(log)}: {counted(log.bad, 'line')} ({some}; --errors keeps them)"
            )
    if given_up:
        lines.append(
            f"{counted(given_up, 'event')} had no end and were given up, too many being open at once"
        )
    undated = sum(log.undated for log in logs)
    if undated:
        lines.append(
            f"without a date: {counted(undated, 'record')}, dated by when their file was last written"
        )
    if any(log.local_dates for log in logs):
        lines.append("times without a zone were read as this machine's local time (TZ changes it)")
    return lines


def _name(log: Tally) -> str:
    return "standard input" if log.name == _STDIN else log.name


NOT_ALL = (
    "not everything was watched, so some signals may be missing "
    "(-v tells which; sigtrace audit-rules prints the rules that watch all)"
)


def hidden(blind: Iterable[Blind], *, verbose: bool) -> list[str]:
    """A line that the logs do not show all; with ``verbose`` lines that tell what, and what to type to see it. [] if
    nothing is hidden."""
    found = sorted(blind, key=lambda one: not one.try_)
    if found and not verbose:
        return [NOT_ALL]
    lines: list[str] = []
    tries: tuple[str, ...] = ()
    for one in found:
        if not one.try_:
            lines += _rules(tries)
            tries = ()
        lines += one.why
        tries = one.try_ or tries
    return lines + _rules(tries)


def _rules(tries: Iterable[str]) -> list[str]:
    rules = [f"  {words}" for words in tries]
    return ["these rules watch all:", *rules] if rules else []


def _span(logs: list[Tally]) -> str:
    first = min((log.first for log in logs if log.first is not None), default=None)
    last = max((log.last for log in logs if log.last is not None), default=None)
    if first is None or last is None:
        return ""
    return f", {_utc(first)} to {_utc(last)}"


def _utc(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment // SECOND))


def counted_events(counts: dict[str, int]) -> str:
    parts = [counted(counts.get("signal", 0), "signal")]
    if counts.get("failed"):
        parts.append(f"{counts['failed']:,} refused")
    for key, word in (("probe", "probe"), ("exit", "death"), ("statement", "statement")):
        if counts.get(key):
            parts.append(counted(counts[key], word))
    return ", ".join(parts)
