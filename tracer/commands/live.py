"""``sigtrace``: trace signals as they happen.

The kernel is at work on the programs already (``tracer/cli.py``); what is wanted of them is found out meanwhile,
and the rest imported.
"""

from __future__ import annotations

from tracer.flow.kernel_filter import pushdown
from tracer.host.name import HOST
from tracer.options import meaning
from tracer.sources.core.load import begin_to_load, give_up
from tracer.sources.sense import require_here
from tracer.sources.wanted import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.table import Live
    from tracer.sources.core.opening import Opening


def run(options: Live, opening: Opening = None) -> int:
    """Trace until a limit or Ctrl-C. Returns the exit status; raises Problem.

    ``opening`` is the object of the core source, if that was begun with.
    """
    filter_ = meaning.filter_of(options)
    require_here(filter_, details=not options.bare)
    limits = meaning.count_of(options.count), meaning.duration_of(options.duration)
    wanted = Wanted(
        pushdown(filter_),
        meaning.buffer_of(options.buffer),
        details=not options.bare,
        deaths=not options.bare,
        refused=options.failed,
        probes=options.probes,
        names=filter_.looks_at_names(),
    )
    loading = None
    if options.source in ("auto", "core"):
        loading = begin_to_load(opening, wanted)
    try:
        # By now libbpf has no file open that could be taken for this one.
        ready_fd = meaning.fd_of(options.ready_fd)
        from tracer.host.processes import user_name
        from tracer.terminal.output import open_sink
        from tracer.tracing import trace

        sink = open_sink(options, HOST, user_name, deaths=not options.bare)
        if options.goes_away():
            from tracer.fleet.away import also

            sink = also(sink, options)
    except BaseException:
        if loading is not None:
            give_up(loading)
        raise
    return trace(options, filter_, wanted, loading, sink, limits, ready_fd)
