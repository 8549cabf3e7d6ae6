"""``sigtrace export``: recordings as Parquet."""

from __future__ import annotations

from tracer.fleet.export import Period, export
from tracer.model.errors import Problem
from tracer.model.text import counted, typed
from tracer.options import meaning, option
from tracer.sources.recording.elsewhere import hints
from tracer.sources.recording.files import FOLDER
from tracer.terminal.output import say

EPILOG = """\
examples:
  sigtrace export --parquet /srv/fleet --recorded
  sigtrace export --parquet /srv/fleet /srv/recordings/*
run again, it adds what is new
"""


class Options(option.Choices):
    title = "what to export, and where to"

    paths = option.words(help="recordings: folders or files", metavar="RECORDING", least=0)
    recorded = option.flag("--recorded", help="what sigtrace record has kept on this host")
    parquet = option.value("--parquet", help="the folder; docs/fleet.md", metavar="DIR")
    since = option.value("--since", help="not before", metavar="TIME")
    until = option.value("--until", help="not after", metavar="TIME")
    arguments = option.flag("--arguments", help="whole command lines and quoted lines, too")


def run(options: Options) -> int:
    """Write the files. Raises Problem."""
    if options.parquet is None:
        raise Problem(
            "no place to write to is named",
            "it may be any folder",
            "sigtrace export --parquet DIR --recorded",
        )
    paths = [*options.paths, *([FOLDER] if options.recorded else [])]
    if not paths:
        raise Problem(
            "nothing to export is named",
            "it is a RECORDING, or this host's own",
            f"sigtrace export --parquet {typed(options.parquet)} --recorded",
        )
    for line in hints(["export", "--parquet", options.parquet]) if options.recorded else []:
        say(line)
    period = Period(
        meaning.time_of(options.since, "--since"), meaning.time_of(options.until, "--until")
    )
    done = export(options.parquet, paths, period, whole=options.arguments)
    for why, count in done.passed.items():
        say(f"passed over: {why} ({count:,})")
    say(
        f"{counted(done.lines, 'line')} in {counted(len(done.files), 'file')} below {options.parquet}"
    )
    return 0
