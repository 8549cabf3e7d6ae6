"""The command line, declared once: help, parsing and the README walk this."""

from __future__ import annotations

import errno
import os

from tracer import __version__
from tracer.flow.filter import (
    Filter,
    parse_origins,
    parse_outcomes,
    parse_term,
    parse_value,
)
from tracer.model import signals
from tracer.model.errors import Problem
from tracer.model.origin import ORIGINS
from tracer.model.outcome import ATTEMPTS, EXISTS, OUTCOMES, REFUSED
from tracer.options.option import Group, Option, read_plain
from tracer.sources.shape import BUFFER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracer.options.option import Chosen
    from tracer.options.parser import Parser

COMMANDS = {
    "replay": "who sent the signal, from audit logs of any host and day",
    "doctor": "what this host can trace, and what to type where it cannot",
    "audit-rules": "the audit rules that let a log show every signal sent",
}

EXAMPLES = """\
examples:
  sigtrace --signal 9                    who kills whom with SIGKILL
  sigtrace --to nginx                    every signal that reaches nginx
  sigtrace --from '!systemd' --signal TERM,KILL
  sigtrace --pid 1350 --all --json | jq .
  sigtrace --signal KILL --count 1 --duration 1h
  sigtrace replay /var/log/audit/audit.log
"""

_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}


def _listed(words: Iterable[str]) -> str:
    """Words to choose from; a blank in one may be typed as "-"."""
    return ", ".join(word.replace(" ", "-") for word in words)


# The options that every source shares.
FILTERS = Group(
    "what to show",
    (
        Option(("-s", "--signal"), "9, TERM,KILL, RTMIN+3, 34-40, '!CHLD'", "list", "LIST"),
        Option(("--all",), "SIGCHLD and SIGURG too, which are left out by default"),
        Option(("--from",), "the sender", "each", "END", "sender"),
        Option(("--to",), "the target", "each", "END", "target"),
        Option(("-p", "--pid"), "either end", "each", "END", "either"),
        Option(("--uid",), "a user id, of either end", "each", "UID"),
        Option(("--user",), "a user, of either end", "each", "NAME"),
        Option(
            ("--unit",),
            "a systemd unit, of either end (nginx, 'session-*.scope')",
            "each",
            "UNIT",
        ),
        Option(
            ("--container",),
            "a container's or pod's id, or its beginning, of either end",
            "each",
            "ID",
        ),
        Option(
            ("--children-of",),
            "a descendant to the eighth generation, at either end",
            "each",
            "PID",
        ),
        Option(("--outcome",), _listed((*OUTCOMES, *ATTEMPTS)), "list", "LIST"),
        Option(("--origin",), _listed(ORIGINS), "list", "LIST"),
    ),
    "an END is a pid, a name or a pattern ('php-fpm*'); '!' before anything excludes it;\n"
    "  an option given again adds an alternative",
)
LIMITS = Group(
    "when to stop (else Ctrl-C)",
    (
        Option(("-n", "--count"), "after N signals", "value", "N"),
        Option(("-d", "--duration"), "after 30s, 5m, 1h30m", "value", "TIME"),
    ),
)
OUTPUT = Group(
    "how to show it",
    (
        Option(("--json",), "one JSON object a line (docs/json.md)"),
        Option(("-w", "--wide"), "everything of both ends, cut nowhere"),
        Option(("-b", "--brief"), "one line a signal, and one a death"),
        Option(("-v", "--verbose"), "what sigtrace does; -vv more", "count"),
    ),
)
TRACING = Group(
    "how to trace",
    (
        Option(("--failed",), "sends that were refused, too (EPERM, ESRCH, EINVAL)"),
        Option(("--probes",), "sends of signal 0, too"),
        Option(("--bare",), "the signals alone: no command lines, parents, deaths"),
        Option(
            ("--source",),
            "default: auto",
            "value",
            choices=("auto", "core", "bcc", "audit"),
            default="auto",
        ),
        Option(
            ("--buffer",),
            "room for what waits to be read (default 8M); of more, four times as much in memory besides",
            "value",
            "SIZE",
        ),
        Option(
            ("--ready-fd",),
            "write a byte to this descriptor once signals are seen",
            "value",
            "FD",
        ),
    ),
)
LIVE = (FILTERS, LIMITS, OUTPUT, TRACING)


def choose(words: Sequence[str]) -> Chosen:
    """What the command line of a live trace chooses. Raises Problem, or prints help and exits."""
    plain = read_plain(LIVE, words)
    return parse(live_parser(), words) if plain is None else plain


def choose_for(command: str, groups: Iterable[Group], epilog: str, words: Sequence[str]) -> Chosen:
    """The same for one of COMMANDS, with these options and this end of its help."""
    plain = read_plain(groups, words)
    return parse(command_parser(command, groups, epilog), words) if plain is None else plain


def live_parser() -> Parser:
    from tracer.options.parser import parser_of

    commands = "".join(f"  {name:<12} {what}\n" for name, what in COMMANDS.items())
    parser = parser_of(
        LIVE,
        prog="sigtrace",
        description="Who sent this signal, and what became of it?",
        usage="sigtrace [options]\n       sigtrace {" + ",".join(COMMANDS) + "} …",
        epilog=f"other commands (each has --help):\n{commands}\n{EXAMPLES}",
    )
    parser.add_argument("--version", action="version", version=f"sigtrace {__version__}")
    return parser


def command_parser(name: str, groups: Iterable[Group], epilog: str) -> Parser:
    from tracer.options.parser import parser_of

    return parser_of(groups, prog=f"sigtrace {name}", description=COMMANDS[name], epilog=epilog)


def parse(parser: Parser, words: Sequence[str]) -> Chosen:
    """The same through argparse, for any command."""
    from tracer.options import parser as through_argparse

    return through_argparse.parse(parser, words)


def filter_of(options: Chosen) -> Filter:
    """The filter that the options of ``add_filters`` mean. Raises Problem naming a bad one."""
    wanted = signals.EVERY if options.all else signals.EVERY - signals.NOISY
    since, until = getattr(options, "since", None), getattr(options, "until", None)
    return Filter(
        signals=signals.parse_set(options.signal) if options.signal is not None else wanted,
        sender=tuple(parse_term(text, "--from") for text in options.sender),
        target=tuple(parse_term(text, "--to") for text in options.target),
        either=tuple(parse_term(text, "--pid") for text in options.either),
        values=tuple(
            parse_value(kind, text)
            for kind in ("uid", "user", "unit", "container", "children-of")
            for text in getattr(options, kind.replace("-", "_"))
        ),
        outcomes=_outcomes_of(options),
        origins=parse_origins(options.origin) if options.origin is not None else frozenset(),
        since=_time_of(since, "--since"),
        until=_time_of(until, "--until"),
        probes=_wants_probes(options),
    )


def _wants_probes(options: Chosen) -> bool:
    """Who asks for signals does not mean signal 0, unless it is asked for, too."""
    by_outcome = options.outcome is not None and EXISTS in options.outcome
    return options.signal is None or getattr(options, "probes", False) or by_outcome


def _time_of(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    from tracer.model.times import parse_time

    return parse_time(text, option)


def _outcomes_of(options: Chosen) -> frozenset[str]:
    """``--failed`` and ``--probes`` ask for what they name, whatever the outcome of the others."""
    if options.outcome is None:
        return frozenset()
    asked = {REFUSED: getattr(options, "failed", False), EXISTS: getattr(options, "probes", False)}
    return parse_outcomes(options.outcome) | {word for word, is_asked in asked.items() if is_asked}


def count_of(text: str | None) -> int | None:
    """``--count``: a whole number from 1."""
    return None if text is None else _whole(text, "--count", 1)


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
    import re

    found = re.fullmatch(r"(\d+)\s*([kmg]?)i?b?", text.strip(), re.IGNORECASE)
    size = int(found[1][:12]) << _SHIFT[found[2].lower()] if found else 0
    if not 4096 <= size <= 1 << 30:
        raise Problem(
            f"--buffer {text!r} is not understood", "it is no size from 4K to 1G", "64K, 8M, 64M"
        )
    return 1 << (size - 1).bit_length()


def says_nothing_of_noise(options: Chosen) -> bool:
    """Whether SIGCHLD and SIGURG are left out without having been asked for."""
    return options.signal is None and not options.all
