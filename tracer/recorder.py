"""A recorder once it is known what is wanted: the source, the user, the sinks, the marks."""

from __future__ import annotations

import gc
import os
import re  # noqa: F401  what tracer.model.text needs once root is given up

from tracer import __version__, session
from tracer.flow.keep import Keeper
from tracer.flow.pace import Paced
from tracer.flow.pipeline import Stop
from tracer.host.confine import WHAT_IS_REFUSED, refuse
from tracer.host.name import HOST
from tracer.host.notify import notify
from tracer.host.privileges import drop
from tracer.host.user import make_folder, recorder_user
from tracer.model.errors import AS_ROOT, Problem
from tracer.model.frozen import frozen
from tracer.model.signals import EVERY, names_of
from tracer.model.text import counted
from tracer.model.times import nanoseconds
from tracer.recording.store import Limits, Store
from tracer.sinks.fanout import Fanout
from tracer.sinks.fold import Folding
from tracer.sinks.hide import Hiding
from tracer.sinks.journal import Journal
from tracer.sinks.json import JsonSink
from tracer.sinks.recorder import Recorder, said
from tracer.sources.abilities import JOINING
from tracer.sources.ladder import open_source
from tracer.sources.recording.sight import unseen_of
from tracer.terminal.output import output_fd, say, standard_output, summary
from tracer.tracing import tell_ready
from tracer.why.sentence import sentence, verdict_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.flow.filter import Filter
    from tracer.host.journal_writer import Writer
    from tracer.host.user import User
    from tracer.model.event import Details, Event, Exit
    from tracer.options.record import Record
    from tracer.sinks.sink import Sink
    from tracer.sources.wanted import Wanted

_BOOT = "/proc/sys/kernel/random/boot_id"


@frozen
class Plan:
    """What the options of a recorder come to, beside what is traced. ``is_ours``: the folder is the default one."""

    folder: str
    is_ours: bool
    limits: Limits
    count: int | None
    duration: float | None
    ready_fd: int | None


def record(
    options: Record, plan: Plan, filter_: Filter, wanted: Wanted, writer: Writer | None
) -> int:
    """Until Ctrl-C, SIGTERM or a limit. Returns the exit status; raises Problem."""
    user = recorder_user()
    _make_folder(plan, user)
    source, failed = open_source(options.source, wanted, filter_)
    store = Store(plan.folder, HOST, boot_id(), plan.limits)

    def about() -> Details:
        (seen,) = source.coverage()
        unseen = [text for blind in seen.blind for text in unseen_of(blind)]
        return {
            "version": __version__,
            "kernel": os.uname().release,
            "boot": boot_id(),
            "source": source.name,
            "kinds": list(seen.kinds),
            "unseen": unseen,
            "signals": "all" if filter_.signals == EVERY else names_of(filter_.signals),
            "exits": "all" if options.exits else "worth telling",
            "folded": not options.no_fold,
            "arguments": "hidden" if options.hide_arguments else "kept",
        }

    recorder = Recorder(store, HOST, about, lambda: _opened(store))
    kept: Sink = recorder
    if not options.no_fold:
        kept = Folding(kept)
    if options.hide_arguments:
        kept = Hiding(kept)
    sinks: list[Sink] = [kept]
    if writer is not None:
        sinks.append(Journal(writer.send, _sentence))
    if options.json:
        sinks.append(JsonSink(standard_output()))
    if options.goes_away():
        from tracer.fleet.away import away

        told: Sink = Fanout(away(options))
        sinks.append(Hiding(told) if options.hide_arguments else told)
    every = Fanout(sinks)

    def begin() -> None:
        nanoseconds(
            "2026-01-01T00:00:00.000000000Z"
        )  # It loads what it needs when it is first called.
        given_up = drop(source.keeps, (user.uid, user.gid))
        is_refused = refuse(sockets=options.goes_away())
        if options.verbose:
            say(f"{given_up}, {WHAT_IS_REFUSED}" if is_refused else given_up)
            say("the journal hears of deaths" if writer else "the journal hears nothing")
        every.start()
        kinds = {kind for seen in source.coverage() for kind in seen.kinds}
        blind = "" if "commands" in kinds else ", which sees no commands that are run"
        why = "".join(f"; not {name}: {problem.why}" for name, problem in failed.items())
        say(
            f"recording into {plan.folder} as {user.words}; source {source.name}{why}{blind}; Ctrl-C stops"
        )
        notify(f"READY=1\nSTATUS=recording into {plan.folder}")
        if plan.ready_fd is not None:
            tell_ready(plan.ready_fd)
        gc.freeze()
        gc.enable()

    totals = session.run(
        Paced(source, every.due),
        filter_,
        every,
        begin,
        stop=Stop(output_fd() if options.json else None),
        count=plan.count,
        duration=plan.duration,
        joiner=Keeper(filter_, JOINING, every_exit=options.exits),
    )
    notify("STOPPING=1")
    if recorder.unkept:
        say(f"{counted(recorder.unkept, 'line')} found no room on the disk")
    say(summary(totals, wanted.buffer).replace(" shown", " kept"))
    return 0


def boot_id() -> str:
    """The id of this boot, 32 hexadecimal digits: random(4)."""
    try:
        with open(_BOOT) as file:
            return file.read().strip().replace("-", "")
    except OSError:
        return "0" * 32


def _make_folder(plan: Plan, user: User) -> None:
    try:
        make_folder(plan.folder, user, is_ours=plan.is_ours)
    except OSError as error:
        raise Problem(
            f"cannot record in {plan.folder!r}",
            (error.strerror or str(error)).lower(),
            AS_ROOT
            if isinstance(error, PermissionError) and os.geteuid()
            else "--dir with a folder that exists, or whose parent does",
        ) from None


def _opened(store: Store) -> Details:
    """How the recorder before this one ended, for the mark of a beginning."""
    left = store.open()
    newest = store.newest()
    if newest is None:
        return {"before": "none"}
    last = said(newest.last or newest.first)
    return {"before": "cut" if left else "clean", "before_last": last, "torn_bytes": store.torn}


def _sentence(end: Exit, near: Sequence[Event]) -> str | None:
    verdict = verdict_on(end, near)
    return None if verdict is None else sentence(verdict)
