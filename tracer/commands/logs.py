"""``sigtrace replay`` of logs: audit's, syslogs, kernel logs and journals, all of them in one run."""

from __future__ import annotations

import sys

from tracer import session
from tracer.audit.known import NOBODY
from tracer.fleet.replayed import replayed_to
from tracer.flow.pipeline import Stop
from tracer.model.errors import Problem
from tracer.options import meaning
from tracer.sources.abilities import require_sense
from tracer.sources.found import found_by_names, found_kept
from tracer.sources.logs.audit_log import NAME
from tracer.sources.logs.files import STDIN
from tracer.sources.logs.passwd import read_passwd
from tracer.sources.logs.rejects import Rejects
from tracer.sources.replayed import Asked, reading_of
from tracer.terminal.output import say, unfit
from tracer.terminal.progress import Bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.replay import Replay


def run(options: Replay) -> int:
    """Read the logs to their end, or to a limit or Ctrl-C. Raises Problem if nothing in them is of a known form."""
    filter_ = meaning.filter_of(options)
    count = meaning.count_of(options.count)
    year = meaning.year_of(options.year)
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    if STDIN in options.files and sys.stdin is None:
        raise Problem("cannot read standard input", "it is closed", "sigtrace replay FILE")
    found = found_by_names(options.files) if options.files else found_kept(options.root)
    for log in found.logs if options.verbose or not options.files else ():
        say(f"reading {', then '.join(log.paths)}")
    wants_bar = False if options.no_progress else options.progress or None
    with Rejects(options.errors, found.logs) as rejects, Bar(wants_bar, found.logs) as bar:
        stop = Stop(sys.stdout.fileno())
        proceed = bar.ahead_of(stop.ready)
        asked = Asked(users, rejects.keep, proceed, options.follow, year, options.all, filter_, stop.ready)  # fmt: skip
        reading = reading_of(found, asked)
        if not reading.said:
            require_sense(filter_, NAME)
        sink = bar.before(replayed_to(options))

        def begin() -> None:
            if not (options.follow or stop.asked()):
                reading.require_records()
            for line in reading.notes(follow=options.follow):
                say(line)
            sink.start()

        totals = session.run(reading.source, filter_, sink, begin, stop=stop, count=count)
    for line in (*reading.account(verbose=bool(options.verbose)), *unfit(totals)):
        say(line)
    return 0
