"""A live trace once it is known what is wanted: the source, root given up, the loop, the summary."""

from __future__ import annotations

import gc
import os
import sys

from tracer.flow.join import Joiner
from tracer.flow.pipeline import Pipeline, Stop
from tracer.host.privileges import drop
from tracer.model.errors import Problem
from tracer.model.signals import EVERY, names_of
from tracer.options import meaning
from tracer.sources.abilities import BEST, unseen
from tracer.sources.ladder import open_source
from tracer.terminal.output import let_go, say, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.flow.filter import Filter
    from tracer.flow.pipeline import Sink
    from tracer.libbpf.object import Object
    from tracer.options.table import Live
    from tracer.sources.ladder import NamedSource
    from tracer.sources.wanted import Wanted


def trace(
    options: Live,
    filter_: Filter,
    wanted: Wanted,
    loading: Callable[[], Object] | None,
    sink: Sink,
    limits: tuple[int | None, float | None],
    ready_fd: int | None,
) -> int:
    """Until a limit or Ctrl-C. Returns the exit status; raises Problem."""
    count, duration = limits
    source, failed = open_source(options.source, wanted, loading)
    try:
        stop = Stop(sys.stdout.fileno())
        for fd, events in stop.descriptors():
            source.end_waits_by(fd, events)
        # Every module must be loaded by now: an ordinary user may not see the folder of this program.
        given_up = drop(source.keeps)
        if options.verbose:
            say(given_up)
        say(_header(filter_, meaning.says_nothing_of_noise(options), _words_of(source, failed)))
        sink.start()
        if ready_fd is not None:
            _tell_ready(ready_fd)
        gc.freeze()
        gc.enable()
        pipeline = Pipeline(filter_, Joiner(), sink, count=count, duration=duration)
        try:
            totals = pipeline.run(source, stop)
        except OSError as error:
            let_go(error)
            totals = pipeline.totals()
        finally:
            stop.over()
    finally:
        source.close()
    say(summary(totals, wanted.buffer))
    return 0


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
