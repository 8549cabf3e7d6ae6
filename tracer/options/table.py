"""The options, each declared once: help, parsing, types and what a start has to know of them follow."""

from __future__ import annotations

from tracer.model.origin import ORIGINS
from tracer.model.outcome import ATTEMPTS, FATES, OUTCOMES
from tracer.options import early, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def _either(words: Iterable[str]) -> str:
    """Words to choose from; a blank in one may be typed as "-"."""
    return ", ".join(word.replace(" ", "-") for word in words)


class Filters(option.Choices):
    """The options that every source shares."""

    title = "what to show"
    description = (
        "an END is a pid, a name, a script (crashy.py), a path or a pattern ('php-fpm*'); "
        "several with commas (? stands for one in a name); '!' before anything excludes it; "
        "an option given again adds an alternative"
    )

    signal = option.listed(
        "-s", "--signal", help="9, TERM,KILL, RTMIN+3, 34-40, '!CHLD'", metavar="LIST"
    )
    all = option.flag("--all", help="SIGCHLD and SIGURG too, which are left out by default")
    sender = option.each("--from", help="the sender", metavar="END")
    target = option.each("--to", help="the target", metavar="END")
    either = option.each("-p", "--pid", help="either end", metavar="END")
    not_sender = option.each("--not-from", help="not this sender", metavar="END")
    not_target = option.each("--not-to", help="not this target", metavar="END")
    arg = option.each(
        "--arg",
        help="words of a command line, or a pattern of it, of either end",
        metavar="PATTERN",
    )
    uid = option.each("--uid", help="a user id or name, of either end", metavar="UID")
    user = option.each("--user", help="a user, of either end", metavar="NAME")
    unit = option.each(
        "--unit", help="a systemd unit, of either end (nginx, 'session-*.scope')", metavar="UNIT"
    )
    container = option.each(
        "--container",
        help="a container's or pod's id, or its beginning, of either end",
        metavar="ID",
    )
    children_of = option.each(
        "--children-of",
        help="a descendant to the eighth generation, at either end",
        metavar="END",
    )
    died = option.flag("--died", help="signals that ended a process, and deaths")
    outcome = option.listed(
        "--outcome", help=_either((*OUTCOMES, *ATTEMPTS, *FATES)), metavar="LIST"
    )
    origin = option.listed("--origin", help=_either(ORIGINS), metavar="LIST")


class Limits(option.Choices):
    title = "when to stop (else Ctrl-C)"

    count = option.value("-n", "--count", help="after N signals", metavar="N")
    duration = option.value("-d", "--duration", help="after 30s, 5m, 1h30m", metavar="TIME")


class Period(option.Choices):
    title = "of which time"

    since = option.value(
        "--since", help="'10 min ago', 2h, 12:30, '2026-11-23 01:14:05'", metavar="TIME"
    )
    until = option.value("--until", help="the same forms", metavar="TIME")


class Output(option.Choices):
    title = "how to show it"

    json = option.flag("--json", help="one JSON object a line (docs/json.md)")
    wide = option.flag("-w", "--wide", help="everything of both ends, cut nowhere")
    brief = option.flag("-b", "--brief", help="one line a signal, and one a death")
    summary = option.flag(
        "--summary", help="at the end who sent what to whom, how often; with --json one object"
    )
    verbose = option.count("-v", "--verbose", help="what sigtrace does; -vv more")


class Away(option.Choices):
    title = "where else to tell it (docs/fleet.md)"

    otlp = option.value(
        "--otlp", help="a collector's address, OTLP by HTTP: http://localhost:4318", metavar="URL"
    )
    otlp_file = option.value(
        "--otlp-file", help="OTLP in JSON lines, for a collector that reads files", metavar="FILE"
    )
    metrics = option.value(
        "--metrics", help="counts for node_exporter's textfile collector: *.prom", metavar="FILE"
    )
    metrics_listen = option.value(
        "--metrics-listen", help="counts for Prometheus, at this port", metavar="[ADDRESS:]PORT"
    )
    arguments = option.flag(
        "--arguments", help="in what goes there, whole command lines and quoted lines, too"
    )

    def goes_away(self) -> bool:
        """Whether anything is told elsewhere; an empty word asks for it, and is refused there."""
        asked = (self.otlp, self.otlp_file, self.metrics, self.metrics_listen)
        return any(one is not None for one in asked)


class Tracing(option.Choices):
    title = "how to trace"

    failed = option.flag(early.FAILED, help="sends that were refused, too (EPERM, ESRCH, EINVAL)")
    probes = option.flag(early.PROBES, help="sends of signal 0, too")
    bare = option.flag(early.BARE, help="the signals alone: no command lines, parents, deaths")
    source = option.choice(
        early.SOURCE,
        help="default: auto",
        choices=("auto", "core", "bcc", "audit"),
        default="auto",
    )
    buffer = option.value(
        early.BUFFER,
        help="room for what waits to be read (default 8M); of more, four times as much in memory besides",
        metavar="SIZE",
    )
    ready_fd = option.value(
        "--ready-fd",
        help="write a byte to this descriptor once signals are seen",
        metavar="FD",
    )


class Live(Filters, Limits, Output, Away, Tracing):
    """The options of a live trace."""
