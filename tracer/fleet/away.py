"""The sinks that the options of ``tracer.options.table.Away`` ask for. Loaded only then."""

from __future__ import annotations

import os

from tracer import __version__
from tracer.host.name import HOST
from tracer.sinks.aside import Aside
from tracer.sinks.fanout import Fanout
from tracer.sinks.fold import Folding
from tracer.sinks.hide import Hiding
from tracer.sinks.metrics import Metrics
from tracer.sinks.otlp import Host, Otlp
from tracer.sinks.post import Lines, Post, settings_of
from tracer.sinks.publish import Port, TextFile
from tracer.terminal.output import say
from tracer.why.sentence import verdict_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.table import Away
    from tracer.sinks.aside import Remote
    from tracer.sinks.otlp import Way
    from tracer.sinks.sink import Sink

_MACHINE = "/etc/machine-id"


def also(sink: Sink, options: Away, *, waits: bool = False) -> Sink:
    """The sink, and those that the options ask for. ``waits``: what is read can be read later. Raises Problem."""
    return Fanout([sink, *away(options, waits=waits)])


def away(options: Away, *, waits: bool = False) -> list[Sink]:
    """What was told by the thousand is folded, and command lines are hidden, before anything leaves."""
    host = _this_host()
    ways: dict[str, Way] = {}
    if options.otlp is not None:
        ways["otlp"] = Post(settings_of(options.otlp, os.environ), say)
    if options.otlp_file is not None:
        ways["otlp file"] = Lines(options.otlp_file)
    remotes: dict[str, Remote] = {
        name: Otlp(way, host, verdict_on, whole=options.arguments) for name, way in ways.items()
    }
    publishers = [
        *([] if options.metrics is None else [TextFile(options.metrics, say)]),
        *([] if options.metrics_listen is None else [Port(options.metrics_listen)]),
    ]
    if publishers:
        remotes["metrics"] = Metrics(verdict_on, publishers)
    if not remotes:
        return []
    every = Fanout([Aside(remote, name, say, waits=waits) for name, remote in remotes.items()])
    return [Folding(every if options.arguments else Hiding(every))]


def _this_host() -> Host:
    return Host(HOST, _machine(), os.uname().release, __version__)


def _machine() -> str | None:
    """machine-id(5)."""
    try:
        with open(_MACHINE) as file:
            return file.read(64).strip() or None
    except (OSError, ValueError):
        return None
