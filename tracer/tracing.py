"""A live trace once it is known what is wanted: the source, root given up, the session, the summary."""

from __future__ import annotations

import gc
import os

from tracer.flow.filter import words_of as filter_words
from tracer.flow.pipeline import Stop
from tracer.host.confine import WHAT_IS_REFUSED, refuse
from tracer.host.privileges import drop
from tracer.model.errors import Problem
from tracer.model.frozen import frozen, replace
from tracer.options import meaning
from tracer.session import run
from tracer.sources.abilities import unseen
from tracer.sources.ladder import open_source
from tracer.sources.sense import half_decided
from tracer.terminal.header import header, words_of
from tracer.terminal.output import output_fd, say, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.flow.filter import Filter
    from tracer.flow.pipeline import Sink
    from tracer.flow.source import LiveSource
    from tracer.libbpf.object import Object
    from tracer.options.table import Live
    from tracer.options.top import Top
    from tracer.sources.wanted import Wanted


@frozen
class Manner:
    """Of a trace that is no plain one: what is put ``around`` its source, and how notes at its begin are said."""

    around: Callable[[LiveSource], LiveSource]
    say: Callable[[str], None]


def trace(
    options: Live | Top,
    filter_: Filter,
    wanted: Wanted,
    loading: Callable[[], Object] | None,
    sink: Sink,
    limits: tuple[int | None, float | None],
    ready_fd: int | None,
    manner: Manner | None = None,
) -> int:
    """Until a limit or Ctrl-C. Returns the exit status; raises Problem."""
    note = say if manner is None else manner.say
    count, duration = limits
    words = filter_words(filter_)
    # Before anything of the host is changed: who is asked to end in the middle of that undoes it.
    stop = Stop(output_fd())
    if words:
        # Loaded, and looked at, before root is given up, and while the kernel is at work.
        from tracer.host.running import fitting_nobody, known_for

        known = known_for(filter_)
    source, failed = open_source(options.source, wanted, filter_, loading)
    if manner is not None:
        source = manner.around(source)

    def begin() -> None:
        # Every module must be loaded by now: an ordinary user may not see the folder of this program.
        given_up = drop(source.keeps)
        is_refused = refuse(sockets=options.goes_away())
        if options.verbose:
            note(f"{given_up}, {WHAT_IS_REFUSED}" if is_refused else given_up)
        is_usual = meaning.says_nothing_of_noise(options)
        seen = words_of(source.coverage(), failed, unseen(source.name))
        note(header(filter_.signals, seen, words, is_usual=is_usual))
        if ready_fd is not None:
            tell_ready(ready_fd)
        # To look at everybody takes a while; signals are seen meanwhile.
        if words:
            for sentence in half_decided(filter_, details=wanted.details):
                note(sentence)
            for sentence in fitting_nobody(filter_, known):
                note(sentence)
        sink.start()
        gc.freeze()
        gc.enable()

    totals = run(source, filter_, sink, begin, stop=stop, count=count, duration=duration)
    left_out = sum(one.left_out for one in source.coverage())
    say(summary(replace(totals, hidden=totals.hidden + left_out), wanted.buffer, words))
    return 0


def tell_ready(fd: int) -> None:
    """Say to who waits at this descriptor that signals are seen. Raises Problem."""
    try:
        os.write(fd, b"\n")
        os.close(fd)
    except OSError as error:
        raise Problem(
            f"--ready-fd {fd} cannot be written",
            error.strerror or "",
            "an open descriptor, as in 3>&1",
        ) from None
