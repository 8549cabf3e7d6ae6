"""The command line, declared once: help, parsing and the README walk this."""

from __future__ import annotations

import argparse
import os
import re
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from tracer import __version__, signals
from tracer.errors import Problem
from tracer.filter import (
    Filter,
    parse_origins,
    parse_outcomes,
    parse_term,
    parse_value,
)
from tracer.origin import ORIGINS
from tracer.outcome import ATTEMPTS, EXISTS, OUTCOMES, REFUSED
from tracer.times import DURATIONS, parse_duration, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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

DEFAULT_BUFFER = 8 << 20
_SIZE = re.compile(r"(\d+)\s*([kmg]?)i?b?", re.IGNORECASE)
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}


class AlsoThis(argparse.Action):
    """An option with a comma-separated list: given again, it goes on with the list."""

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, text: object, _name: object = None
    ) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, text if before is None else f"{before},{text}")


class Parser(argparse.ArgumentParser):
    """argparse that reports through Problem, as everything else does."""

    def error(self, message: str) -> NoReturn:
        raise Problem(message, "the command line is not understood", f"{self.prog} --help")


def live_parser() -> Parser:
    commands = "".join(f"  {name:<12} {what}\n" for name, what in COMMANDS.items())
    parser = Parser(
        prog="sigtrace",
        description="Who sent this signal, and what became of it?",
        usage="sigtrace [options]\n       sigtrace {" + ",".join(COMMANDS) + "} …",
        epilog=f"other commands (each has --help):\n{commands}\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sigtrace {__version__}")
    add_filters(parser)
    _add_limits(parser)
    add_output(parser)
    _add_tracing(parser)
    return parser


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The options that every source shares: what to show."""
    group = parser.add_argument_group(
        "what to show",
        "an END is a pid, a name or a pattern ('php-fpm*'); '!' before anything excludes it;\n"
        "  an option given again adds an alternative",
    )
    add = group.add_argument
    also = partial(add, metavar="LIST", action=AlsoThis)
    also("-s", "--signal", help="9, TERM,KILL, RTMIN+3, 34-40, '!CHLD'")
    add("--all", action="store_true", help="SIGCHLD and SIGURG too, which are left out by default")
    add("--from", dest="sender", metavar="END", action="append", default=[], help="the sender")
    add("--to", dest="target", metavar="END", action="append", default=[], help="the target")
    add("-p", "--pid", dest="either", metavar="END", action="append", default=[], help="either end")
    for kind, metavar, text in (
        ("uid", "UID", "a user id, of either end"),
        ("user", "NAME", "a user, of either end"),
        ("unit", "UNIT", "a systemd unit, of either end (nginx, 'session-*.scope')"),
        ("container", "ID", "a container's or pod's id, or its beginning, of either end"),
        ("children-of", "PID", "a descendant to the eighth generation, at either end"),
    ):
        add(f"--{kind}", metavar=metavar, action="append", default=[], help=text)
    also("--outcome", help=_listed((*OUTCOMES, *ATTEMPTS)))
    also("--origin", help=_listed(ORIGINS))


def _listed(words: Iterable[str]) -> str:
    """Words to choose from; a blank in one may be typed as "-"."""
    return ", ".join(word.replace(" ", "-") for word in words)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("when to stop (else Ctrl-C)")
    group.add_argument("-n", "--count", metavar="N", help="after N signals")
    group.add_argument("-d", "--duration", metavar="TIME", help="after 30s, 5m, 1h30m")


def add_output(parser: argparse.ArgumentParser) -> None:
    """How to show it; the same for every source."""
    group = parser.add_argument_group("how to show it")
    group.add_argument("--json", action="store_true", help="one JSON object a line (docs/json.md)")
    group.add_argument(
        "-w", "--wide", action="store_true", help="everything of both ends, cut nowhere"
    )
    group.add_argument(
        "-b", "--brief", action="store_true", help="one line a signal, and one a death"
    )
    group.add_argument(
        "-v", "--verbose", action="count", default=0, help="what sigtrace does; -vv more"
    )


def _add_tracing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to trace")
    add = group.add_argument
    add("--failed", action="store_true", help="sends that were refused, too (EPERM, ESRCH, EINVAL)")
    add("--probes", action="store_true", help="sends of signal 0, too")
    add("--bare", action="store_true", help="the signals alone: no command lines, parents, deaths")
    add("--source", choices=("auto", "core", "bcc", "audit"), default="auto", help="default: auto")
    add("--buffer", metavar="SIZE", help="room for what waits to be read (default 8M)")
    add("--ready-fd", metavar="FD", help="write a byte to this descriptor once signals are seen")


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse, or raise Problem. ``--help`` and ``--version`` print and exit, as argparse does."""
    return parser.parse_args(arguments)


def filter_of(options: argparse.Namespace) -> Filter:
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
        since=None if since is None else parse_time(since, "--since"),
        until=None if until is None else parse_time(until, "--until"),
    )


def _outcomes_of(options: argparse.Namespace) -> frozenset[str]:
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
        os.fstat(fd)
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
    seconds = parse_duration(text)
    if not seconds:
        raise Problem(
            f"--duration {text!r} is not understood", "it is no duration above zero", DURATIONS
        )
    return seconds


def buffer_of(text: str | None) -> int:
    """``--buffer`` in bytes: a power of two, as the kernel's ring wants, at least what was asked for."""
    if text is None:
        return DEFAULT_BUFFER
    found = _SIZE.fullmatch(text.strip())
    size = int(found[1][:12]) << _SHIFT[found[2].lower()] if found else 0
    if not 4096 <= size <= 1 << 30:
        raise Problem(
            f"--buffer {text!r} is not understood", "it is no size from 4K to 1G", "64K, 8M, 64M"
        )
    return 1 << (size - 1).bit_length()


def says_nothing_of_noise(options: argparse.Namespace) -> bool:
    """Whether SIGCHLD and SIGURG are left out without having been asked for."""
    return options.signal is None and not options.all
