"""What the values of options mean. Raises Problem naming a bad one."""

from __future__ import annotations

import errno
import os

from tracer.flow.ends import parse_terms, parse_values
from tracer.flow.filter import Filter, parse_origins, parse_outcomes
from tracer.model import signals
from tracer.model.errors import Problem
from tracer.model.outcome import EXISTS, FATES, REFUSED
from tracer.options.table import Period
from tracer.sources.shape import BUFFER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.flow.ends import Term
    from tracer.options.table import Filters

_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def filter_of(options: Filters) -> Filter:
    """The filter that these options mean, and the command's own of Period and Tracing."""
    wanted = signals.EVERY if options.all else signals.EVERY - signals.NOISY
    outcomes = _outcomes_of(options)
    period = (options.since, options.until) if isinstance(options, Period) else (None, None)
    since, until = period_of(*period)
    return Filter(
        signals=signals.parse_set(options.signal) if options.signal is not None else wanted,
        sender=_terms(options.sender, options.not_sender, "--from", "--not-from"),
        target=_terms(options.target, options.not_target, "--to", "--not-to"),
        either=_terms(options.either, [], "--pid", ""),
        values=tuple(
            value
            for kind, texts in (
                ("uid", options.uid),
                ("user", options.user),
                ("unit", options.unit),
                ("container", options.container),
                ("children-of", options.children_of),
                ("arg", options.arg),
            )
            for text in texts
            for value in parse_values(kind, text)
        ),
        outcomes=outcomes - FATES.keys(),
        fates=(outcomes & FATES.keys()) | ({"died"} if options.died else frozenset()),
        origins=parse_origins(options.origin) if options.origin is not None else frozenset(),
        since=since,
        until=until,
        probes=_wants_probes(options),
    )


def may_follow(until: int | None) -> bool:
    """Whether something may still come that is not after --until."""
    import time

    return until is None or until > time.time_ns()


def period_of(first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """--since and --until in ns since 1970, a time of day alone as ``last_of`` has it; Problem if no moment lies between
    them."""
    since, until, earlier = (
        last_of(first, "--since"),
        time_of(last, "--until"),
        last_of(last, "--until"),
    )
    if since is not None and earlier is not None and since <= earlier:
        until = earlier
    if since is not None and until is not None and until < since:
        from tracer.model.text import typed

        raise Problem(
            f"--until {last!r} lies before --since {first!r}",
            "no moment is after the one and before the other",
            f"--since {typed(last or '')} --until {typed(first or '')}",
        )
    return since, until


def _terms(
    texts: Sequence[str], unwanted: Sequence[str], option: str, against: str
) -> tuple[Term, ...]:
    wanted = [term for text in texts for term in parse_terms(text, option)]
    return (
        *wanted,
        *(term for text in unwanted for term in parse_terms(text, against, excluded=True)),
    )


def _wants_probes(options: Filters) -> bool:
    """Who asks for signals does not mean signal 0, unless it is asked for, too."""
    by_outcome = options.outcome is not None and EXISTS in options.outcome
    return options.signal is None or by_outcome or _is_asked(options, "probes")


def time_of(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    from tracer.model.times import parse_time

    return parse_time(text, option)


def last_of(text: str | None, option: str) -> int | None:
    """A moment in ns since 1970; of a time of day that is still to come, yesterday's: logs are of what has been."""
    moment = time_of(text, option)
    is_of_day = (
        text is not None and ":" in text and text.replace(":", "").replace(".", "").isdigit()
    )
    if text is None or moment is None or not is_of_day:
        return moment
    import time

    from tracer.model.times import parse_time

    now = time.time()
    return moment if moment <= now * 1_000_000_000 else parse_time(text, option, now - 86_400)


def _outcomes_of(options: Filters) -> frozenset[str]:
    """``--failed`` and ``--probes`` ask for what they name, whatever the outcome of the others."""
    if options.outcome is None:
        return frozenset()
    outcomes = parse_outcomes(options.outcome)
    asked = {REFUSED: "failed", EXISTS: "probes"}
    return outcomes | {word for word, name in asked.items() if _is_asked(options, name)}


def _is_asked(options: Filters, flag: str) -> bool:
    """Of a trace and of a replay."""
    return bool(getattr(options, flag, False))


def count_of(text: str | None) -> int | None:
    """``--count``: a whole number from 1."""
    return None if text is None else _whole(text, "--count", 1)


def year_of(text: str | None) -> int | None:
    """``--year``: of four digits."""
    if text is None:
        return None
    year = _whole(text, "--year", 1970)
    if year > 2099:
        raise Problem(f"--year {text!r} is no year", "it is after 2099", "--year 2026")
    return year


def fd_of(text: str | None) -> int | None:
    """``--ready-fd``: a descriptor that is open before any of ours is, and none of the standard ones."""
    if text is None:
        return None
    fd = _whole(text, "--ready-fd", 3)
    try:
        # What came through exec(2) is inheritable, and nothing of ours is.
        if not os.get_inheritable(fd):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    except OSError as error:
        raise Problem(
            f"--ready-fd {fd} cannot be written",
            error.strerror or "",
            f"an open descriptor: sigtrace --ready-fd {fd} {fd}> FILE",
        ) from None
    return fd


def _whole(text: str, option: str, least: int) -> int:
    if text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least:
        return int(text)
    why = f"it is no whole number from {least} on"
    raise Problem(f"{option} {text!r} is not understood", why, f"{option} {least}, or more")


def duration_of(text: str | None) -> float | None:
    """``--duration`` in seconds."""
    if text is None:
        return None
    from tracer.model.times import DURATIONS, parse_duration

    seconds = parse_duration(text)
    if not seconds:
        raise Problem(
            f"--duration {text!r} is not understood", "it is no duration above zero", DURATIONS
        )
    return seconds


def buffer_of(text: str | None) -> int:
    """``--buffer`` in bytes: a power of two, as the kernel's ring wants, at least what was asked for."""
    if text is None:
        return BUFFER
    size = _size_of(text) or 0
    if not 4096 <= size <= 1 << 30:
        raise Problem(
            f"--buffer {text!r} is not understood", "it is no size from 4K to 1G", "64K, 8M, 64M"
        )
    return 1 << (size - 1).bit_length()


def size_of(text: str, option: str, least: int) -> int:
    """A size in bytes, of at least so many."""
    size = _size_of(text)
    if size is None or size < least:
        why = f"it is no size from {least >> 20}M on" if least else "it is no size"
        raise Problem(f"{option} {text!r} is not understood", why, "64M, 2G")
    return size


def _size_of(text: str) -> int | None:
    import re

    found = re.fullmatch(r"(\d+)\s*([kmgt]?)i?b?", text.strip(), re.IGNORECASE | re.ASCII)
    return int(found[1][:12]) << _SHIFT[found[2].lower()] if found else None


def age_of(text: str | None, option: str) -> int | None:
    """A duration above a minute, in nanoseconds."""
    if text is None:
        return None
    from tracer.model.times import SECOND, parse_duration

    seconds = parse_duration(text)
    if seconds is None or not 60 <= seconds < 1e9:
        why = "it is no duration from a minute on"
        raise Problem(f"{option} {text!r} is not understood", why, "30d, 12h, 90m")
    return round(seconds) * SECOND


def says_nothing_of_noise(options: Filters) -> bool:
    """Whether SIGCHLD and SIGURG are left out without having been asked for."""
    return options.signal is None and not options.all


def one_place(root: str | None, files: Sequence[str], *, recorded: bool = False) -> None:
    """Raises Problem where an image's files and others are asked for at once: one of them would not be read."""
    others = [*map(repr, files), *(["--recorded"] if recorded else [])]
    if root is not None and others:
        raise Problem(
            f"--root {root} and {others[0]} are two places",
            "either the files of an image are read, or those that are named",
            f"--root {root} alone, or {others[0]} alone",
        )
