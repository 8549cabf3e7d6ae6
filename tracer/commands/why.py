"""``sigtrace why``: what ended a process, and who was behind it, from what the host has kept."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from tracer.commands import present
from tracer.commands.beside import with_all
from tracer.flow.filter import Filter
from tracer.flow.source import every
from tracer.model.errors import Problem
from tracer.model.frozen import replace
from tracer.options import meaning
from tracer.options.why import EPILOG, Options, asked_for, names_here, places_of, times_of
from tracer.sources.found import found_by_names, found_kept
from tracer.sources.recording import elsewhere
from tracer.sources.recording.narrow import Ends, narrowed
from tracer.sources.replayed import Asked, reading_of
from tracer.sources.spoken_runs import runs_of
from tracer.terminal.output import say_each
from tracer.why import ask, query, tell
from tracer.why.living import lives_on, living, pids_of

__all__ = ["EPILOG", "Options", "run"]


def run(options: Options) -> int:
    """Read what there is, and say what it proves. Returns the exit status; raises Problem."""
    what, files = asked_for(options)
    when, at = times_of(options, is_of_all=not (what or files or options.root))
    style, count = tell.style(options.json, options.evidence), meaning.count_of(options.count) or 1
    is_here = not (places := places_of(options, files))
    ends = Ends(what, query.fits, count, at, lambda: pids_of(what) if is_here and not at else ())
    window = Filter(since=when[0], until=when[1])
    wanted = Asked(filter_=window, quiet=True, ends=ends, year=meaning.year_of(options.year))
    hints = elsewhere.hints(["why", *options.words]) if is_here else []
    say_each((*hints, *names_here(what, files)))
    try:
        named = found_by_names(files) if files else found_kept(options.root)
        narrow = narrowed(named.recordings, ends, *when)
        reading = reading_of(named, replace(wanted, narrow=narrow))
    except Problem as problem:
        return present.without_logs(what if is_here else None, window, style, at, problem)
    say_each(reading.notes(follow=False))
    with closing(reading.source) as source:
        heard = ask.Heard(every(source), lives_on if is_here else None)
        seen = source.coverage()
        say_each(heard.notes())
        if files:
            reading.require_records()
    say_each((*tell.strange(reading.strange(), places), *narrow.notes(), *reading.left_out()))
    if what is None:
        return tell.at_a_glance(ask.unordered(heard, seen, when, options.json), when, seen, style)
    seen_here = (*seen, *(present.asked(heard, what, window) if is_here else ()))
    runs = partial(runs_of, named, what)
    found = ask.answer(heard, seen_here, what, when, count=count, at=at, runs_of=runs)
    lives = (lambda: living(what, heard.events)) if is_here and at is None else list
    told = with_all(found, named, options.context, is_here=is_here, quotes=options.evidence)
    return tell.answered(what, told, lives, seen, style, places, hints)
