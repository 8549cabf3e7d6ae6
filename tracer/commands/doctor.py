"""``sigtrace doctor``: what this host can trace, and what to type where it cannot."""

from __future__ import annotations

import json

from tracer.doctor import checks as doctor
from tracer.options import option
from tracer.terminal.output import terminal_width, write_out

CANNOT_TRACE_LIVE = 1
EPILOG = ""


class Options(option.Choices):
    title = "how to show it"

    json = option.flag("--json", help="one JSON object instead of lines")


def run(options: Options) -> int:
    """Status 0 when live tracing works, 1 when only replay does."""
    checks = doctor.examine()
    if options.json:
        write_out(json.dumps(doctor.to_object(checks), indent=2) + "\n")
    else:
        write_out(doctor.render(checks, terminal_width()))
    return 0 if doctor.best(checks) else CANNOT_TRACE_LIVE
