"""``sigtrace why``: what ended a process, and who was behind it, from what the host has kept."""

from __future__ import annotations

import time

from tracer.model.frozen import replace
from tracer.model.times import SECOND
from tracer.options import meaning
from tracer.options.why import EPILOG, Options, what_and_files
from tracer.sources.kept import Kept
from tracer.sources.logs.files import open_log
from tracer.terminal.output import say
from tracer.why import ask, tell

__all__ = ["EPILOG", "Options", "run"]

HOUR = 3600 * SECOND


def run(options: Options) -> int:
    """Read what there is, and say what it proves. Returns the exit status; raises Problem."""
    what, files = what_and_files(options.words)
    since = meaning.time_of(options.since, "--since")
    until = meaning.time_of(options.until, "--until")
    at = meaning.time_of(options.at, "--at")
    count = meaning.count_of(options.count) or 1
    style = tell.Style(options.json, options.evidence)
    if what is None and since is None:
        since = time.time_ns() - HOUR
    year = meaning.year_of(options.year)
    kept = Kept(files, options.root, since=since, until=until, year=year)
    for one in kept.shut:
        say(f"cannot read {one.path}: {one.why}")
    heard = ask.Heard()
    try:
        heard.hear(kept.events())
        seen = kept.coverage()
    finally:
        kept.close()
    if what is None:
        return tell.at_a_glance(ask.unordered(heard, seen, since or 0), since or 0, seen, style)
    found = ask.answer(heard, seen, what, count=count, at=at)
    if not found.verdicts:
        is_here = not files and options.root is None
        return tell.nobody(what, found.names, seen, is_here=is_here)
    more = [tell.with_more(one, options.context, open_log) for one in found.verdicts]
    return tell.verdicts(replace(found, verdicts=tuple(more)), style)
