"""The options of ``sigtrace replay``."""

from __future__ import annotations

from tracer.options import early, option
from tracer.options.table import Away, Filters, Output, Period

EPILOG = """\
examples:
  sigtrace replay /var/log/audit              the whole rotated set
  sigtrace replay audit.log --to nginx --signal KILL,TERM
  sigtrace replay --recorded --since '2 h ago' --to nginx
  ausearch -m OBJ_PID --raw | sigtrace replay - --json
  sigtrace replay /var/log/messages --year 2019
  sigtrace replay sosreport-web3.tar.xz       a sos report; --root /mnt: a dead host's disk
  sigtrace replay                             what this host keeps: recording, journal, audit, syslog
  dmesg | sigtrace replay -
  sigtrace replay --follow /var/log/audit/audit.log --since now
"""


class Input(option.Choices):
    title = "what to read"

    files = option.words(
        help="logs, journals, recordings, sos reports, folders, patterns; - is standard input; none: what this host keeps",
        metavar="FILE",
        least=0,
    )
    recorded = option.flag("--recorded", help="what sigtrace record has kept on this host")
    root = option.value(
        "--root", help="the logs below DIR: a dead host's disk; nothing of this one", metavar="DIR"
    )
    count = option.value("-n", "--count", help="stop after N signals", metavar="N")
    follow = option.flag("-f", "--follow", help="go on reading as the log grows and rotates")
    year = option.value("--year", help="the year of dates that have none", metavar="YEAR")
    passwd = option.value(
        "--passwd", help="names of users: the /etc/passwd of the log's own host", metavar="FILE"
    )
    errors = option.value(
        "--errors", help="keep the lines that cannot be understood in FILE", metavar="FILE"
    )
    progress = option.flag("--progress", help="show a bar, even for a short reading")
    no_progress = option.flag("--no-progress", help="show none")
    failed = option.flag(early.FAILED, help="refused sends, which are shown anyhow")
    probes = option.flag(early.PROBES, help="signal 0, too, where --signal leaves it out")


class Replay(Input, Period, Filters, Output, Away):
    """What a replay is asked for."""
