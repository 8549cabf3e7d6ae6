"""Who was asked for and lives, in words: in lines as a verdict's.

Sample:

    nginx[812] on web3 still lives
      sent    SIGTERM by kill[991], 3 min ago: ignored
      why     it ignores SIGTERM
"""

from __future__ import annotations

from tracer.model.signals import name_of
from tracer.model.text import printable
from tracer.model.times import local_moment
from tracer.model.verdict import Who
from tracer.why.words import WIDTH, ago, called, labelled, subject, who_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.model.event import Process, Signal
    from tracer.model.verdict import Living


def lines_of(one: Living, now: int, *, width: int = WIDTH) -> list[str]:
    """Lines of at most ``width`` columns, where words can be broken; ``now`` (ns) is the time to count "ago" from."""
    host = f" on {printable(one.host)}" if one.host else ""
    told = "has ended, and is a zombie" if one.ended else "still lives"
    made = labelled(f"{subject(one.process, _unit(one.process))}{host} {told}", width)
    for label, text in _of_living(one, now):
        made += labelled(text, width, label)
    return made


def last_told(signal: Signal) -> str:
    """Of one whose end nobody has told: what it was sent last."""
    by = f" by {called(signal.sender)}" if signal.sender else f" ({signal.origin or '-'})"
    outcome = f": {signal.outcome}" if signal.outcome else ""
    when = "" if signal.time is None else f", at {local_moment(signal.time).partition('.')[0]}"
    whom = "it" if signal.target is None else called(signal.target)
    return f"the last signal to {whom} was {name_of(signal.number)}{by}{when}{outcome}"


def _unit(process: Process) -> str | None:
    return None if process.unit is None else process.unit.decode("utf-8", "surrogateescape")


def _of_living(one: Living, now: int) -> Iterator[tuple[str, str]]:
    last = one.last
    if last is not None and last.time is not None and last.number is not None:
        by = f" by {called(last.sender)}" if last.sender else f" ({last.origin or '-'})"
        outcome = f": {last.outcome}" if last.outcome else ""
        yield "sent", f"{name_of(last.number)}{by}, {ago(max(0, now - last.time))} ago{outcome}"
        if last.sender is not None:
            for text in who_lines(Who(last.sender), one.process):
                yield "who", text
    yield "why", "; ".join(one.reasons) or "nothing that /proc shows keeps it from ending"
