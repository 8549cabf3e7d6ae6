"""``sigtrace``: trace signals as they happen."""

from __future__ import annotations

import os
import pwd
import sys
from typing import TYPE_CHECKING

from tracer import options as opts
from tracer.errors import Problem
from tracer.filter import pushdown
from tracer.join import Joiner
from tracer.output import open_sink, say, summary
from tracer.pipeline import Pipeline, Stop
from tracer.privileges import drop
from tracer.signals import EVERY, names_of
from tracer.sources.abilities import BEST, unseen
from tracer.sources.ladder import open_source
from tracer.sources.wanted import Wanted

if TYPE_CHECKING:
    import argparse

    from tracer.filter import Filter
    from tracer.sources.ladder import NamedSource


# The filters that need more than the signal's own record.
_OF_DETAILS = ("unit", "container", "children-of")


def run(options: argparse.Namespace) -> int:
    """Trace until a limit or Ctrl-C. Returns the exit status; raises Problem."""
    filter_ = opts.filter_of(options)
    for value in filter_.values:
        if value.kind == "user" and not value.text.isdigit():
            _require_user(value.text)
        if value.kind in _OF_DETAILS and options.bare:
            raise Problem(
                f"--{value.kind} cannot be decided with --bare",
                "--bare leaves out the parents and places of processes",
                "--brief instead of --bare, for one line a signal",
            )
    count, duration = opts.count_of(options.count), opts.duration_of(options.duration)
    buffer, ready_fd = opts.buffer_of(options.buffer), opts.fd_of(options.ready_fd)
    sink = open_sink(options)
    wanted = Wanted(
        pushdown(filter_),
        buffer,
        details=not options.bare,
        deaths=not options.bare,
        refused=options.failed,
        probes=options.probes,
    )
    source, failed = open_source(options.source, wanted)
    try:
        stop = Stop(sys.stdout.fileno())
        for fd, events in stop.descriptors():
            source.end_waits_by(fd, events)
        # Every module must be loaded by now: an ordinary user may not see the folder of this program.
        given_up = drop(source.keeps)
        if options.verbose:
            say(given_up)
        say(_header(filter_, opts.says_nothing_of_noise(options), _words_of(source, failed)))
        sink.start()
        if ready_fd is not None:
            _tell_ready(ready_fd)
        pipeline = Pipeline(filter_, Joiner(), sink, count=count, duration=duration)
        try:
            totals = pipeline.run(source, stop)
        except BrokenPipeError:
            # Nobody reads any more; Python would complain again when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            totals = pipeline.totals()
    finally:
        source.close()
    say(summary(totals, buffer))
    return 0


def _require_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except (KeyError, UnicodeEncodeError):
        raise Problem(
            f"--user {name!r} is no user of this host",
            "no uid bears this name, so it fits nobody",
            "getent passwd for the names there are, or --uid with the number",
        ) from None


def _header(filter_: Filter, noise_left_out: bool, source: str) -> str:
    wanted = filter_.signals
    if noise_left_out:
        what = "all signals but SIGCHLD and SIGURG (--all shows them)"
    elif wanted == EVERY:
        what = "all signals"
    elif len(wanted) > len(EVERY) // 2:
        what = f"all signals but {names_of(EVERY - wanted)}"
    else:
        what = names_of(wanted)
    return f"tracing {what}; source {source}; Ctrl-C stops"


def _words_of(source: NamedSource, failed: dict[str, Problem]) -> str:
    """The source, why none above it, and what it does not see."""
    words = [source.name]
    if failed:
        words.append(f" ({'; '.join(f'{name}: {one.why}' for name, one in failed.items())})")
    if source.name != BEST:
        words.append(f", which does not see in full: {', '.join(unseen(source.name))}")
    return "".join([*words, *(f"; {note}" for note in source.notes)])


def _tell_ready(fd: int) -> None:
    try:
        os.write(fd, b"\n")
        os.close(fd)
    except OSError as error:
        raise Problem(
            f"--ready-fd {fd} cannot be written",
            error.strerror or "",
            "an open descriptor, as in 3>&1",
        ) from None
