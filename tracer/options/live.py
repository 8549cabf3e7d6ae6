"""What a live source is asked for by these options. Raises Problem naming a bad one."""

from __future__ import annotations

from tracer.flow.kernel_filter import pushdown
from tracer.options.meaning import buffer_of
from tracer.sources.shape import NONE
from tracer.sources.wanted import Wanted, new_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.options.table import Tracing


def wanted_of(
    options: Tracing, filter_: Filter, *, exits: int = NONE, commands: tuple[bytes, ...] = ()
) -> Wanted:
    """For this filter; ``exits`` and ``commands`` as ``Wanted`` has them."""
    asked = pushdown(filter_)
    # A verdict rests on descriptions. Which ends of who was sent nothing a recorder keeps is no matter of its filter.
    is_judged = asked.judge is not None and exits == NONE and not options.bare
    return Wanted(
        asked,
        buffer_of(options.buffer),
        details=not options.bare,
        deaths=not options.bare,
        refused=options.failed,
        probes=options.probes,
        names=filter_.looks_at_names(),
        exits=exits,
        commands=commands,
        key=new_key() if is_judged else 0,
    )
