"""How much a report tells, and what it does not, and why."""

from __future__ import annotations

from tracer.model.text import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def remainders(counts: dict[str, Any]) -> Iterator[str]:
    """A sentence each."""
    if counts["lost"] is None:
        yield "An unknown number of events was lost where they were recorded."
    elif counts["lost"]:
        yield f"{counted(counts['lost'], 'event')} {_were(counts['lost'])} lost where they were recorded."
    if counts["not_judged"]:
        yield f"{counted(counts['not_judged'], 'more death')} {_were(counts['not_judged'])} too many to be judged one by one: of each of the latest kinds the newest are, and tables count these alone."
    if counts["kinds_left_out"]:
        yield f"{counted(counts['kinds_left_out'], 'older kind')} of death {_were(counts['kinds_left_out'])} left out: choose a shorter time."
    if counts["of_more_hosts"]:
        yield f"{counted(counts['of_more_hosts'], 'event')} {_were(counts['of_more_hosts'])} of more hosts than are named here."
    if counts["forgotten"]:
        yield f"{counted(counts['forgotten'], 'event')} came too thick to be kept until all deaths near {'it' if counts['forgotten'] == 1 else 'them'} were judged: these rest on what came last before them."


def in_short(counts: dict[str, Any]) -> str:
    """What was written, in a line."""
    more = f", {counts['not_judged']:,} more not judged" if counts["not_judged"] else ""
    return f"{counts['unordered']:,} deaths that nobody ordered, of {counts['deaths']:,}{more}; {counts['events']:,} events read"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
