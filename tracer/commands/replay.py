"""``sigtrace replay``: the signals in audit logs, shown as if they happened now."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections import Counter
from itertools import chain
from typing import IO, TYPE_CHECKING

from tracer.audit.evidence import unseen
from tracer.audit.known import NOBODY, Users
from tracer.audit.report import account
from tracer.flow.join import Joiner
from tracer.flow.pipeline import Pipeline, Stop
from tracer.model.errors import Problem
from tracer.model.event import Exit, Loss, Series, Signal
from tracer.model.origin import CALL_ORIGINS
from tracer.model.outcome import ATTEMPTS
from tracer.options import meaning, option
from tracer.options.table import Filters, Output, Period
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import STDIN, find_logs, is_packed, open_log, unreadable
from tracer.terminal.output import let_go, open_sink, say
from tracer.terminal.progress import Bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tracer.flow.filter import Filter
    from tracer.model.event import Event
    from tracer.sources.logs.files import LogSet

BATCH = 512
REMEMBERED = 32_768
# A crash is shown as a fault is.
ORIGINS_TOLD = frozenset((*CALL_ORIGINS.values(), "user", "seccomp", "fault"))
EPILOG = """\
examples:
  sigtrace replay /var/log/audit              the whole rotated set
  sigtrace replay audit.log --to nginx --signal KILL,TERM
  ausearch -m OBJ_PID --raw | sigtrace replay - --json
  sigtrace replay --follow /var/log/audit/audit.log --since now
"""


class Input(option.Choices):
    title = "what to read"

    files = option.words(help="logs, folders, patterns; - is standard input", metavar="FILE")
    count = option.value("-n", "--count", help="stop after N signals", metavar="N")
    follow = option.flag("-f", "--follow", help="go on reading as the log grows and rotates")
    passwd = option.value(
        "--passwd", help="names of users: the /etc/passwd of the log's own host", metavar="FILE"
    )
    errors = option.value(
        "--errors", help="keep the lines that cannot be understood in FILE", metavar="FILE"
    )
    progress = option.flag("--progress", help="show a bar, even for a short reading")
    no_progress = option.flag("--no-progress", help="show none")


class Options(Input, Period, Filters, Output):
    """The options of a replay."""


def run(options: Options) -> int:
    """Read the logs to their end, or to a limit or Ctrl-C. Raises Problem if no log has audit records."""
    filter_ = meaning.filter_of(options)
    require_sense(filter_)
    count = meaning.count_of(options.count)
    users = NOBODY if options.passwd is None else read_passwd(options.passwd)
    if STDIN in options.files and sys.stdin is None:
        raise Problem("cannot read standard input", "it is closed", "sigtrace replay FILE")
    sink = open_sink(options)
    logs = find_logs(options.files)
    if options.verbose:
        for log in logs:
            say(f"reading {', then '.join(log.paths)}")
    if options.errors:
        check_is_no_log(options.errors, logs)
    with Rejects(options.errors) as rejects, Bar(_wants_bar(options), logs) as bar:
        stop = Stop(sys.stdout.fileno())
        reading = Reading(stop, bar)
        keep = rejects.keep if options.errors else None
        source = AuditLog(logs, users, keep, reading.proceed)
        joiner = Deaths(filter_, count)
        events = joiner.counted(_events(source, reading, options, stop))
        held = _first(events, source, patient=not options.follow)
        if not (options.follow or source.has_records() or stop.asked()):
            raise no_records(source)
        pipeline = Pipeline(filter_, joiner, bar.before(sink), count=count)
        try:
            sink.start()
            _pump(chain(held, events), pipeline, stop, count)
        except OSError as error:
            let_go(error)
    for line in account(source.tallies, joiner.counts, source.coalescer.given_up):
        say(line)
    for line in unseen(source.evidence) if source.has_records() else ():
        say(line)
    return 0


def _wants_bar(options: Options) -> bool | None:
    return False if options.no_progress else options.progress or None


def _events(
    source: AuditLog, reading: Reading, options: Options, stop: Stop
) -> Iterator[Event | None]:
    if options.files == [STDIN] and not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode):
        return source.events_of_stream(open_log(STDIN, reading.proceed))
    if options.follow:
        check_growing(source.logs)
        return source.events_as_they_come(lambda seconds: not stop.asked(seconds))
    return source.events()


def _first(events: Iterator[Event | None], source: AuditLog, patient: bool) -> list[Event]:
    """What came until the logs had shown a record: a pipe may begin with other lines.

    What is followed may have none for long: that is only said.
    """
    held: list[Event] = []
    for event in events:
        if event is not None:
            held.append(event)
        if source.has_records():
            break
        if not patient:
            say("no audit records yet in " + ", ".join(log.name for log in source.logs))
            break
    return held


def _pump(
    events: Iterator[Event | None], pipeline: Pipeline, stop: Stop, count: int | None
) -> None:
    """In batches: what was found is shown before more is looked for, and memory stays small."""
    batch: list[Event] = []
    for event in events:
        if event is not None:
            batch.append(event)
        if len(batch) >= BATCH or (batch and (event is None or isinstance(event, Series))):
            pipeline.feed(iter(batch))
            batch = []
            if stop.asked() or (count is not None and pipeline.totals().shown >= count):
                return
    pipeline.feed(iter(batch))


class Deaths(Joiner):
    """Lets a death through with the signal that caused it, or (until ``count`` signals) by itself.

    The log itself has joined them (``tracer.audit.known``): audit knows no outcomes to go by.
    """

    def __init__(self, filter_: Filter, count: int | None = None) -> None:
        super().__init__()
        self._left = -1 if count is None else count
        self.counts: Counter[str] = Counter()
        self._filter = filter_
        self._shown: dict[str, None] = {}

    def counted(self, events: Iterable[Event | None]) -> Iterator[Event | None]:
        """The events, counted by kind before any filter."""
        for event in events:
            if event is not None:
                if isinstance(event, Series):
                    self.counts["signal"] += len(event)
                else:
                    self.counts[type(event).__name__.lower()] += 1
            yield event

    def join(self, event: Event) -> Event | None:
        if isinstance(event, Exit):
            return event if event.cause in self._shown or self._is_wanted(event) else None
        if not isinstance(event, Loss):
            self._left -= len(event) if isinstance(event, Series) else 1
        if isinstance(event, Signal):
            self._shown[event.id] = None
        elif isinstance(event, Series):
            self._shown.update(dict.fromkeys(event.ids))
        if len(self._shown) > 2 * REMEMBERED:
            self._shown = dict.fromkeys(list(self._shown)[REMEMBERED:])
        return event

    def _is_wanted(self, event: Exit) -> bool:
        """A crash is what a signal of its number to its process would be."""
        if event.number is None or self._left == 0:
            return False
        return self._filter.matches(
            Signal(
                event.time or 0,
                "",
                event.source,
                event.number,
                origin="fault",
                target=event.process,
            )
        )


class Reading:
    """Waits for input that is slow (a pipe), without missing Ctrl-C."""

    def __init__(self, stop: Stop, bar: Bar) -> None:
        self._stop = stop
        self._bar = bar

    def proceed(self, stream: IO[bytes]) -> bool:
        """Whether to read on; returns once the stream can be read."""
        self._bar.show(stream)
        poll = select.poll()
        for fd, events in self._stop.descriptors():
            poll.register(fd, events)
        try:
            poll.register(stream.fileno(), select.POLLIN)
        except (OSError, ValueError, AttributeError):
            return not self._stop.asked()
        poll.poll()
        return not self._stop.asked()


class Rejects:
    """The file of ``--errors``: what could not be understood, with the place it came from."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Rejects:
        if self._path is not None:
            try:
                self._file = open(self._path, "wb")
            except OSError as error:
                raise Problem(
                    f"cannot write {self._path!r}", (error.strerror or "").lower(), "--errors FILE"
                ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, log: str, number: int, line: bytes, why: str) -> None:
        """Write one line that was not understood."""
        if self._file is not None:
            self._file.write(
                f"# {log}:{number}: {why}\n".encode("utf-8", "surrogateescape") + line + b"\n"
            )


def read_passwd(path: str) -> Users:
    """The users in a passwd(5) file; lines that are none are passed over."""
    try:
        with open(path, "rb") as stream:
            rows = [line.decode("utf-8", "backslashreplace").split(":") for line in stream]
    except OSError as error:
        raise unreadable(path, error) from error
    pairs = [(row[0], int(row[2])) for row in rows if len(row) > 2 and row[2].isdecimal()]
    return Users({uid: name for name, uid in reversed(pairs)}, dict(pairs))


def check_growing(logs: Iterable[LogSet]) -> None:
    """Raises Problem for what cannot be followed: nobody adds to it."""
    for log in logs:
        path = log.paths[-1]
        is_file = path != STDIN and os.path.isfile(path)
        if not is_file or is_packed(path):
            raise Problem(
                f"cannot follow {path!r}",
                "a packed log does not grow" if is_file else "it is no log file",
                "sigtrace replay --follow /var/log/audit/audit.log",
            )


def require_sense(filter_: Filter) -> None:
    """Raises Problem for a filter that nothing in an audit log can fit."""
    for value in filter_.values:
        if value.kind in ("unit", "container"):
            raise Problem(
                f"--{value.kind} cannot be decided from a log",
                "audit records do not tell the cgroup of a process",
                "--from or --to with a name, or --uid",
            )
    for name, wanted, told in (
        ("--outcome", filter_.outcomes, frozenset(ATTEMPTS)),
        ("--origin", filter_.origins, ORIGINS_TOLD),
    ):
        if wanted and wanted.isdisjoint(told):
            raise Problem(
                f"{name} {','.join(sorted(wanted))} is never told by a log",
                "audit records neither outcomes nor what the kernel sends",
                f"{name} {','.join(sorted(told))}",
            )


def check_is_no_log(path: str, logs: Iterable[LogSet]) -> None:
    """Raises Problem where writing to ``path`` would empty a log that is to be read."""
    for log in (log for name in logs for log in name.paths if log != STDIN):
        if os.path.exists(path) and os.path.exists(log) and os.path.samefile(path, log):
            raise Problem(
                f"cannot keep errors in {path!r}", "it is a log to be read", "--errors another-file"
            )


def no_records(source: AuditLog) -> Problem:
    """The problem of logs that hold no audit record at all."""
    from tracer.sources.logs.other_forms import looks_like

    logs = zip(source.logs, source.tallies)
    some = [(path, tally) for log, tally in logs for path in log.paths][:3]
    names = ["standard input" if path == STDIN else path for path, _ in some]
    looks = [looks_like(path, anything=tally.lines > 0) for path, tally in some]
    return Problem(
        "no audit records in " + ", ".join(names),
        "; ".join(f"{name} {words}" for name, words in zip(names, looks)),
        "sigtrace replay /var/log/audit/audit.log",
    )
