"""``sigtrace doctor``: what this host can trace, and what to type where it cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tracer.doctor import checks as doctor
from tracer.options.option import Group, Option
from tracer.terminal.output import write_out

if TYPE_CHECKING:
    from tracer.options.option import Chosen

CANNOT_TRACE_LIVE = 1
OPTIONS = (Group("how to show it", (Option(("--json",), "one JSON object instead of lines"),)),)
EPILOG = ""


def run(options: Chosen) -> int:
    """Status 0 when live tracing works, 1 when only replay does."""
    checks = doctor.examine()
    if options.json:
        write_out(json.dumps(doctor.to_object(checks), indent=2) + "\n")
    else:
        write_out(doctor.render(checks))
    return 0 if doctor.best(checks) else CANNOT_TRACE_LIVE
