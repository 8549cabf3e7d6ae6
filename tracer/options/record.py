"""The options of ``sigtrace record``."""

from __future__ import annotations

from tracer.options import option
from tracer.options.table import Away, Filters, Limits, Tracing

FOLDER = "/var/lib/sigtrace"
EPILOG = """\
examples:
  sudo sigtrace record                                in the foreground, until Ctrl-C
  sudo sigtrace record --max-size 64M --max-age 30d --signal '!CHLD,!URG'
  sudo systemctl enable --now sigtrace-record         as a service: make install-service
  sigtrace replay --recorded --since '2 h ago' --to nginx
"""


class Keeping(option.Choices):
    title = "what to keep, and how much of it"

    dir = option.value("--dir", help=f"where (default {FOLDER})", metavar="DIR")
    max_size = option.value(
        "--max-size", help="all files together, at any instant (default 256M)", metavar="SIZE"
    )
    max_age = option.value("--max-age", help="remove what is older: 30d, 12h", metavar="TIME")
    min_free = option.value(
        "--min-free",
        help="leave so much of the file system free: 1G, 5%% (default 2%%)",
        metavar="SIZE",
    )
    exits = option.flag(
        "--exits", help="the end of every process, not only of those that failed or were signalled"
    )
    watch = option.each(
        "--watch", help="a further command whose every start is kept", metavar="NAME"
    )
    hide_arguments = option.flag("--hide-arguments", help="of command lines the first word alone")
    no_fold = option.flag("--no-fold", help="storms, too, signal by signal")
    no_journal = option.flag("--no-journal", help="tell the journal nothing of deaths")


class Beside(option.Choices):
    title = "what to show meanwhile"

    json = option.flag("--json", help="what is kept, a JSON object a line")
    verbose = option.count("-v", "--verbose", help="what sigtrace does; -vv more")


class Record(Keeping, Filters, Limits, Away, Tracing, Beside):
    """What a recorder is asked for."""
