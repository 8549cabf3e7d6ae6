"""``sigtrace replay`` of a recording, or of what ``--json`` once printed."""

from __future__ import annotations

from tracer import session
from tracer.fleet.replayed import replayed_to
from tracer.flow.retold import Retold
from tracer.flow.unfit import Unfit
from tracer.model.errors import Problem
from tracer.options import meaning
from tracer.sources.recording.elsewhere import hints
from tracer.sources.recording.files import FOLDER
from tracer.sources.recording.report import account
from tracer.sources.recording.source import Recording
from tracer.terminal.output import say, unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.options.replay import Replay


def run(options: Replay) -> int:
    """To the end, a limit or Ctrl-C. Raises Problem."""
    if options.follow:
        raise Problem(
            "cannot follow a recording",
            "it is written to be read later",
            "sigtrace, to see signals as they happen",
        )
    filter_ = meaning.filter_of(options)
    for line in [] if options.files else hints(["replay"]):
        say(line)
    source = Recording(options.files or [FOLDER], filter_.since, filter_.until)
    if options.verbose:
        say("reading " + ", ".join(piece.path for piece in source.pieces))
    unfit_words = Unfit(filter_)
    totals = session.run(
        source,
        filter_,
        replayed_to(options),
        left_out=unfit_words.note,
        count=meaning.count_of(options.count),
        joiner=Retold(filter_, whole=options.all),
    )
    for line in (*account(source, totals.shown), *unfit(totals, unfit_words.words())):
        say(line)
    return 0
