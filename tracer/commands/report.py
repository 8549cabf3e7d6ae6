"""``sigtrace report``: one page to hand over, of what a host has kept."""

from __future__ import annotations

import sys
from contextlib import closing

from tracer.audit.known import NOBODY
from tracer.commands.beside import saying
from tracer.options import meaning
from tracer.options.report import EPILOG
from tracer.options.report import Report as Options
from tracer.report.data import Hide
from tracer.report.forms import form_of
from tracer.report.make import report_of
from tracer.report.perfetto import perfetto
from tracer.report.remainders import in_short
from tracer.report.write import write_whole
from tracer.sources.found import found_by_names, found_kept
from tracer.sources.logs.passwd import read_passwd
from tracer.sources.recording.files import FOLDER
from tracer.sources.replayed import Asked, reading_of
from tracer.terminal.output import say, write_out

__all__ = ["EPILOG", "Options", "run"]


def run(options: Options) -> int:
    """Read what there is, and write the page. Returns the exit status; raises Problem."""
    shown = options.output in (None, "-") and sys.stdout is not None and sys.stdout.isatty()
    written = form_of(is_json=options.json, is_markdown=options.markdown, is_on_terminal=shown)
    filter_ = meaning.filter_of(options)
    meaning.one_place(options.root, options.files, recorded=options.recorded)
    files = options.files or ([FOLDER] if options.recorded else [])
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    found = found_by_names(files) if files else found_kept(options.root)
    year = meaning.year_of(options.year)
    reading = reading_of(found, Asked(users, quiet=True, filter_=filter_, year=year))
    for line in (notes := reading.notes(follow=False)):
        say(line)
    with closing(reading.source) as source:
        hide = Hide(options.hide_arguments, options.hide_users)
        data = report_of(
            source, filter_, lambda: [*notes, *reading.account(verbose=True)], hide, saying(found)
        )
        if files:
            reading.require_records()
    if options.perfetto is not None:
        write_whole(options.perfetto, perfetto(data))
    counts = data["counts"]
    for line in () if counts["events"] else data["read"]:
        say(line)
    if options.output in (None, "-"):
        write_out(written(data))
        return 0
    write_whole(options.output, written(data))
    say(f"{options.output}: {in_short(counts)}")
    return 0
