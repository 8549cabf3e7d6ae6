"""``sigtrace``: trace signals as they happen.

The kernel is at work on the programs already (``tracer/cli.py``); what is wanted of them is found out meanwhile,
and the rest imported.
"""

from __future__ import annotations

import pwd

from tracer.flow.kernel_filter import pushdown
from tracer.host.name import HOST
from tracer.model.errors import Problem
from tracer.options import meaning
from tracer.sources.core.load import begin_to_load, give_up
from tracer.sources.wanted import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.options.table import Live
    from tracer.sources.core.opening import Opening

# The filters that need more than the signal's own record.
_OF_DETAILS = ("unit", "container", "children-of", "arg")


def run(options: Live, opening: Opening = None) -> int:
    """Trace until a limit or Ctrl-C. Returns the exit status; raises Problem.

    ``opening`` is the object of the core source, if that was begun with.
    """
    filter_ = meaning.filter_of(options)
    _require_sense(filter_, options)
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
        from tracer.terminal.output import open_sink
        from tracer.tracing import trace

        sink = open_sink(options, HOST)
    except BaseException:
        if loading is not None:
            give_up(loading)
        raise
    return trace(options, filter_, wanted, loading, sink, limits, ready_fd)


def _require_sense(filter_: Filter, options: Live) -> None:
    for value in filter_.values:
        if value.kind == "user" and not value.text.isdigit():
            _require_user(value.text)
        if value.kind in _OF_DETAILS and options.bare:
            raise Problem(
                f"--{value.kind} cannot be decided with --bare",
                "--bare leaves out the parents and places of processes",
                "--brief instead of --bare, for one line a signal",
            )


def _require_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except (KeyError, UnicodeEncodeError):
        raise Problem(
            f"--user {name!r} is no user of this host",
            "no uid bears this name, so it fits nobody",
            "getent passwd for the names there are, or --uid with the number",
        ) from None
