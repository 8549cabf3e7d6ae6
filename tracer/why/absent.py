"""What is to be said where nothing that fits has died: what was looked at, what it may be called, and what to do."""

from __future__ import annotations

import os

from tracer.host.aliases import alias_of
from tracer.model.frozen import frozen
from tracer.model.text import quoted, shown, typed
from tracer.model.times import SECOND, local_moment
from tracer.why import query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tracer.model.coverage import Coverage

# What names of logs end in.
OF_FILES = (".log", ".txt", ".json", ".jsonl", ".journal", ".gz", ".xz", ".zst", ".bz2", ".tar", ".tgz")  # fmt: skip
# Of a container's id a person types so much at least: docker(1) shows 12 letters of 64.
_ID_SHOWN, _HEX = 12, frozenset(b"0123456789abcdef")
# Sources whose records name no container.
_NO_CONTAINERS = frozenset(("audit log",))
RECORDING = "recording"
# A recording that ends so short before now may still be written.
_STILL = 60 * SECOND


# Whose end a recorder does not keep of itself: docs/record.md.
_SHORT = "what succeeds, or fails within 10 s and was not started by init"


@frozen
class Asked:
    """``what`` was asked for; ``now`` is the time (ns). ``places``: of these files, from wherever; none: of this host.
    ``outside``: when it died outside of the window that was asked for (ns), newest first. ``is_kept``: a recorder is at
    work whose recording was not read, which is told already. ``all_ends``: the recordings have the end of every
    process; None: none was read."""

    what: bytes
    now: int
    places: tuple[str, ...] = ()
    outside: tuple[int, ...] = ()
    is_kept: bool = False
    all_ends: bool | None = None


def sentences(asked: Asked, names: Iterable[bytes], seen: Sequence[Coverage]) -> Iterator[str]:
    """In the order in which they help; ``names`` are those of all who died."""
    what = asked.what
    if asked.outside:
        yield f"{shown(what)} died {_when(asked.outside)}, and not in the time that was asked for"
        return
    named = f"no process {shown(what)}" if what.isdigit() else f"nothing called {shown(what)}"
    yield f"{named} has died in what could be seen: {looked_at(seen)}"
    yield from _meant(what)
    if what.lower().endswith(tuple(map(str.encode, OF_FILES))):
        yield f"there is no file {shown(what)} here, either: {_beside(what)}"
    if _looks_like_id(what) and seen and all(one.source in _NO_CONTAINERS for one in seen):
        yield (
            "audit records hold no ids of containers: ask for the pid or the name, "
            "or name a journal or a recording, too"
        )
    unit = _alias(asked)
    if unit is not None:
        yield f"{shown(what)} is another name of {quoted(unit)}: ask for that"
    near = query.nearest(names, what)
    if near:
        yield f"names like it that have died: {', '.join(map(shown, near))}"
    if asked.all_ends is False:
        yield f"the recording has no end of {_SHORT}: sudo sigtrace record --exits keeps these, too"
    yield from _from_now_on(asked, seen)


def _meant(what: bytes) -> Iterator[str]:
    """What is written as elsewhere, and means nothing here."""
    name, bracket, pid = what.partition(b"[")
    if bracket and pid[:-1].isdigit() and pid.endswith(b"]"):
        yield f"a process is asked for by its pid or its name: {shown(pid[:-1])}, {shown(name)}"
    elif any(sign in what for sign in (b"*", b"?")):
        yield "WHAT is a whole name, and no pattern; without it all deaths are listed"


def _when(times: Sequence[int]) -> str:
    """Of deaths, newest first."""
    newest = clock_of(times[0])
    return f"at {newest}" if len(times) == 1 else f"{len(times):,} times, last at {newest}"


def looked_at(seen: Sequence[Coverage]) -> str:
    """What was looked at, and from when."""
    first: dict[str, int] = {}
    for one in seen:
        began = [span.began for span in one.spans]
        if began:
            first[one.source] = min(*began, first.get(one.source, began[0]))
    told = [f"{source} from {clock_of(began)}" for source, began in first.items()]
    return ", ".join(told) or "nothing that bears a date"


def clock_of(moment: int) -> str:
    """A moment as day and time, to the second."""
    return local_moment(moment).partition(".")[0]


def _alias(asked: Asked) -> bytes | None:
    """The unit that is meant, by the unit files of this host or of its --root."""
    if asked.places and asked.places[0] != "--root":
        return None
    return alias_of(asked.what, *asked.places[1:])


def _beside(what: bytes) -> str:
    """Files that lie here and are called alike."""
    try:
        near = query.nearest([name for name in os.listdir(b".") if b"." in name], what)
    except OSError:
        near = []
    return f"is it {' or '.join(map(shown, near))}?" if near else "ls tells what there is"


def _looks_like_id(what: bytes) -> bool:
    return len(what) >= _ID_SHOWN and _HEX.issuperset(what) and not what.isdigit()


def _from_now_on(asked: Asked, seen: Iterable[Coverage]) -> Iterator[str]:
    """The command that keeps a record; none where a recorder is at work."""
    spans = [span for one in seen if one.source == RECORDING for span in one.spans]
    at_work = [span for span in spans if span.ended is None or asked.now - span.ended <= _STILL]
    if at_work:
        since = clock_of(min(span.began for span in at_work))
        ends = [span.ended for span in at_work if span.ended is not None]
        if len(ends) < len(at_work):
            told = f"a recorder is at work since {since}: what comes is kept"
        else:
            told = f"a recorder was at work from {since} to {clock_of(max(ends))}; sigtrace doctor tells whether it is"
        yield f"{told}; {_lists(asked.places)}"
    elif not asked.is_kept:
        where = "" if not asked.places else ", on the host that it is about"
        more = "" if asked.all_ends is False else f"; with --exits also the end of {_SHORT}"
        yield f"sudo sigtrace record keeps a record from now on{where}{more}"


def _lists(places: Sequence[str]) -> str:
    """The command that lists all deaths."""
    if not places:
        return "sigtrace why lists what has died in the last hour"
    return f"sigtrace why {' '.join(typed(one) for one in places)} lists what has died"
