"""Which events a user wants: one meaning, ``Filter.matches``, and the part of it the kernel can do.

``pushdown`` may only be looser than ``matches``, never tighter: for every signal, when the kernel says
no, ``matches`` says no (tests/unit/flow/test_filter.py proves it on random signals).
"""

from __future__ import annotations

from tracer.model import outcome as outcomes
from tracer.model import signals
from tracer.model.errors import Problem
from tracer.model.event import (
    Exec,
    Exit,
    Failed,
    Loss,
    Mark,
    Probe,
    Process,
    Repeats,
    Series,
    Signal,
    Statement,
)
from tracer.model.frozen import frozen
from tracer.model.origin import CALL_ORIGINS, ORIGINS
from tracer.model.outcome import RESULT_OF

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable

    from tracer.model.event import Event

COMM_LENGTH = 15  # TASK_COMM_LEN less its NUL
LAST_PID = 1 << 22  # PID_MAX_LIMIT, include/linux/threads.h
# (uid_t)-1 is no user: setresuid(2).
_BOUNDS = {"uid": range(0xFFFFFFFF), "children-of": range(1, LAST_PID + 1)}


@frozen
class Term:
    """One ``--from``, ``--to`` or ``--pid``: a pid or a name, wanted or excluded."""

    pid: int | None = None
    name: bytes | None = None
    excluded: bool = False

    def fits(self, process: Process) -> bool:
        """Whether this end is the one meant; names are globs of the process's or thread's comm."""
        if self.pid is not None:
            return process.pid == self.pid
        pattern = _glob(self.name or b"*")
        return any(
            pattern.fullmatch(name) is not None
            for name in (process.comm, process.thread_comm)
            if name is not None
        )


@frozen
class Value:
    """One ``--uid``, ``--user``, ``--unit``, ``--container`` or ``--children-of``."""

    kind: str
    text: str
    excluded: bool = False

    def fits(self, process: Process) -> bool:
        return _VALUES[self.kind](process, self.text)


@frozen
class Filter:
    """What is wanted; an empty part wants everything. Wanted terms are alternatives of each other."""

    signals: frozenset[int] = signals.EVERY
    sender: tuple[Term, ...] = ()
    target: tuple[Term, ...] = ()
    either: tuple[Term, ...] = ()
    values: tuple[Value, ...] = ()
    outcomes: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None
    probes: bool = True

    def matches(self, event: Event) -> bool:
        """Whether to show the event. Losses of its time always; deaths are shown with the signal they follow."""
        if isinstance(event, Loss):
            return event.time is None or self._time_fits(event.time)
        if isinstance(event, Exit):
            return True
        if isinstance(event, Repeats):
            return self.matches(event.first)
        if isinstance(event, Series):
            return bool(self.chosen(event))
        if isinstance(event, (Statement, Exec, Mark)):
            timed = event.time is None or self._time_fits(event.time)
            return timed and self._says_what_is_wanted(event)
        return self._time_fits(event.time) and self._fits(event)

    def _says_what_is_wanted(self, event: Statement | Exec | Mark) -> bool:
        """Who asks for signals of some kind does not mean what is said about them."""
        if self.outcomes or self.origins or not self.signals >= signals.EVERY - signals.NOISY:
            return False
        return self._ends_fit(event)

    def chosen(self, series: Series) -> Series:
        """Those of a series that are wanted."""
        fits = {id(like): self._fits(like) for like in series.likes}
        if self.since is None and self.until is None and all(fits.values()):
            return series
        rows = [
            (like, time, id_)
            for like, time, id_ in zip(series.likes, series.times, series.ids)
            if fits[id(like)] and self._time_fits(time)
        ]
        return Series(*map(list, zip(*rows))) if rows else Series([], [], [])

    def _fits(self, event: Signal | Failed | Probe) -> bool:
        if self.outcomes and _outcome(event) not in self.outcomes:
            return False
        if self.origins and _origin(event) not in self.origins:
            return False
        return self._number_fits(event) and self._ends_fit(event)

    def _number_fits(self, event: Signal | Failed | Probe) -> bool:
        number = 0 if isinstance(event, Probe) else event.number
        if number == 0:
            return self.probes
        if number is None or number in self.signals:
            return True
        # A refused call may have named no signal at all (EINVAL): it is shown unless some were chosen.
        return number not in signals.EVERY and self.signals >= signals.EVERY - signals.NOISY

    def _time_fits(self, time: int) -> bool:
        return (self.since is None or time >= self.since) and (
            self.until is None or time <= self.until
        )

    def _ends_fit(self, event: Signal | Failed | Probe | Statement | Exec | Mark) -> bool:
        if not (self.sender or self.target or self.either or self.values):
            return True
        sender, target = _ends_of(event)
        if not (_allow(self.sender, sender) and _allow(self.target, target)):
            return False
        if self.either and not _allow(self.either, sender + target):
            return False
        return all(
            _allow([value for value in self.values if value.kind == kind], sender + target)
            for kind in {value.kind for value in self.values}
        )


def _ends_of(
    event: Signal | Failed | Probe | Statement | Exec | Mark,
) -> tuple[list[Process], list[Process]]:
    """Who acts or speaks, and whom that concerns."""
    if isinstance(event, Statement):
        ends = event.by, event.about
    elif isinstance(event, Exec):
        ends = event.process, None
    elif isinstance(event, Mark):
        ends = None, None
    else:
        ends = event.sender, event.target
    return [ends[0]] if ends[0] else [], [ends[1]] if ends[1] else []


def _outcome(event: Signal | Failed | Probe) -> str | None:
    if isinstance(event, Signal):
        return event.outcome or event.why
    return outcomes.REFUSED if isinstance(event, Failed) else outcomes.EXISTS


def _origin(event: Signal | Failed | Probe) -> str | None:
    return event.origin if isinstance(event, Signal) else CALL_ORIGINS.get(event.call or "")


def _allow(terms: Iterable[Term | Value], ends: list[Process]) -> bool:
    """No excluded term fits any end, and a wanted one, if there is one, fits some end."""
    wanted = [term for term in terms if not term.excluded]
    if any(term.excluded and any(map(term.fits, ends)) for term in terms):
        return False
    return not wanted or any(any(map(term.fits, ends)) for term in wanted)


_GLOBS: dict[bytes, re.Pattern[bytes]] = {}


def _glob(name: bytes) -> re.Pattern[bytes]:
    """A compiled glob; a plain name longer than comm can be is cut as the kernel cuts it."""
    if name not in _GLOBS:
        import fnmatch
        import re

        plain = not any(letter in name for letter in (b"*", b"?", b"["))
        text = (name[:COMM_LENGTH] if plain else name).decode("latin-1")
        _GLOBS[name] = re.compile(fnmatch.translate(text).encode("latin-1"), re.DOTALL)
    return _GLOBS[name]


def _is_unit(process: Process, text: str) -> bool:
    return process.unit is not None and _glob_text(text, process.unit)


def _glob_text(text: str, name: bytes) -> bool:
    stem = name.rpartition(b".")[0]
    pattern = _glob_of(text)
    return bool(pattern.fullmatch(name) or pattern.fullmatch(stem))


def _glob_of(text: str) -> re.Pattern[bytes]:
    import fnmatch
    import re

    key = b"\0" + text.encode(errors="surrogateescape")
    if key not in _GLOBS:
        _GLOBS[key] = re.compile(fnmatch.translate(key[1:].decode("latin-1")).encode("latin-1"))
    return _GLOBS[key]


def _is_container(process: Process, text: str) -> bool:
    """The start of an id, as docker ps prints it, a name, or a pod's uid."""
    word = text.encode(errors="surrogateescape")
    return any(
        name is not None and name.startswith(word) for name in (process.container, process.pod)
    )


def _is_child_of(process: Process, text: str) -> bool:
    """A child, or any further descendant as far as the chain of parents is known."""
    pid = int(text)
    return process.ppid == pid or any(step.pid == pid for step in process.ancestors)


_VALUES: dict[str, Callable[[Process, str], bool]] = {
    "uid": lambda process, text: process.uid == int(text),
    "user": lambda process, text: process.user == text or str(process.uid) == text,
    "unit": _is_unit,
    "container": _is_container,
    "children-of": _is_child_of,
}


@frozen
class KernelFilter:
    """What the BPF program decides: sets of numbers, None where everything passes."""

    signals: frozenset[int]
    results: frozenset[int]
    senders: frozenset[int] | None = None
    targets: frozenset[int] | None = None
    not_targets: frozenset[int] = frozenset()
    either: frozenset[int] | None = None
    uids: frozenset[int] | None = None

    def admits(self, number: int, result: int, sender: End, target: End) -> bool:
        """The C function ``wanted`` of bpf/sigtrace.bpf.c; ``sender`` is current, sender or not."""
        return (
            number in self.signals
            and result in self.results
            and (self.senders is None or sender.pid in self.senders)
            and (self.targets is None or target.pid in self.targets)
            and target.pid not in self.not_targets
            and (self.either is None or not self.either.isdisjoint((sender.pid, target.pid)))
            and (self.uids is None or not self.uids.isdisjoint((sender.uid, target.uid)))
        )


@frozen
class End:
    """As much of an end as the kernel's filter looks at."""

    pid: int
    uid: int


def pushdown(filter_: Filter) -> KernelFilter:
    """The part that numbers alone decide. A sender's exclusion stays in Python: ``current`` may be a
    process that a timer interrupted, and no sender at all."""
    uids = [value for value in filter_.values if value.kind == "uid" and not value.excluded]
    return KernelFilter(
        signals=filter_.signals,
        results=frozenset(
            RESULT_OF[name] for name in filter_.outcomes or RESULT_OF if name in RESULT_OF
        ),
        senders=_only_pids(filter_.sender),
        targets=_only_pids(filter_.target),
        not_targets=frozenset(
            term.pid
            for term in filter_.target + filter_.either
            if term.excluded and term.pid is not None
        ),
        either=_only_pids(filter_.either),
        uids=frozenset(int(value.text) for value in uids) if uids else None,
    )


def _only_pids(terms: tuple[Term, ...]) -> frozenset[int] | None:
    """The pids wanted, if the wanted terms are nothing but pids."""
    wanted = [term.pid for term in terms if not term.excluded]
    if not wanted or None in wanted:
        return None
    return frozenset(pid for pid in wanted if pid is not None)


def parse_term(text: str, option: str) -> Term:
    """A pid, a comm or a glob of it, excluded with a ``!`` before it."""
    word = text.lstrip("!")
    if not word:
        raise Problem(f"{option} {text!r} names nobody", "it is empty", _ENDS)
    excluded = text.startswith("!")
    if _is_number(word):
        if not 0 < int(word) <= LAST_PID:
            raise Problem(f"{option} {text!r} is no pid", f"pids are 1 to {LAST_PID}", _ENDS)
        return Term(pid=int(word), excluded=excluded)
    name = word.encode(errors="surrogateescape")
    _glob(name)
    return Term(name=name, excluded=excluded)


_ENDS = "a pid (1350), a name (nginx), a pattern ('php-fpm*'), or '!name' for all but these"


def _is_number(word: str) -> bool:
    digits = word[1:] if word.startswith("-") else word
    return digits.isascii() and digits.isdigit() and len(digits) <= 20


def parse_value(kind: str, text: str) -> Value:
    """The text of ``--uid`` and its like, checked."""
    word = text.lstrip("!")
    bounds = _BOUNDS.get(kind)
    why = None if word else "it is empty"
    if word and bounds and not (_is_number(word) and int(word) in bounds):
        from tracer.model.text import shown

        why = f"{shown(word.encode())} is not a number from {bounds[0]} to {bounds[-1]}"
    if why:
        example = "1000" if bounds else "NAME"
        raise Problem(
            f"--{kind} {text!r} is not understood",
            why,
            f"--{kind} {example}, or '!{example}' for all but it",
        )
    if kind == "unit":
        _glob_of(word)
    return Value(kind, str(int(word)) if bounds else word, text.startswith("!"))


def parse_words(
    text: str, option: str, known: Iterable[str], aliases: dict[str, str]
) -> frozenset[str]:
    """A comma-separated choice of known words; ``-`` and ``_`` stand for a blank, ``!`` excludes."""
    names = {name: name for name in known}
    names.update(aliases)
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for part in text.split(","):
        word = part.strip().lower().lstrip("!").replace("-", " ").replace("_", " ")
        if word not in names:
            raise Problem(
                f"{option} {text!r} is not understood",
                f"{part.strip()!r} is none of its words",
                ", ".join(sorted(set(names.values()))),
            )
        (unwanted if part.strip().startswith("!") else wanted).add(names[word])
    return frozenset((wanted or set(names.values())) - unwanted)


def parse_outcomes(text: str) -> frozenset[str]:
    known = (*outcomes.OUTCOMES, *outcomes.ATTEMPTS)
    return parse_words(text, "--outcome", known, outcomes.ALIASES)


def parse_origins(text: str) -> frozenset[str]:
    return parse_words(text, "--origin", ORIGINS, {})
