"""What the words of ``sigtrace fleet`` mean. Raises Problem."""

from __future__ import annotations

from tracer.fleet.ask import QUESTIONS, Asked
from tracer.model.errors import Problem
from tracer.model.text import typed
from tracer.model.times import parse_time, utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def question_of(words: Sequence[str]) -> str:
    if words[0] not in QUESTIONS:
        what = f"{words[0]!r} is no question"
        raise Problem(what, f"there are {', '.join(QUESTIONS)}", _meant(words))
    return words[0]


def _meant(words: Sequence[str]) -> str:
    """What was probably typed: the question behind DIR, or misspelt."""
    import difflib

    named = [word for word in words if word in QUESTIONS]
    near = named[:1] or difflib.get_close_matches(words[0], QUESTIONS, 1)
    rest = [word for word in words if word != near[0]] if named else list(words[1:])
    rest.sort(key=lambda word: "/" in word)
    question = near[0] if near else next(iter(QUESTIONS))
    needed = [QUESTIONS[question], "DIR"] if QUESTIONS[question] else ["DIR"]
    told = [typed(word) for word in rest] if len(rest) == len(needed) else needed
    return " ".join(("sigtrace fleet", question, *filter(None, told)))


def asked_of(words: Sequence[str]) -> Asked:
    """QUESTION, what it is about, and DIR."""
    question = question_of(words)
    about = QUESTIONS[question]
    if len(words) != (3 if about else 2):
        needed = list(filter(None, (question, about, "DIR")))
        missing = " and ".join(needed[len(words) :])
        why = f"without {missing}" if missing else f"{' '.join(words[len(needed) :])!r} is too much"
        raise Problem("the question is not understood", why, f"sigtrace fleet {' '.join(needed)}")
    unit = words[1] if about == "NAME" else None
    if unit is not None and "." not in unit:
        unit += ".service"  # As systemctl(1) takes it.
    since = utc(parse_time(words[1], question)) if about == "TIME" else None
    return Asked(question, words[-1], unit, since)
