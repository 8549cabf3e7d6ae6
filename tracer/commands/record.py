"""``sigtrace record``: a flight recorder, in the foreground or as a service."""

from __future__ import annotations

from tracer.host import journal_writer
from tracer.model.errors import Problem
from tracer.options import meaning
from tracer.options.keeping import limits_of
from tracer.options.live import wanted_of
from tracer.options.record import EPILOG, FOLDER
from tracer.options.record import Record as Options
from tracer.recorder import Plan, record
from tracer.recording.commands import commands_with
from tracer.sinks.journal import IDS
from tracer.sources.sense import half_decided, require_here
from tracer.sources.shape import ALL, WORTH
from tracer.terminal.output import say_each

__all__ = ["EPILOG", "Options", "run"]


def run(options: Options) -> int:
    """Until Ctrl-C, SIGTERM or a limit. Returns the exit status; raises Problem."""
    if options.dir == "":
        raise Problem("--dir is empty", "it would be a folder of no name", f"--dir {FOLDER}")
    filter_ = meaning.filter_of(options)
    require_here(filter_, details=not options.bare)
    say_each(half_decided(filter_, details=not options.bare))
    commands = () if options.bare else commands_with(options.watch)
    wanted = wanted_of(options, filter_, exits=ALL if options.exits else WORTH, commands=commands)
    plan = Plan(
        folder=options.dir or FOLDER,
        is_ours=(options.dir or FOLDER) == FOLDER,
        limits=limits_of(options),
        count=meaning.count_of(options.count),
        duration=meaning.duration_of(options.duration),
        ready_fd=meaning.fd_of(options.ready_fd),
    )
    # Before any thread, for it forks, and while this is root's.
    writer = None if options.no_journal else journal_writer.start(IDS)
    try:
        return record(options, plan, filter_, wanted, writer)
    finally:
        if writer is not None:
            writer.close()
