"""What is not for everybody's eyes, taken out: command lines, and who people are.

Verdicts are made first: they need what is hidden afterwards.
"""

from __future__ import annotations

import re

from tracer.model.event import Exec, Exit, Signal, Statement
from tracer.model.frozen import replace
from tracer.sinks import words
from tracer.sinks.hide import hidden

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tracer.model.event import Process
    from tracer.model.verdict import Evidence, Verdict, Who
    from tracer.report.witnesses import Told

# Keys of JSON that tell of a person.
PERSONAL = frozenset(("uid", "user", "euid", "loginuid", "session", "tty", "login", "address"))
# Who is nobody in particular.
_NOBODY = frozenset(("root", "", "-"))
_HOMES = re.compile(r"/home/([^/\s'\"]+)")
_NUMBERED = re.compile(r"\b(uid |user[@-])(\d+)\b")
_ADDRESSES = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})\b")  # fmt: skip
_TERMINALS = re.compile(r"\b(?:pts/\d+|tty[A-Za-z]*\d+)\b")
_LOGINS = re.compile(r"\b(?:sshd(?:-session)?: |for |user[= ])([A-Za-z_][\w.-]*)")


def without_arguments(verdict: Verdict, events: Iterable[Told]) -> Verdict:
    """A verdict in which of each command line the program alone is left, and no line is quoted that may hold one."""
    by_id = {one.id: one for one in events}
    return replace(
        verdict,
        process=_bare(verdict.process),
        who=_bare_who(verdict.who),
        left=tuple(map(hidden, verdict.left)),
        evidence=tuple(_bare_evidence(one, by_id.get(one.id or "")) for one in verdict.evidence),
        contradicts=tuple(one.partition(":")[0] for one in verdict.contradicts),
        said=None,
    )


def _bare(process: Process | None) -> Process | None:
    return None if process is None else hidden(process)


def _bare_who(who: Who | None) -> Who | None:
    return who and replace(who, sender=_bare(who.sender), asked=_bare(who.asked))


def _bare_evidence(one: Evidence, event: Told | None) -> Evidence:
    """What is not known to be free of command lines is not quoted."""
    return replace(one, text=None if event is None else bare_words(event))


def bare_words(event: Told) -> str | None:
    """What an event says, without anybody's arguments."""
    if isinstance(event, Statement):
        return event.what
    if isinstance(event, Exec):
        return words.sentence(replace(event, process=hidden(event.process)))
    if isinstance(event, Exit):
        return f"{words.name(event.process)} {words.death(event)}"
    if isinstance(event, Signal):
        return words.signal_name(event)
    return None


class Veil:
    """Gives each person a number, in the order in which they appear."""

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers: dict[str, str] = {}
        for name in names:
            self._number(name)

    def over(self, it: Any) -> Any:
        """The same object with nobody in it: keys that tell of a person are left out, their names are replaced."""
        self._learn(it)
        return self._veiled(it, self._pattern())

    def _learn(self, it: Any) -> None:
        if isinstance(it, dict):
            for value in it.values():
                self._learn(value)
        elif isinstance(it, (list, tuple)):
            for value in it:
                self._learn(value)
        elif isinstance(it, str):
            for pattern in (_HOMES, _LOGINS):
                for name in pattern.findall(it):
                    self._number(name)

    def _number(self, name: str) -> None:
        if name not in _NOBODY and name not in self._numbers:
            self._numbers[name] = f"person-{len(self._numbers) + 1}"

    def _pattern(self) -> re.Pattern[str] | None:
        longest_first = sorted(self._numbers, key=len, reverse=True)
        alternatives = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)") if alternatives else None

    def _veiled(self, it: Any, pattern: re.Pattern[str] | None) -> Any:
        if isinstance(it, dict):
            return {
                key: self._veiled(value, pattern)
                for key, value in it.items()
                if key not in PERSONAL
            }
        if isinstance(it, (list, tuple)):
            return [self._veiled(value, pattern) for value in it]
        if not isinstance(it, str):
            return it
        text = it if pattern is None else pattern.sub(lambda found: self._numbers[found[0]], it)
        text = _TERMINALS.sub("a terminal", _NUMBERED.sub(r"\1?", text))
        return _ADDRESSES.sub("an address", text)
