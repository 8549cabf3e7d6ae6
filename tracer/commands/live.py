"""``sigtrace``: trace signals as they happen. The kernel is at work on the programs already (``tracer/cli.py``)."""

from __future__ import annotations

from tracer.host.name import HOST
from tracer.options import meaning
from tracer.options.live import wanted_of
from tracer.sources.core.load import begin_to_load, give_up
from tracer.sources.sense import require_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.flow.pipeline import Sink
    from tracer.options.table import Live
    from tracer.options.top import Top
    from tracer.sources.core.opening import Opening
    from tracer.tracing import Manner


def run(options: Live, opening: Opening = None) -> int:
    """Trace until a limit or Ctrl-C. Returns the exit status; raises Problem. ``opening`` is the object of the core
    source, if that was begun with."""

    def sink() -> Sink:
        from tracer.host.processes import user_name
        from tracer.terminal.output import open_sink

        opened = open_sink(options, HOST, user_name, deaths=not options.bare)
        if not options.goes_away():
            return opened
        from tracer.fleet.away import also

        return also(opened, options)

    return start(options, opening, sink)


def start(
    options: Live | Top, opening: Opening, sink: Callable[[], Sink], manner: Manner | None = None
) -> int:
    """The same to any sink; ``manner`` of a trace that is no plain one."""
    filter_ = meaning.filter_of(options)
    require_here(filter_, details=not options.bare)
    limits = meaning.count_of(options.count), meaning.duration_of(options.duration)
    wanted = wanted_of(options, filter_)
    begins = options.source in ("auto", "core")
    loading = begin_to_load(opening, wanted) if begins else None
    try:
        # By now libbpf has no file open that could be taken for this one.
        ready_fd = meaning.fd_of(options.ready_fd)
        from tracer.tracing import trace

        opened = sink()
    except BaseException:
        if loading is not None:
            give_up(loading)
        raise
    return trace(options, filter_, wanted, loading, opened, limits, ready_fd, manner)
