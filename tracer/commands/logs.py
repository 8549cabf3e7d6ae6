"""``sigtrace replay`` of logs: audit's, syslogs, kernel logs and journals, all of them in one run."""

from __future__ import annotations

from tracer import session
from tracer.audit.known import NOBODY
from tracer.fleet.replayed import replayed_to
from tracer.flow.pipeline import Stop
from tracer.flow.unfit import Unfit
from tracer.options import meaning
from tracer.sources.abilities import require_sense
from tracer.sources.found import found_by_names, found_kept
from tracer.sources.logs.audit_log import NAME
from tracer.sources.logs.passwd import read_passwd
from tracer.sources.logs.rejects import Rejects
from tracer.sources.replayed import Asked, reading_of
from tracer.terminal.output import output_fd, say, unfit
from tracer.terminal.progress import Bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.replay import Replay


def run(options: Replay) -> int:
    """Read the logs to their end, or to a limit or Ctrl-C. Raises Problem if nothing in them is of a known form."""
    filter_ = meaning.filter_of(options)
    count, year = meaning.count_of(options.count), meaning.year_of(options.year)
    follow = options.follow and meaning.may_follow(filter_.until)
    if follow != options.follow:
        say("not followed: --until lies in the past, and nothing that comes now is before it")
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    found = found_by_names(options.files) if options.files else found_kept(options.root)
    for log in found.logs if options.verbose or not options.files else ():
        say(f"reading {', then '.join(log.paths)}")
    wants_bar = False if options.no_progress else options.progress or None
    with Rejects(options.errors, found.logs) as rejects, Bar(wants_bar, found.logs) as bar:
        stop = Stop(output_fd())
        proceed = bar.ahead_of(stop.ready)
        asked = Asked(users, rejects.keep, proceed, follow, year, options.all, filter_, stop.ready)  # fmt: skip
        reading = reading_of(found, asked)
        if not reading.said:
            require_sense(filter_, NAME)
        sink, nobody = bar.before(replayed_to(options)), Unfit(filter_)

        def begin() -> None:
            if not (follow or stop.asked()):
                reading.require_records()
            for line in reading.notes(follow=follow):
                say(line)
            sink.start()

        totals = session.run(reading.source, filter_, sink, begin, stop=stop, count=count, left_out=nobody.note)  # fmt: skip
    account = reading.account(verbose=bool(options.verbose))
    for line in (*account, *unfit(totals, nobody.words())):
        say(line)
    return 0
