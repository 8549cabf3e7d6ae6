"""Sources in, sinks out, one loop: what every command does that shows events."""

from __future__ import annotations

from tracer.flow.join import Joiner
from tracer.flow.pipeline import Pipeline, Stop
from tracer.model.frozen import replace
from tracer.sources.abilities import JOINING
from tracer.terminal.output import let_go, output_fd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.flow.filter import Filter
    from tracer.flow.pipeline import Sink, Totals
    from tracer.flow.source import Source
    from tracer.model.event import Event


def run(
    source: Source,
    filter_: Filter,
    sink: Sink,
    begin: Callable[[], None] | None = None,
    *,
    stop: Stop | None = None,
    count: int | None = None,
    duration: float | None = None,
    joiner: Joiner | None = None,
    left_out: Callable[[Event], None] | None = None,
) -> Totals:
    """Until a limit, the end of the source or Ctrl-C; both are closed then. Raises Problem.

    ``begin`` is called once the source has begun, before the first event: it starts the sink.
    """
    joiner = joiner or Joiner(filter_, JOINING)
    pipeline = Pipeline(filter_, joiner, sink, count=count, duration=duration, left_out=left_out)
    try:
        stop = stop or Stop(output_fd())
        try:
            try:
                pipeline.run(source, stop, begin or sink.start)
            finally:
                sink.close()
        except OSError as error:
            let_go(error)
        finally:
            stop.over()
        return replace(pipeline.totals(), is_broken_off=stop.has_broken_off)
    finally:
        source.close()
