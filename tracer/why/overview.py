"""The deaths that nobody ordered, a line each, newest first; the same again and again is one line.

Sample:

    12:33:29  orders-api  SIGKILL by pkill ← tidy-workers ← cron (deploy)  85 times, every 20.0 s
"""

from __future__ import annotations

from tracer.model.names import telling_name
from tracer.model.rhythm import rhythm
from tracer.model.signals import name_of
from tracer.model.text import cut, printable, shown
from tracer.model.times import span
from tracer.why.chain import chain
from tracer.why.often import clock
from tracer.why.repeats import kind_of
from tracer.why.words import WIDTH, asked_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.model.event import Ancestor, Process
    from tracer.model.verdict import Verdict

# What a manager was asked to do, and a plain end, need no explanation.
ORDERED = frozenset(("stop", "shutdown"))
_STEPS = 4  # of the chain of parents, its first included
# So much of a line stays, however often it came again.
_ROOM_MIN = 24


def unordered(verdict: Verdict) -> bool:
    """Whether a death is one that nobody asked the manager for, nor a plain exit."""
    if verdict.cause in ORDERED:
        return False
    return not (verdict.cause == "exit" and not verdict.status)


def lines_of(verdicts: Iterable[Verdict], now: int, width: int = WIDTH) -> list[str]:
    """One line of at most ``width`` columns for each kind of death, newest first. ``now``: nanoseconds since 1970; another
    day is told with its date."""
    kinds: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in sorted(verdicts, key=lambda one: one.time or 0, reverse=True):
        kinds.setdefault(_kind(verdict), []).append(verdict)
    return [_line(alike, now, width) for alike in kinds.values()]


def _kind(verdict: Verdict) -> tuple[object, ...]:
    return verdict.host, _who_ended(verdict), *kind_of(verdict)


def _who_ended(verdict: Verdict) -> str:
    name = None if verdict.process is None else telling_name(verdict.process)
    return printable(verdict.unit or "-") if name is None else shown(name)


def _line(alike: list[Verdict], now: int, width: int) -> str:
    newest = alike[0]
    times = [one.time for one in alike if one.time is not None]
    when = "-" if not times else clock(times[0], now)
    again = ""
    if len(alike) > 1:
        usual = rhythm(times)
        again = f"  {len(alike)} times" + (f", every {span(usual)}" if usual else "")
    doubt = {"likely": " (likely)", "open": " (open)", "no": ""}.get(newest.confidence, "")
    told = f"{when:<8}  {_who_ended(newest)}  {_what(newest)}{doubt}"
    return cut(told, max(width - len(again), _ROOM_MIN)) + again


def _called(step: Process | Ancestor) -> str:
    return shown(telling_name(step) or b"-")


def _what(verdict: Verdict) -> str:
    """SIGKILL by pkill ← tidy-workers ← cron (deploy), in the words of the cause."""
    how = "" if verdict.number is None else name_of(verdict.number)
    answer = ""
    if verdict.status is not None:
        how = f"exited with status {verdict.status}"
        if verdict.cause == "killed":
            how, answer = asked_with(verdict) or "a signal", f", and it exited {verdict.status}"
    if verdict.cause not in ("killed", "exit", "unknown"):
        return f"{verdict.cause}: {how}" if how else verdict.cause
    if verdict.cause == "unknown":
        return f"{how or 'ended'}, cause not told"
    who = verdict.who
    process = None if who is None else who.asked or who.sender
    if process is None:
        return how + answer
    ended = verdict.process
    if ended is not None and ended.pid is not None and process.pid == ended.pid:
        return f"{how} by itself"
    steps: list[Process | Ancestor] = [process]
    steps += [step for step in process.ancestors if step.pid != 1]
    named = [step for step in steps if telling_name(step)]
    names = chain(named[:2] if answer else named, _called, _STEPS)
    by = " ← ".join(names)
    user = who.login.user if who is not None and who.login is not None else None
    return f"{how} by {by}" + (f" ({printable(user)})" if user else "") + answer
