"""``sigtrace replay`` of audit logs: the signals in them, shown as if they happened now."""

from __future__ import annotations

import sys

from tracer import session
from tracer.audit.known import NOBODY
from tracer.audit.report import account, hidden
from tracer.flow.pipeline import Stop
from tracer.options import meaning
from tracer.sources.abilities import require_sense
from tracer.sources.logs.audit_log import NAME, AuditLog
from tracer.sources.logs.files import find_logs
from tracer.sources.logs.other_forms import no_records
from tracer.sources.logs.passwd import read_passwd
from tracer.sources.logs.rejects import Rejects
from tracer.terminal.output import open_sink, say
from tracer.terminal.progress import Bar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.replay import Replay


def run(options: Replay) -> int:
    """Read the logs to their end, or to a limit or Ctrl-C. Raises Problem if no log has audit records."""
    filter_ = meaning.filter_of(options)
    require_sense(filter_, NAME)
    count = meaning.count_of(options.count)
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    logs = find_logs(options.files)
    for log in logs if options.verbose else ():
        say(f"reading {', then '.join(log.paths)}")
    wants_bar = False if options.no_progress else options.progress or None
    with Rejects(options.errors, logs) as rejects, Bar(wants_bar, logs) as bar:
        sink = bar.before(open_sink(options))
        stop = Stop(sys.stdout.fileno())
        source = AuditLog(
            logs, users, rejects.keep, bar.ahead_of(stop.ready), follow=options.follow
        )

        def begin() -> None:
            if options.follow and not source.has_records():
                say("no audit records yet in " + ", ".join(log.name for log in logs))
            elif not (source.has_records() or stop.asked()):
                raise no_records(logs, source.tallies)
            sink.start()

        session.run(source, filter_, sink, begin, stop=stop, count=count)
    blind = source.coverage()[0].blind if source.has_records() else ()
    lines = account(source.tallies, source.counts, source.given_up())
    for line in lines + hidden(one for one in blind if not one.quiet):
        say(line)
    return 0
