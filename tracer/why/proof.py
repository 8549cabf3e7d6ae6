"""How sure a verdict is and from what, in words."""

from __future__ import annotations

from tracer.model.text import cut, printable
from tracer.sinks.places import file_and_line, file_name
from tracer.why.nouns import NOUNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracer.model.verdict import Evidence, Verdict

_SURE_MAX = 210
# What tracer.sources.logs.system_log says of a text.
INCOMPLETE = "lines may be missing from "
# Of what happened beside it so many are told, in so many columns each.
_NEAR_MAX, _NEAR_ROOM = 2, 120


def sources(evidence: Iterable[Evidence]) -> str:
    """Which witnesses, with the lines where they are files."""
    found: dict[str, list[int]] = {}
    for one in evidence:
        at, line = (one.place and file_and_line(one.place)) or (one.source or "-", None)
        lines = found.setdefault(at, [])
        if line is not None:
            lines.append(line)
    return ", ".join(
        printable(at) + (f":{ranges(sorted(set(lines)))}" if lines else "")
        for at, lines in found.items()
    )


def ranges(numbers: list[int]) -> str:
    """21-25 of neighbours, 3,18 of others."""
    made: list[list[int]] = []
    for number in numbers:
        if made and number == made[-1][-1] + 1:
            made[-1].append(number)
        else:
            made.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in made)


def of_an_exit(verdict: Verdict, told: str) -> str:
    """The sentence on an end with a status, as far as it was watched whether a signal asked for that."""
    if not is_watched(verdict):
        return told.replace(" by itself", "") if verdict.confidence == "yes" else told
    # By a shell's custom (bash(1), EXIT STATUS) a status above 128 tells of a child that a signal ended.
    because = next(one.because for one in verdict.ruled_out if one.cause == "killed")
    return told if (verdict.status or 0) > 128 else f"{told}; {because}"


def is_watched(verdict: Verdict) -> bool:
    """Whether it was seen that nobody had sent it a signal."""
    return any(one.cause == "killed" for one in verdict.ruled_out)


def sure(verdict: Verdict) -> str:
    if verdict.confidence == "yes" and verdict.cause == "exit" and not is_watched(verdict):
        return "yes, of the status; whether a signal asked for it is not recorded"
    if verdict.confidence == "yes":
        is_text = {one.source for one in verdict.evidence} == {"syslog"}
        return "yes, if the lines of this text log are genuine" if is_text else "yes"
    if verdict.confidence == "likely":
        others = ", ".join(
            dict.fromkeys(
                NOUNS[one.cause] for one in verdict.cannot_rule_out if one.cause != verdict.cause
            )
        )
        left = [f"not ruled out: {others}"] if others else []
        return "likely: " + "; ".join(
            [*(verdict.doubts or ("it fits by its unit and the time alone",)), *left]
        )
    doubts = _doubts(verdict)
    why = f": {doubts}" if doubts else ""
    if verdict.confidence == "open":
        *first, last = (NOUNS[one] for one in verdict.fits)
        none = f"; none of these can be ruled out{why}" if why else ""
        return f"open: it may be {', '.join(first)} or {last}{none}"
    return f"no: nothing that was read tells it{why}"


def _doubts(verdict: Verdict) -> str:
    """Why the others cannot be ruled out, each said once; of files that are incomplete the names, without their folders."""
    whys = [why for one in verdict.cannot_rule_out for why in one.because.split("; ")]
    files = [file_name(why[len(INCOMPLETE) :]) for why in whys if why.startswith(INCOMPLETE)]
    told = [why for why in whys if not why.startswith(INCOMPLETE)]
    if files:
        told.insert(0, INCOMPLETE + " and ".join(dict.fromkeys(files)))
    return "; ".join(dict.fromkeys(told))


def near(beside: Sequence[Evidence]) -> str:
    """What happened in the same seconds, as what it is worth."""
    told = [
        f"{sources((one,))}: {cut(printable(one.text or '-'), _NEAR_ROOM)}"
        for one in beside[:_NEAR_MAX]
    ]
    return f"in the same seconds, not known to be related: {'; '.join(told)}"


def shortened(text: str) -> str:
    """The text, or its beginning where it is long, and how the rest is told."""
    if len(text) <= _SURE_MAX:
        return text
    head = text[:_SURE_MAX]
    at = max(head.rfind(mark) for mark in (", ", "; "))
    head = head[:at] if at > 0 else head.rpartition(" ")[0]
    return f"{head.rstrip(';:,')}, … (--evidence tells all)"
