"""``sigtrace replay`` of journal files and folders."""

from __future__ import annotations

import sys

from tracer import session
from tracer.audit.known import NOBODY
from tracer.flow.pipeline import Stop
from tracer.model.text import counted
from tracer.model.times import utc
from tracer.options import meaning
from tracer.sources.abilities import require_sense
from tracer.sources.logs.passwd import read_passwd
from tracer.terminal.output import open_sink, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.replay import Replay as Options
    from tracer.sources.journal.source import JournalSource


def run(options: Options) -> int:
    """Show what the journals tell. Raises Problem for one that cannot be opened."""
    from tracer.sources.journal.telling import NAME, journal_source

    filter_ = meaning.filter_of(options)
    require_sense(filter_, NAME)
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    sink = open_sink(options)
    source = journal_source(options.files, filter_, users, follow=options.follow)
    stop = Stop(sys.stdout.fileno())
    coverage = source.coverage()
    count = meaning.count_of(options.count)
    session.run(source, filter_, sink, stop=stop, count=count)
    say(f"read {', '.join(options.files)}: {_account(source)}")
    for one in coverage:
        spans = [f"{utc(span.began)} to {utc(span.ended or span.began)}" for span in one.spans]
        say(f"it covers {', '.join(spans[:3])}{', …' if spans[3:] else ''}")
        for gap in one.gaps:
            say(f"missing: {gap.why}")
    return 0


def _account(source: JournalSource) -> str:
    told = ", ".join(counted(number, kind) for kind, number in sorted(source.counts.items()))
    return f"{counted(source.entries, 'entry').replace('entrys', 'entries')} looked at; {told or 'nothing told'}"
