"""``sigtrace replay``: the signals in audit logs, shown as if they happened now."""

from __future__ import annotations

import sys

from tracer import session
from tracer.audit.known import NOBODY
from tracer.audit.report import account, hidden
from tracer.flow.pipeline import Stop
from tracer.host.journals import is_journal
from tracer.model.errors import Problem
from tracer.options import meaning
from tracer.options.replay import EPILOG
from tracer.options.replay import Replay as Options
from tracer.sources.abilities import require_sense
from tracer.sources.logs import audit_log
from tracer.sources.logs.files import STDIN, find_logs
from tracer.sources.logs.other_forms import no_records
from tracer.sources.logs.passwd import read_passwd
from tracer.sources.logs.rejects import Rejects
from tracer.terminal.output import open_sink, say
from tracer.terminal.progress import Bar

__all__ = ["EPILOG", "Options", "run"]


def run(options: Options) -> int:
    """Read the logs to their end, or to a limit or Ctrl-C. Raises Problem if no log has audit records."""
    if _are_journals(options.files):
        from tracer.commands import journal

        return journal.run(options)
    filter_ = meaning.filter_of(options)
    require_sense(filter_, audit_log.NAME)
    count = meaning.count_of(options.count)
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    if STDIN in options.files and sys.stdin is None:
        raise Problem("cannot read standard input", "it is closed", "sigtrace replay FILE")
    logs = find_logs(options.files)
    if options.verbose:
        for log in logs:
            say(f"reading {', then '.join(log.paths)}")
    wants_bar = False if options.no_progress else options.progress or None
    with Rejects(options.errors, logs) as rejects, Bar(wants_bar, logs) as bar:
        sink = bar.before(open_sink(options))
        stop = Stop(sys.stdout.fileno())
        source = audit_log.AuditLog(
            logs, users, rejects.keep, bar.ahead_of(stop.ready), follow=options.follow
        )

        def begin() -> None:
            if not (source.has_records() or options.follow or stop.asked()):
                raise no_records(logs, source.tallies)
            if options.follow and not source.has_records():
                say("no audit records yet in " + ", ".join(log.name for log in logs))
            sink.start()

        session.run(source, filter_, sink, begin, stop=stop, count=count)
    for line in account(source.tallies, source.counts, source.coalescer.given_up):
        say(line)
    if source.has_records():
        for line in hidden(one for one in source.coverage()[0].blind if not one.quiet):
            say(line)
    return 0


def _are_journals(paths: list[str]) -> bool:
    """Whether all are journal files or folders of them. Raises Problem where only some are."""
    journals = [path for path in paths if is_journal(path)]
    if journals and len(journals) < len(paths):
        others = [path for path in paths if path not in journals]
        raise Problem(
            "cannot read journals and other logs in one run",
            f"{journals[0]!r} is a journal, {others[0]!r} is none",
            "sigtrace replay, once for each",
        )
    return bool(journals)
