"""The options of ``sigtrace report``."""

from __future__ import annotations

from tracer.options import option
from tracer.options.table import Filters, Period

EPILOG = """\
The page is one file: it refers to nothing outside it, and needs no script. Times are the local zone's (TZ).

examples:
  sigtrace report -o outage.html                          what this host keeps
  sigtrace report --since yesterday --unit nginx -o nginx.html
  sigtrace report /var/log/messages --year 2026 -o outage.html
  sigtrace report --root /mnt/disk --hide-arguments --hide-users -o for-the-vendor.html
  sigtrace report --recorded --markdown                   for a ticket
"""


class Input(option.Choices):
    title = "what to read"

    files = option.words(
        help="logs, journals, recordings, sos reports, folders; none: what this host keeps",
        metavar="FILE",
        least=0,
    )
    recorded = option.flag("--recorded", help="what sigtrace record has kept on this host")
    root = option.value(
        "--root", help="the logs below DIR: a dead host's disk; nothing of this one", metavar="DIR"
    )
    year = option.value("--year", help="the year of dates that have none", metavar="YEAR")
    passwd = option.value(
        "--passwd", help="names of users: the /etc/passwd of the log's own host", metavar="FILE"
    )


class Page(option.Choices):
    title = "what to write"

    output = option.value("-o", "--output", help="the file; default: standard output", metavar="FILE")  # fmt: skip
    json = option.flag("--json", help="the same data as JSON (docs/report.md)")
    markdown = option.flag("--markdown", help="verdicts and tables as Markdown, for a ticket")
    perfetto = option.value(
        "--perfetto", help="the timeline as trace events, too, for ui.perfetto.dev", metavar="FILE"
    )
    hide_arguments = option.flag("--hide-arguments", help="of each command line the program alone")
    hide_users = option.flag("--hide-users", help="people, addresses and terminals: person-1 …")


class Report(Input, Period, Filters, Page):
    """What a report is asked for."""
