"""``sigtrace audit-rules``: the rules for a rules.d file, on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.audit.rules import rules_file
from tracer.terminal.output import write_out

if TYPE_CHECKING:
    from tracer.options.option import Chosen, Group

OPTIONS: tuple[Group, ...] = ()
EPILOG = "example: sigtrace audit-rules > /etc/audit/rules.d/50-sigtrace.rules"


def run(options: Chosen) -> int:
    """Print the recommended rules; always succeeds."""
    write_out(rules_file())
    return 0
