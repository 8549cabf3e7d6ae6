"""The commands, and how a command line is read for each: plainly if it is plain, else by argparse."""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.options.early import VERSION
from tracer.options.option import read_plain
from tracer.options.table import Live

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from tracer.options.option import Choices
    from tracer.options.parser import Parser

    T = TypeVar("T", bound=Choices)


@frozen
class Command:
    """``module`` has what the docstring of tracer/commands/__init__.py says."""

    module: str
    help: str


# A new command is a row here, and its module.
COMMANDS = {
    "why": Command(
        "tracer.commands.why", "what ended a process, and who was behind it, after the fact"
    ),
    "replay": Command(
        "tracer.commands.replay",
        "who sent the signal, from logs, journals and recordings of any host",
    ),
    "top": Command("tracer.commands.top", "who sends what to whom, counted as it happens"),
    "report": Command(
        "tracer.commands.report", "one page to hand over: verdicts, a timeline, tables"
    ),
    "record": Command(
        "tracer.commands.record",
        "keep everything on disk, for months if need be: a flight recorder",
    ),
    "export": Command(
        "tracer.commands.export", "recordings as Parquet, for questions to many hosts"
    ),
    "fleet": Command("tracer.commands.fleet", "who killed what, where, how often: of many hosts"),
    "doctor": Command(
        "tracer.commands.doctor", "what this host can trace, and what to type where it cannot"
    ),
    "audit-rules": Command(
        "tracer.commands.audit_rules", "the audit rules that let a log show every signal sent"
    ),
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


def choose(words: Sequence[str]) -> Live:
    """What the command line of a live trace chooses. Raises Problem, or prints help and exits."""
    plain = read_plain(Live, words)
    return parse(live_parser(), Live, words) if plain is None else plain


def choose_for(command: str, kind: type[T], epilog: str, words: Sequence[str]) -> T:
    """The same for one of COMMANDS, with these options and this end of its help."""
    plain = read_plain(kind, words)
    return parse(command_parser(command, kind, epilog), kind, words) if plain is None else plain


def live_parser() -> Parser:
    from tracer.options.parser import add_version, parser_of

    commands = "".join(f"  {name:<12} {row.help}\n" for name, row in COMMANDS.items())
    parser = parser_of(
        Live,
        prog="sigtrace",
        description="Who sent this signal, and what became of it?",
        usage="sigtrace [options]\n       sigtrace COMMAND …",
        epilog=f"other commands (each has --help):\n{commands}\n{EXAMPLES}",
    )
    add_version(parser, VERSION)
    return parser


def command_parser(name: str, kind: type[Choices], epilog: str) -> Parser:
    from tracer.options.parser import parser_of

    return parser_of(kind, f"sigtrace {name}", COMMANDS[name].help, epilog)


def parse(parser: Parser, kind: type[T], words: Sequence[str]) -> T:
    """The same through argparse, for any command."""
    from tracer.options import parser as through_argparse

    return through_argparse.parse(parser, kind, words)
