"""Words about the ends of a signal: what a user types after --from, --to, --pid, --unit … and whom it fits."""

from __future__ import annotations

from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.memo import memo
from tracer.model.names import container_names, program_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from tracer.model.event import Process

COMM_LENGTH = 15  # TASK_COMM_LEN less its NUL
LAST_PID = 1 << 22  # PID_MAX_LIMIT, include/linux/threads.h
_LAST_UID = 0xFFFFFFFE  # (uid_t)-1 is no user: setresuid(2).
_GLOB_LETTERS = frozenset("*?[")
_ENDS = (
    "a pid (1350), a name (nginx), a script (crashy.py), a path, a pattern ('php-fpm*'), "
    "or '!name' for all but these; several with commas"
)


@frozen
class Term:
    """One word of ``--from``, ``--to`` or ``--pid``: a pid or a name, wanted or excluded."""

    pid: int | None = None
    name: bytes | None = None
    excluded: bool = False

    def fits(self, process: Process) -> bool:
        """Whether this end is the one meant: by pid, or by any name that its program goes by."""
        if self.pid is not None:
            return self.pid == (process.tid if process.pid is None else process.pid)
        return _is_named(
            (self.name or b"*", process.comm, process.thread_comm, process.argv, process.exe)
        )

    def words(self) -> str:
        return ("not " if self.excluded else "") + _text(self.pid, self.name)


@frozen
class Value:
    """One word of ``--uid``, ``--user``, ``--unit``, ``--container``, ``--children-of`` or ``--arg``."""

    kind: str
    text: str
    excluded: bool = False

    def fits(self, process: Process) -> bool:
        return _VALUES[self.kind](process, self.text)

    def words(self) -> str:
        return (
            f"{'not ' if self.excluded else ''}{_KIND_WORDS.get(self.kind, self.kind)} {self.text}"
        )


def _text(pid: int | None, name: bytes | None) -> str:
    return str(pid) if pid is not None else (name or b"").decode("utf-8", "backslashreplace")


@memo(8192)
def _is_named(
    known: tuple[bytes, bytes | None, bytes | None, tuple[bytes, ...] | None, bytes | None],
) -> bool:
    """Whether a name fits a comm, a thread's comm, an argv or an exe: each process is asked once."""
    name, comm, thread_comm, argv, exe = known
    whole = pattern_of(name)
    if any(whole.fullmatch(one) for one in program_names(comm, argv, exe)):
        return True
    # The kernel cuts comm: a plain name that is longer can only fit its beginning.
    of_comm = pattern_of(name[:COMM_LENGTH]) if is_plain(name) else whole
    return any(one is not None and of_comm.fullmatch(one) for one in (comm, thread_comm))


def is_plain(name: bytes) -> bool:
    """Whether a word is a name, no pattern."""
    return _GLOB_LETTERS.isdisjoint(name.decode("latin-1"))


@memo(1024)
def pattern_of(name: bytes) -> re.Pattern[bytes]:
    """The pattern of a shell's wildcards, as bytes."""
    import fnmatch
    import re

    text = fnmatch.translate(name.decode("latin-1"))
    return re.compile(text.encode("latin-1"), re.DOTALL)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _is_unit(process: Process, text: str) -> bool:
    unit = process.unit
    if unit is None:
        return False
    pattern = pattern_of(_bytes(text))
    return bool(pattern.fullmatch(unit) or pattern.fullmatch(unit.rpartition(b".")[0]))


def _is_container(process: Process, text: str) -> bool:
    """The start of an id, as docker ps prints it, or of a pod's uid; a name, or a part of one, or a pattern of them."""
    word = _bytes(text)
    ids = (process.container, process.pod)
    if any(id_ is not None and id_.startswith(word) for id_ in ids):
        return True
    names = container_names(process)
    return bool(names) and any(pattern_of(word).fullmatch(name) for name in names)


def _is_child_of(process: Process, text: str) -> bool:
    """A child, or any further descendant as far as the chain of parents is known."""
    if _is_number(text):
        pid = int(text)
        return process.ppid == pid or any(step.pid == pid for step in process.ancestors)
    name = _bytes(text)
    return any(
        _is_named((name, step.comm, None, step.argv, step.exe)) for step in process.ancestors
    )


def _has_argument(process: Process, text: str) -> bool:
    """A pattern over the whole command line; a plain word anywhere in it."""
    if process.argv is None:
        return False
    line, word = b" ".join(process.argv), _bytes(text)
    return word in line if is_plain(word) else pattern_of(word).fullmatch(line) is not None


_VALUES: dict[str, Callable[[Process, str], bool]] = {
    "uid": lambda process, text: process.uid == int(text),
    "user": lambda process, text: process.user == text or str(process.uid) == text,
    "unit": _is_unit,
    "container": _is_container,
    "children-of": _is_child_of,
    "arg": _has_argument,
}
_KIND_WORDS = {"children-of": "children of", "arg": "with the argument"}


def split(text: str) -> list[str]:
    """The words of a list: nginx,webapp."""
    return text.split(",")


def parse_terms(text: str, option: str, *, excluded: bool = False) -> tuple[Term, ...]:
    """Pids, names and patterns of them with commas between, each excluded by a ``!`` before it."""
    return tuple([_parse_term(word, option, excluded) for word in split(text)])


def _parse_term(text: str, option: str, excluded: bool) -> Term:
    text = text.strip()
    word = text.lstrip("!")
    if not word:
        raise Problem(f"{option} {text!r} names nobody", "it is empty", _ENDS)
    excluded = excluded or text.startswith("!")
    if _is_number(word):
        if not 0 < int(word) <= LAST_PID:
            raise Problem(f"{option} {text!r} is no pid", f"pids are 1 to {LAST_PID}", _ENDS)
        return Term(pid=int(word), excluded=excluded)
    pattern_of(_bytes(word))
    return Term(name=_bytes(word), excluded=excluded)


def _is_number(word: str) -> bool:
    digits = word[1:] if word.startswith("-") else word
    return digits.isascii() and digits.isdigit() and len(digits) <= 20


def parse_values(kind: str, text: str) -> tuple[Value, ...]:
    """The words of ``--uid`` and its like, checked. A name where a number may stand is a name."""
    words = [text] if kind == "arg" else split(text)
    return tuple([_parse_value(kind, word.strip()) for word in words])


_BOUNDS = {"uid": range(_LAST_UID + 1), "children-of": range(1, LAST_PID + 1)}


def _parse_value(kind: str, text: str) -> Value:
    word, excluded = text.lstrip("!"), text.startswith("!")
    bounds = _BOUNDS.get(kind)
    why = None if word else "it is empty"
    if word and bounds and _is_number(word) and int(word) not in bounds:
        from tracer.model.text import shown

        why = f"{shown(word.encode())} is not a number from {bounds[0]} to {bounds[-1]}"
    if why:
        example = "1000" if bounds else "NAME"
        raise Problem(
            f"--{kind} {text!r} is not understood",
            why,
            f"--{kind} {example}, or '!{example}' for all but it",
        )
    if bounds and _is_number(word):
        return Value(kind, str(int(word)), excluded)
    if kind == "uid":
        return Value("user", word, excluded)
    if kind in ("unit", "children-of"):
        pattern_of(_bytes(word))
    return Value(kind, word, excluded)
