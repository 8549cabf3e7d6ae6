"""``sigtrace audit-rules``: the rules for a rules.d file, on standard output."""

from __future__ import annotations

from tracer.audit.rules import rules_file
from tracer.options.option import Choices
from tracer.terminal.output import write_out

EPILOG = "example: sigtrace audit-rules > /etc/audit/rules.d/50-sigtrace.rules"


class Options(Choices):
    """None."""


def run(options: Options) -> int:
    """Print the recommended rules; always succeeds."""
    write_out(rules_file())
    return 0
