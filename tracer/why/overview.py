"""The deaths that nobody ordered, a line each, newest first; the same again and again is one line.

Sample:

    12:33:29  orders-api  SIGKILL by pkill ← tidy-workers ← cron (deploy)  85 times

What has no room is left out in this order: how regular it is, the seconds, the farther parents.
"""

from __future__ import annotations

from tracer.model.names import telling_name
from tracer.model.signals import name_of
from tracer.model.text import columns, cut, printable, shown
from tracer.model.times import span
from tracer.why.behind import CRONS
from tracer.why.chain import is_passed
from tracer.why.often import clock
from tracer.why.repeats import kind_of
from tracer.why.words import WIDTH, asked_with, subject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    verdicts = list(verdicts)
    many_hosts = len({verdict.host for verdict in verdicts} - {None}) > 1
    for verdict in sorted(verdicts, key=lambda one: one.time or 0, reverse=True):
        kinds.setdefault(_kind(verdict), []).append(verdict)
    told = [_line(alike, now, width, with_host=many_hosts) for alike in kinds.values()]
    if all(is_whole for _, is_whole in told):
        return [line for line, _ in told]
    by_minutes = [
        _line(alike, now, width, with_host=many_hosts, seconds=False) for alike in kinds.values()
    ]
    return [line for line, _ in by_minutes]


def _kind(verdict: Verdict) -> tuple[object, ...]:
    if verdict.cause == "host lost":  # One line for all that went down with it.
        return verdict.host, verdict.cause, verdict.time
    return verdict.host, _who_ended(verdict), *kind_of(verdict)


def _who_ended(verdict: Verdict) -> str:
    name = None if verdict.process is None else telling_name(verdict.process)
    if name is not None:
        return shown(name)
    if verdict.unit is None and verdict.process is not None:
        return subject(verdict.process, None)
    return printable(verdict.unit or "-").removesuffix(".service")


def _line(
    alike: list[Verdict], now: int, width: int, *, with_host: bool, seconds: bool = True
) -> tuple[str, bool]:
    """The line, and whether nothing but a rhythm had to be left out."""
    newest = alike[0]
    times = [one.time for one in alike if one.time is not None]
    when = "-" if not times else clock(times[0], now)
    when = when if seconds or not times else when.rpartition(":")[0]
    where = f" on {printable(newest.host)}" if with_host and newest.host else ""
    doubt = {"likely": " (likely)", "open": " (open)", "no": ""}.get(newest.confidence, "")
    many, often = "", f"  {len(alike)} times" if alike[1:] else ""
    if newest.cause == "host lost":
        many, often = f" and {len(alike) - 1} more" if alike[1:] else "", ""
    every = _rhythm(times) if often else ""
    told = ""
    for again, steps in (often + every, _STEPS), *((often, most) for most in range(_STEPS, 0, -1)):
        told = f"{when:<5}  {_who_ended(newest)}{many}{where}  {_what(newest, steps)}{doubt}"
        if columns(told + again) <= width:
            return told + again, steps == _STEPS
    return cut(told, max(width - len(often), _ROOM_MIN)) + often, False


def _rhythm(times: Sequence[int]) -> str:
    """Of times, newest first: how long one pause is like the other."""
    pauses = sorted(later - earlier for later, earlier in zip(times, times[1:]))
    usual = pauses[len(pauses) // 2] if pauses else 0
    steady = (
        len(pauses) > 1 and usual > 0 and all(abs(one - usual) <= usual // 10 for one in pauses)
    )
    return f", every {span(usual)}" if steady else ""


def _what(verdict: Verdict, most: int) -> str:
    """SIGKILL by pkill ← tidy-workers ← cron (deploy), in the words of the cause; so many steps of the chain at most."""
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
    steps += [step for step in process.ancestors if step.pid != 1 and not is_passed(step)]
    names = [shown(name) for step in steps if (name := telling_name(step))]
    if who is not None and who.via == "cron" and not any(step.comm in CRONS for step in steps):
        names.append("cron")
    if names[most:]:
        names[most:] = ["…"] if most == _STEPS else []
    by = " ← ".join(names[: 2 if answer else None])
    is_init = process.pid == 1
    user = who.login.user if who is not None and who.login is not None and not is_init else None
    return f"{how} by {by}" + (f" ({printable(user)})" if user else "") + answer
