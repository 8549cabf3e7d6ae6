"""The sink of a replay: standard output, and a collector or counts beside it."""

from __future__ import annotations

from tracer.terminal.output import open_sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.replay import Replay
    from tracer.sinks.sink import Sink


def replayed_to(options: Replay) -> Sink:
    """Standard output, and elsewhere if that is asked for: nothing is lost there, for files can wait."""
    sink = open_sink(options)
    if not options.goes_away():
        return sink
    from tracer.fleet.away import also

    return also(sink, options, waits=not options.follow)
