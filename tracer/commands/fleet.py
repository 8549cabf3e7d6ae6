"""``sigtrace fleet``: one question to many hosts' recordings."""

from __future__ import annotations

from tracer.fleet.ask import ANSWERS, QUESTIONS, ask, sql_of
from tracer.fleet.questions import asked_of, question_of
from tracer.fleet.show import show
from tracer.options import option
from tracer.terminal.output import write_out

_ROWS = (f"  {f'{name} {about}':<18}  {ANSWERS[name]}\n" for name, about in QUESTIONS.items())
EPILOG = f"""\
questions:
{"".join(_ROWS)}
examples:
  sigtrace fleet killers /srv/fleet
  sigtrace fleet unit nginx.service /srv/fleet --json
  sigtrace fleet since-deploy '2026-11-23 14:00Z' /srv/fleet
  sigtrace fleet oom --sql            the statement, for another engine (docs/fleet.md)
"""


class Options(option.Choices):
    title = "what to ask"

    words = option.words(help="QUESTION [NAME|TIME] DIR", metavar="WORD")
    json = option.flag("--json", help="one JSON object a row")
    csv = option.flag("--csv", help="comma-separated values (RFC 4180)")
    sql = option.flag("--sql", help="print the statement, ask nobody")


def run(options: Options) -> int:
    """Ask, and print the rows; status 0 also where there are none. Raises Problem."""
    if options.sql:
        write_out(sql_of(question_of(options.words)))
        return 0
    asked = asked_of(options.words)
    show(ask(asked), asked, json=options.json, csv=options.csv)
    return 0
